/**
 * The questions about silent peers, and from whose MAC an answer came (inquiry.ts).
 */

import { type Issue, issue } from '../issue/issue.js';
import { BRIEF, Inquiries, type Question } from '../layer2/inquiry.js';
import type { Member } from '../membership/membership.js';
import { type AddressKey, addressOfKey, formatAddress } from '../net/address.js';
import { type Mac, macNumber } from '../net/mac.js';

/** Longer than a connection is tried for (membership/lifeline.ts). */
const UNSURE_MS = 100;

export interface QuestionsOptions {
  /** Puts it on the wire. */
  readonly ask: (question: Question) => void;
  /** A verdict is another than it was. */
  readonly onVerdict: () => void;
  /** A peer that is not heard answers; for every frame that says so. */
  readonly onAnswer: (peer: string) => void;
  /** A peer whose connection ended, this long ago, does not answer on the wire either. */
  readonly onCrash: (peer: string, sinceMs: number) => void;
  readonly report: (issues: readonly Issue[]) => void;
}

interface End {
  readonly sinceMs: number;
  readonly beginAt: number;
}

export class Questions {
  readonly #options: QuestionsOptions;
  readonly #inquiries = new Inquiries();
  /** What is asked for at present, by the peers that should answer. */
  readonly #asked = new Map<string, readonly AddressKey[]>();
  #keys: ReadonlySet<AddressKey> = new Set();
  #members: readonly Member[] = [];
  /** Peers whose connection ended, and when: that is not believed before the wire was asked. */
  readonly #ended = new Map<string, number>();
  /** Peers whose connection ended, and until when it may turn out that another is refused. */
  readonly #unsure = new Map<string, number>();
  /** Peers of whom it was told that they answer although they are not heard. */
  readonly #told = new Map<string, AddressKey>();
  /** How often a peer was found to answer, whose addresses this node or another would have taken. */
  refused = 0;

  constructor(options: QuestionsOptions) {
    this.#options = options;
  }

  /** Addresses whose claims by anybody are to be told of. */
  get keys(): ReadonlySet<AddressKey> {
    return this.#keys;
  }

