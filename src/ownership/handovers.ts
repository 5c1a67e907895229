/**
 * Planned moves between two nodes: who should own an address asks its owner for it (`take`), who agrees (`give`) and goes on answering
 * until he hears that the other answers. Who does not own what he is asked for says so (`free`), and if another does (`held`). A
 * leaving node gives unasked.
 */
import type { AddressKey } from '../net/address.js';
import type { Effects } from './effects.js';
import type { Election } from './election.js';
import type { Holders } from './holders.js';
import type { Outbox } from './outbox.js';
import type { OwnClaims } from './ownclaims.js';

/** How long an owner may take to agree; then its views are taken to be older. */
const AGREE_MS = 500;
/**
 * How long an owner goes on answering after it heard that the other answers: what a client asked before the other answered may not
 * have been read yet, when the other's word has.
 */
const HAND_MS = 2;
/** How long a stock speaker has to announce what is its own now. It is heard to do so, as somebody unknown, or not. */
const STOCK_MS = 3000;
/** How long after an offer its sender may turn out to leave. */
const OFFER_MS = 1000;

export interface HandoversOptions {
  readonly election: Election;
  readonly claims: OwnClaims;
  readonly holders: Holders;
  readonly outbox: Outbox;
  readonly effects: Effects;
}

interface Request {
  readonly of: string;
  readonly since: number;
  readonly until: number;
}

export class Handovers {
  readonly #options: HandoversOptions;
  /** Asked of their owners. */
  readonly #requests = new Map<AddressKey, Request>();
  /** Asked of this node, which did not agree yet. */
  readonly #wanted = new Map<AddressKey, string>();
  /** Given to this node, which did not ask: whoever gives may leave, and be heard to only later. */
  readonly #offers = new Map<AddressKey, { readonly by: string; readonly until: number }>();
  /** Given: whoever claims them now is right. */
  readonly #given = new Map<AddressKey, string>();
  /** Handed over: the other is heard, or will not say that he has it, and this node is about to be silent. */
  readonly #handed = new Map<AddressKey, { readonly to: string; readonly at: number }>();

  constructor(options: HandoversOptions) {
    this.#options = options;
  }

