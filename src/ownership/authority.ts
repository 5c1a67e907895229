/**
 * Decides what this node answers for: who lives, as heartbeats and the wire tell together, put before the rules of ownership. The
 * wire thread and the simulator run this one; what it decides comes out as effects.
 */
import type { Issue } from '../issue/issue.js';
import type { Ballot, On } from '../layer2/ballot.js';
import type { Claims } from '../layer2/claims.js';
import { type Question, questionsTo } from '../layer2/inquiry.js';
import { isOtherLife, type Member, type Membership } from '../membership/membership.js';
import type { AddressKey } from '../net/address.js';
import { type Mac, macNumber } from '../net/mac.js';
import type { OwnershipEffect } from './effects.js';
import { Ownership, type OwnershipOptions } from './ownership.js';
import type { Standing } from './preference.js';
import { Questions } from './questions.js';
import type { Word } from './word.js';

export type AuthorityEffect =
  | OwnershipEffect
  /** Asks on the wire who answers for it. */
  | { readonly kind: 'question'; readonly question: Question }
  /** A silent peer answers on the wire. */
  | { readonly kind: 'answered'; readonly peer: string }
  /** The process of a peer has ended, as its connection and the wire tell together. */
  | { readonly kind: 'crashed'; readonly peer: string; readonly sinceMs: number }
  | { readonly kind: 'issue'; readonly issue: Issue };

/** How long a starting node waits for a table that knows the members that were heard. */
const TABLE_MS = 2000;

/** A node comes into a cluster: how it found the others. */
export interface Arrival {
  readonly isDoubtful: boolean;
  readonly isReturn: boolean;
}

/** Who is not next in line for anything of a peer's has time to ask: whoever is will have claimed it by then. */
const OTHERS_MS = 20;

export class Authority {
  readonly #options: OwnershipOptions;
  readonly #ownership: Ownership;
  readonly #questions: Questions;
  #ballot: Ballot | undefined;
  #membership: Membership;
  /** Members that the table takes into account. */
  #known: ReadonlySet<string> = new Set();
  #arrival: (Arrival & { readonly until: number }) | undefined;
  #effects: AuthorityEffect[] = [];
  /** A verdict on a peer changed, and the owners may with it. */
  #isUnsettled = false;