  /** When to call `tick`, in milliseconds of the injected clock. */
  get wakeAt(): number {
    return Math.min(this.#inquiries.wakeAt, ...this.#unsure.values());
  }

  /** Whether a peer, heard or not, has to be taken for alive: he answers, or has not had the time to. */
  holds(peer: string): boolean {
    const verdict = this.#inquiries.verdictOn(peer);
    return verdict === 'asking' || verdict === 'answered';
  }

  /** Its beats falter. */
  begin(peer: string, questions: readonly Question[], now: number): void {
    if (this.#unsure.has(peer)) this.end(peer);
    if (this.#inquiries.verdictOn(peer) !== undefined) return;
    this.#inquiries.begin(peer, questions, now);
    this.#ask(peer, questions);
    this.tick(now);
  }

  /**
   * Its connection ended. Whether another is refused is not known yet; the wire is asked meanwhile, so that it knows by then. What it
   * says is forgotten if none is refused.
   */
  beginUnsurely(peer: string, questions: readonly Question[], now: number): void {
    if (this.#inquiries.verdictOn(peer) !== undefined) return;
    this.#unsure.set(peer, now + UNSURE_MS);
    this.#beginBriefly(peer, questions, now);
    this.tick(now);
  }

  /** Its connection ended `sinceMs` ago, and another was refused. The questions begin at `beginAt`, unless they have. */
  beginBriefly(peer: string, questions: readonly Question[], { sinceMs, beginAt }: End, now: number): void {
    this.#unsure.delete(peer);
    if (this.#inquiries.verdictOn(peer) === undefined) this.#beginBriefly(peer, questions, beginAt);
    this.#ended.set(peer, now - sinceMs);
    if (this.#inquiries.verdictOn(peer) === 'silent') this.#believeEnd(peer, now);
    else this.tick(now);
  }

  /** Owners may be others: who is held is asked for what he owns now, if that is anything. */
  review(questionsTo: (peer: string) => readonly Question[]): void {
    for (const peer of [...this.#asked.keys()]) {
      const questions = this.holds(peer) ? questionsTo(peer) : [];
      if (questions.length === 0) continue;
      this.#inquiries.askInstead(peer, questions);
      this.#ask(peer, questions);
    }
  }

  /** The peer is heard again. */
  end(peer: string): void {
    this.#inquiries.end(peer);
    this.#unsure.delete(peer);
    this.#told.delete(peer);
    this.#ended.delete(peer);
    this.#ask(peer, []);
  }

  setMembers(members: readonly Member[]): void {
    const before = this.#members;
    this.#members = members;
    for (const { name } of before) {
      const member = members.find((one) => one.name === name);
      if (member === undefined || member.state === 'left') this.end(name);
    }
    this.#tell();
  }

  /** Somebody with this MAC says that he holds an address. */
  claim(key: AddressKey, mac: Mac, now: number): void {
    if (!this.#keys.has(key)) return;
    const number = macNumber(mac);
    const bearers = this.#members.filter(({ macs, state }) => state !== 'left' && macs.some((one) => macNumber(one) === number));
    // A host that goes by another name now is not still there under the name it had.
    const member = bearers.find(({ state }) => state === 'alive') ?? bearers[0];
    if (member === undefined) return;
    const isAsked = this.#asked.has(member.name);
    // One that is heard needs no advocate; one that is not, or falters, and answers for what another owned, does.
    if (!isAsked && member.state === 'alive' && this.#inquiries.verdictOn(member.name) === undefined) return;
    const isNews = this.#inquiries.answer(member.name, { key, on: 'all' }, now);
    if (!isAsked) this.#ask(member.name, [{ key, on: 'all' }]);
    if (member.state === 'silent') this.#options.onAnswer(member.name);
    // Somebody reset the connection; his beats come.
    const isDoubted = this.#ended.has(member.name) || this.#unsure.has(member.name);
    if (member.state === 'alive' && isDoubted) this.end(member.name);
    if (!isNews) return;
    this.#tell();
    this.#options.onVerdict();
  }

  /** Sends the questions that are due. */
  tick(now: number): void {
    for (const [peer, until] of this.#unsure) if (until <= now) this.#endUnsure(peer);
    if (this.#inquiries.wakeAt > now) return;
    const { due, decided } = this.#inquiries.step(now);
    for (const question of due) this.#options.ask(question);
    if (decided.length === 0) return;
    for (const peer of decided) this.#believeEnd(peer, now);
    this.#options.onVerdict();
  }

  /** No connection was refused. One who is not heard is still held if he answers. */
  #endUnsure(peer: string): void {
    this.#unsure.delete(peer);
    if (this.#members.some(({ name, state }) => name === peer && state === 'alive')) this.end(peer);
  }

  #beginBriefly(peer: string, questions: readonly Question[], at: number): void {
    this.#inquiries.begin(peer, questions, at, BRIEF);
    this.#ask(peer, questions);
  }

  #believeEnd(peer: string, now: number): void {
    const endedAt = this.#ended.get(peer);
    if (endedAt === undefined) return;
    this.#ended.delete(peer);
    this.#options.onCrash(peer, now - endedAt);
  }

  #ask(peer: string, questions: readonly Question[]): void {
    const keys = questions.map(({ key }) => key);
    if (keys.length === 0) this.#asked.delete(peer);
    else this.#asked.set(peer, keys);
    this.#keys = new Set([...this.#asked.values()].flat());
  }

  /** Each silence that the wire contradicts is told of once. */
  #tell(): void {
    for (const { name, state } of this.#members) {
      const [key] = this.#asked.get(name) ?? [];
      if (state !== 'silent' || key === undefined || this.#told.has(name)) continue;
      if (this.#inquiries.verdictOn(name) !== 'answered') continue;
      this.#told.set(name, key);
      this.refused++;
      this.#options.report([gossipBlocked(name, key)]);
    }
  }
}

function gossipBlocked(name: string, key: AddressKey): Issue {
  const address = formatAddress(addressOfKey(key));
  const message = `${name} is not heard any more, and answers for ${address} on the wire: it stays the owner of its addresses. Does a firewall drop heartbeats (UDP port 7946)?`;
  return issue('GOSSIP_BLOCKED', name, message);
}
