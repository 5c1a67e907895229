/**
 * What this node does about an address when it looks at what should be: whether it owns the address and goes on answering, should own it
 * and has to come by it, or leaves it to others.
 */
import type { On } from '../layer2/ballot.js';
import type { AddressKey } from '../net/address.js';
import type { Contests } from './contests.js';
import type { Declines } from './declines.js';
import type { Doubts } from './doubts.js';
import type { Election } from './election.js';
import type { Handovers } from './handovers.js';
import type { Holders } from './holders.js';
import type { Life } from './life.js';
import type { Orphans } from './orphans.js';
import type { OwnClaims } from './ownclaims.js';
import type { Yielded } from './yielded.js';

export interface ReviewOptions {
  readonly life: Life;
  readonly election: Election;
  readonly claims: OwnClaims;
  readonly holders: Holders;
  readonly handovers: Handovers;
  readonly contests: Contests;
  readonly yielded: Yielded;
  readonly declines: Declines;
  readonly doubts: Doubts;
  readonly orphans: Orphans;
  /** Whether this node has an interface among `on` that can answer for the address at present. */
  readonly canAnswer: (key: AddressKey, on: On) => boolean;
}

export class Review {
  readonly #options: ReviewOptions;

  constructor(options: ReviewOptions) {
    this.#options = options;
  }

  /** Something changed that may concern every address. */
  all(now: number): void {
    const { election, claims, doubts, declines } = this.#options;
    election.regrade();
    for (const key of [...claims.all.keys()]) if (!election.entries.has(key)) claims.release(key, undefined);
    for (const i of election.ballot.keys.keys()) this.#entry(i, now);
    for (const key of doubts.keys()) {
      const i = election.entries.get(key);
      if (i === undefined || !election.isMine(i)) doubts.end(key);
    }
    declines.tell();
  }

  /** Something changed that concerns this address. */
  one(key: AddressKey, now: number): void {
    const i = this.#options.election.entries.get(key);
    if (i !== undefined) this.#entry(i, now);
  }

  #entry(i: number, now: number): void {
    const { election, claims } = this.#options;
    const [key, on] = [election.ballot.keys[i], election.ballot.on[i]];
    if (key === undefined || on === undefined) return;
    const best = election.best(i);
    if (claims.has(key)) this.#owned(i, key, on, best, now);
    else if (election.isSelf(best)) this.#wanted(i, key, on, now);
    else this.#others(i, key, best, now);
  }

  #owned(i: number, key: AddressKey, on: On, best: number, now: number): void {
    const { election, claims, declines, handovers, contests, life } = this.#options;
    declines.end(key);
    const [isRanked, isMine] = [election.isRanked(i), election.isSelf(best)];
    const next = election.nameOf(isMine ? election.bestButSelf(i) : best);
    if (!this.#options.canAnswer(key, isRanked ? on : (claims.all.get(key) ?? on))) {
      if (isMine) declines.begin(key);
      claims.release(key, next);
    } else if (handovers.isHanded(key)) {
      // The other has it already, or takes it.
      return;
    } else if (isMine) {
      handovers.keep(key);
      if (!sameOn(claims.all.get(key), on)) claims.claim(i, key, election.self);
    } else if (!this.#mayStay(i, isRanked, next)) {
      claims.release(key, next);
    } else if (next !== undefined && election.standingOf(next).stock) {
      handovers.handToStock(key, next, now);
    } else if (next !== undefined && life.isLeaving) {
      if (!handovers.isGivenTo(key, next)) handovers.give(key, next);
    } else if (next !== undefined && contests.isWith(key, next)) {
      // Perhaps it answers already, and was only contradicted because this node did not know better: then it says so.
      contests.over(key);
      handovers.give(key, next);
    } else if (next !== undefined && handovers.isWantedBy(key, next)) {
      // It answers until the other is heard; who asked before this node agreed, hears that it agrees.
      handovers.give(key, next);
    }
  }

  /** Whether an owner that should own it no more goes on answering until the next is heard. */
  #mayStay(i: number, isRanked: boolean, next: string | undefined): boolean {
    const { election, life } = this.#options;
    return (isRanked || election.ballot.stays[i] === 1) && (next !== undefined || life.isLeaving);
  }

  #wanted(i: number, key: AddressKey, on: On, now: number): void {
    const { life, election, claims, holders, handovers, declines, doubts } = this.#options;
    if (!this.#options.canAnswer(key, on)) {
      declines.begin(key);
      handovers.askNoMore(key);
      this.#presume(i, key, election.bestButSelf(i), now);
      return;
    }
    declines.end(key);
    if (this.#isWaiting(key)) return;
    const known = holders.get(key);
    const holder = known ?? this.#standIn(i, now);
    if (known === undefined && life.isDoubtful) doubts.begin(key, now);
    else if (holder !== undefined && this.#canGive(holder, key)) handovers.ask(key, holder, now);
    else claims.claim(i, key, holder);
  }

  /** Whether there is a reason not to claim what should be this node's, for now. */
  #isWaiting(key: AddressKey): boolean {
    const { life, doubts, yielded, election } = this.#options;
    if (!life.isStarted || doubts.has(key) || life.isLeaving) return true;
    const other = yielded.to(key);
    return other !== undefined && election.standingOf(other).live;
  }

  /** Whether it may own the address and can be asked for it. */
  #canGive(holder: string, key: AddressKey): boolean {
    const { election } = this.#options;
    const { reachable, stock } = election.standingOf(holder);
    return holder !== election.self && election.mayOwn(holder, key) && reachable && !stock;
  }

  /** Whoever would own it without this node has perhaps stood in for it, when it has just started. */
  #standIn(i: number, now: number): string | undefined {
    const { life, election } = this.#options;
    if (!life.isYoung(now)) return undefined;
    const next = election.nameOf(election.bestButSelf(i));
    return next !== undefined && election.standingOf(next).reachable ? next : undefined;
  }

  #others(i: number, key: AddressKey, best: number, now: number): void {
    const { election, claims, handovers, declines } = this.#options;
    declines.end(key);
    handovers.askNoMore(key);
    const offerer = handovers.offererOf(key, now);
    if (offerer !== undefined && election.mayAdopt(i, key)) claims.claim(i, key, offerer, 'handover');
    else this.#presume(i, key, best, now);
  }

  #presume(i: number, key: AddressKey, best: number, now: number): void {
    const { election, holders, orphans } = this.#options;
    const isOrphan = holders.presume(key, election.nameOf(best));
    if (isOrphan) orphans.begin(i, key, now);
  }
}

function sameOn(a: On | undefined, b: On): boolean {
  if (a === b) return true;
  if (a === undefined || a === 'all' || b === 'all') return false;
  return a.size === b.size && [...a].every((name) => b.has(name));
}