  /** When a request was not answered, or something was handed over. */
  get wakeAt(): number {
    let at = Number.POSITIVE_INFINITY;
    for (const { until } of this.#requests.values()) at = Math.min(at, until);
    for (const one of this.#handed.values()) at = Math.min(at, one.at);
    return at;
  }

  /** Asks its owner for it, once. */
  ask(key: AddressKey, of: string, now: number): void {
    if (this.#requests.get(key)?.of === of) return;
    this.#requests.set(key, { of, since: now, until: now + AGREE_MS });
    this.#options.outbox.say(of, 'take', key);
  }

  /** It should not be this node's any more, or cannot be. */
  askNoMore(key: AddressKey): void {
    this.#requests.delete(key);
  }

  /** Claims what was asked for in vain. */
  tick(now: number): void {
    const { election, claims } = this.#options;
    for (const [key, { until, of }] of this.#requests) {
      if (until > now) continue;
      const i = election.entries.get(key);
      this.#requests.delete(key);
      if (i !== undefined && election.isMine(i)) claims.claim(i, key, of, 'no-answer', AGREE_MS);
    }
  }

  /** Its owner agrees, or leaves and knows of nobody better. */
  hearGive(key: AddressKey, from: string, now: number): void {
    const { election, claims } = this.#options;
    const i = election.entries.get(key);
    if (i === undefined) return;
    const request = this.#requests.get(key);
    const isAsked = request?.of === from;
    if (isAsked) this.#requests.delete(key);
    if (claims.has(key)) this.#options.outbox.say(from, 'claim', key);
    else if (isAsked && election.isMine(i)) claims.claim(i, key, from, 'handover', now - request.since);
    else if (election.isLeft(from) && election.mayAdopt(i, key)) claims.claim(i, key, from, 'handover');
    else this.#offers.set(key, { by: from, until: now + OFFER_MS });
  }

  /** Who was asked for it does not own it. */
  hearFree(key: AddressKey, from: string): void {
    const { election, claims, holders } = this.#options;
    const i = election.entries.get(key);
    if (this.#requests.get(key)?.of !== from || i === undefined) return;
    this.#requests.delete(key);
    if (!election.isMine(i)) return;
    claims.claim(i, key, holders.gone(key));
    claims.tellAll(i, key);
  }

  /** Whether this is an answer: who was asked for it knows of another who owns it, so that it is not known who does. */
  hearHeld(key: AddressKey, from: string): boolean {
    if (this.#requests.get(key)?.of !== from) return false;
    this.#requests.delete(key);
    this.#options.holders.set(key, undefined);
    return true;
  }

  /** It gives what it does not own, what it agrees about, and anything when its view is old. */
  hearTake(key: AddressKey, by: string): void {
    const { election, claims } = this.#options;
    const i = election.entries.get(key);
    const mayHave = i === undefined || !claims.has(key) || election.isStale || election.nameOf(election.best(i)) === by;
    if (!mayHave) this.#wanted.set(key, by);
    else this.give(key, by);
  }

  give(key: AddressKey, to: string): void {
    const { claims, holders, outbox } = this.#options;
    this.#wanted.delete(key);
    const isOwned = claims.has(key);
    if (isOwned) this.#given.set(key, to);
    outbox.say(to, isOwned ? 'give' : holders.isHeldBeside(key, to) ? 'held' : 'free', key);
  }

  isGivenTo(key: AddressKey, node: string): boolean {
    return this.#given.get(key) === node;
  }

  /** Whether the node asked for it and was not answered. */
  isWantedBy(key: AddressKey, node: string): boolean {
    return this.#wanted.get(key) === node;
  }

  /** It should be this node's after all. */
  keep(key: AddressKey): void {
    this.#given.delete(key);
    this.#wanted.delete(key);
  }

  /** The other is heard: this node answers a little longer. */
  handOver(key: AddressKey, to: string, now: number): void {
    this.#hand(key, to, now + HAND_MS);
  }

  /** A stock speaker elects as well, and neither asks nor says that it claims. */
  handToStock(key: AddressKey, to: string, now: number): void {
    this.#hand(key, to, now + STOCK_MS);
  }

  #hand(key: AddressKey, to: string, at: number): void {
    this.#options.outbox.unsay('claim', key);
    this.#handed.set(key, { to, at });
    this.#options.effects.add({ kind: 'hush', keys: [key] });
  }

  isHanded(key: AddressKey): boolean {
    return this.#handed.has(key);
  }

  /** Somebody unknown claims it: to whom it was handed has it. */
  hearUnknown(key: AddressKey, now: number): void {
    const handed = this.#handed.get(key);
    if (handed !== undefined) this.#handed.set(key, { ...handed, at: Math.min(handed.at, now + HAND_MS) });
  }

  /** What was handed over and is to be released now, and to whom. */
  *due(now: number): Iterable<readonly [key: AddressKey, to: string]> {
    for (const [key, { to, at }] of this.#handed) if (at <= now) yield [key, to];
  }

  /** Who leaves and offered it a moment ago. */
  offererOf(key: AddressKey, now: number): string | undefined {
    const offer = this.#offers.get(key);
    return offer !== undefined && now < offer.until && this.#options.election.isLeft(offer.by) ? offer.by : undefined;
  }

  /** Another claimed it: what was offered is not to be had any more. */
  offeredNoMore(key: AddressKey): void {
    this.#offers.delete(key);
  }

  claimed(key: AddressKey): void {
    this.#handed.delete(key);
    this.#requests.delete(key);
    this.#offers.delete(key);
  }

  released(key: AddressKey): void {
    this.#handed.delete(key);
    this.#given.delete(key);
    this.#wanted.delete(key);
  }

  /** The address is in no table any more. */
  forget(key: AddressKey): void {
    this.#requests.delete(key);
    this.#wanted.delete(key);
    this.#offers.delete(key);
  }
}