  constructor(options: OwnershipOptions) {
    this.#options = options;
    this.#ownership = new Ownership(options);
    this.#membership = { self: options.self, settled: false, ready: false, members: [] };
    this.#questions = new Questions({
      ask: (question) => this.#effects.push({ kind: 'question', question }),
      onVerdict: () => {
        this.#isUnsettled = true;
      },
      onAnswer: (peer) => this.#effects.push({ kind: 'answered', peer }),
      onCrash: (peer, sinceMs) => this.#effects.push({ kind: 'crashed', peer, sinceMs }),
      report: (issues) => this.#effects.push(...issues.map((issue) => ({ kind: 'issue', issue }) as const)),
    });
  }

  /** What this node answers for. It changes in place. */
  get claims(): Claims {
    return this.#ownership.claims;
  }

  get unanswerable(): ReadonlySet<AddressKey> {
    return this.#ownership.unanswerable;
  }

  /** Where the address is announced, as the table tells; undefined: it is in none. */
  onOf(key: AddressKey): On | undefined {
    return this.#ownership.onOf(key);
  }

  /** Where this node answers for the address, or would if nobody else did. */
  concernOf(key: AddressKey): On | undefined {
    return this.#ownership.concernOf(key);
  }

  get isReturning(): boolean {
    return this.#ownership.isReturning;
  }

  /** How often a peer was found to answer, whose addresses this node or another would have taken. */
  get takeoversRefused(): number {
    return this.#questions.refused;
  }

  /** Whether claims of the address by anybody are to be told, although this node does not own it. */
  isListening(key: AddressKey): boolean {
    return this.#questions.keys.has(key) || this.#ownership.isListening(key);
  }

  /** Whether a leaving node has nothing to wait for any more. */
  isGone(now: number): boolean {
    return this.#ownership.isGone(now);
  }

  /** When to call `tick`, in milliseconds of the injected clock. */
  get wakeAt(): number {
    // Without a table there is nothing to do when the wait for one that knows the members is over.
    const until = this.#ballot === undefined ? undefined : this.#arrival?.until;
    return Math.min(this.#ownership.wakeAt, this.#questions.wakeAt, until ?? Number.POSITIVE_INFINITY);
  }

  /** Another table; `known` are the members that it takes into account, `stale` tells that the view knows itself to be old. */
  setTable(ballot: Ballot, known: readonly string[], stale: boolean, now: number): readonly AuthorityEffect[] {
    this.#ballot = ballot;
    this.#known = new Set(known);
    this.#take(this.#ownership.setTable(ballot, stale, now));
    this.#arrive(now);
    return this.#finish(now);
  }

  setMembership(membership: Membership, now: number): readonly AuthorityEffect[] {
    const before = new Map(this.#membership.members.map((member) => [member.name, member]));
    this.#membership = membership;
    this.#questions.setMembers(membership.members);
    for (const member of membership.members) {
      if (isOtherLife(before.get(member.name), member)) this.#take(this.#ownership.restarted(member.name, now));
    }
    this.#restand(now);
    this.#arrive(now);
    return this.#finish(now);
  }

  /** The wait for the first beats of others is over. */
  settled(arrival: Arrival, now: number): readonly AuthorityEffect[] {
    this.#arrival = { ...arrival, until: now + TABLE_MS };
    this.#arrive(now);
    return this.#finish(now);
  }

  /** Every listed peer was heard. */
  endDoubt(now: number): readonly AuthorityEffect[] {
    if (this.#arrival !== undefined) this.#arrival = { ...this.#arrival, isDoubtful: false };
    this.#take(this.#ownership.endDoubt(now));
    return this.#finish(now);
  }

  /** The peer's beats falter: it may be dead, or only unheard. The wire knows by the time at which its silence is sure. */
  faltering(peer: string, now: number): readonly AuthorityEffect[] {
    this.#questions.begin(peer, this.#questionsTo(peer), now);
    return this.#finish(now);
  }

  /** It is heard again. */
  steady(peer: string, now: number): readonly AuthorityEffect[] {
    this.#questions.end(peer);
    return this.#finish(now);
  }

  /** Its connection ended: that may be its process, or something between. */
  connectionClosed(peer: string, now: number): readonly AuthorityEffect[] {
    if (this.#ownership.isNextAfter(peer)) this.#questions.beginUnsurely(peer, this.#questionsTo(peer), now);
    return this.#finish(now);
  }

  /** Its connection ended `sinceMs` ago, and another was refused. */
  connectionEnded(peer: string, sinceMs: number, now: number): readonly AuthorityEffect[] {
    const beginAt = this.#ownership.isNextAfter(peer) ? now : now + OTHERS_MS;
    this.#questions.beginBriefly(peer, this.#questionsTo(peer), { sinceMs, beginAt }, now);
    return this.#finish(now);
  }

  hearWord(word: Word, now: number): readonly AuthorityEffect[] {
    this.#take(this.#ownership.hearWord(word, now));
    return this.#finish(now);
  }

  /** Somebody with this MAC answers for the address, or says that he does, where this node's MAC is `own`. */
  hearClaim(key: AddressKey, mac: Mac, own: Mac, now: number): readonly AuthorityEffect[] {
    this.#questions.claim(key, mac, now);
    const isLower = macNumber(mac) < macNumber(own);
    this.#take(this.#ownership.hearClaim(key, { node: this.#bearerOf(mac), isLower }, now));
    return this.#finish(now);
  }

  /** A host that is no member claims an address of this node. */
  strangerClaims(key: AddressKey, now: number): readonly AuthorityEffect[] {
    this.#take(this.#ownership.strangerClaims(key, now));
    return this.#finish(now);
  }

  /** Interfaces can be answered on that could not be, or cannot any more. */
  review(now: number): readonly AuthorityEffect[] {
    this.#take(this.#ownership.review(now));
    return this.#finish(now);
  }

  /** This node stood still for longer than others wait. */
  stalled(now: number): readonly AuthorityEffect[] {
    this.#take(this.#ownership.stalled(now));
    return this.#finish(now);
  }

  leave(now: number): readonly AuthorityEffect[] {
    this.#take(this.#ownership.leave(now));
    return this.#finish(now);
  }

  tick(now: number): readonly AuthorityEffect[] {
    this.#arrive(now);
    this.#questions.tick(now);
    if (this.#ownership.wakeAt <= now) this.#take(this.#ownership.tick(now));
    return this.#finish(now);
  }

  /** Claims nothing before the table knows whom this node heard: it would be first in a ranking of one. */
  #arrive(now: number): void {
    const arrival = this.#arrival;
    if (arrival === undefined) return;
    const isKnown = this.#membership.members.every(({ name, state }) => state !== 'alive' || this.#known.has(name));
    if (now < arrival.until && (this.#ballot === undefined || !isKnown)) return;
    if (this.#ballot === undefined) return;
    this.#arrival = undefined;
    this.#take(this.#ownership.started(arrival, now));
  }

  #restand(now: number): void {
    const { self, ready, members } = this.#membership;
    const own: Standing = { live: ready, reachable: true, returning: false, stale: false, stock: false };
    const others = members.map((member) => [member.name, this.#standingOf(member)] as const);
    this.#take(this.#ownership.setStandings(new Map([[self, own], ...others]), now));
    this.#questions.review((peer) => this.#questionsTo(peer));
  }

  #standingOf({ name, state, ready, returning, stale, speaks }: Member): Standing {
    const isHeld = state === 'silent' && this.#questions.holds(name);
    return {
      live: ready && (state === 'alive' || isHeld),
      reachable: state !== 'silent',
      returning,
      stale,
      stock: speaks === 'memberlist',
    };
  }

  #questionsTo(peer: string): readonly Question[] {
    const canAsk = (key: AddressKey, on: On): boolean => this.#options.canAnswer(key, on);
    return this.#ballot === undefined ? [] : questionsTo(peer, this.#ballot, this.#ownership.holders, canAsk);
  }

  /** A host that goes by another name now is not still there under the name it had. */
  #bearerOf(mac: Mac): string | undefined {
    const number = macNumber(mac);
    const bearers = this.#membership.members.filter(({ macs }) => macs.some((one) => macNumber(one) === number));
    return (bearers.find(({ state }) => state === 'alive') ?? bearers[0])?.name;
  }

  #take(effects: readonly OwnershipEffect[]): void {
    this.#effects.push(...effects);
  }

  #finish(now: number): readonly AuthorityEffect[] {
    if (this.#isUnsettled) {
      this.#isUnsettled = false;
      this.#restand(now);
    }
    // Who is told that a peer crashed decides again, and what follows may be the reverse of what was decided before: that comes first.
    const isCrash = ({ kind }: AuthorityEffect): boolean => kind === 'crashed';
    const effects = [...this.#effects.filter((effect) => !isCrash(effect)), ...this.#effects.filter(isCrash)];
    this.#effects = [];
    return effects;
  }
}
