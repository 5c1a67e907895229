/**
 * What an owner makes of it when another node answers for what it owns, whatever it believes about that node's life: a newer view beats
 * an old one, else the higher rank wins and claims again, and the other releases. Where both believe that they are right, the plain
 * order decides after a few turns (contests.ts).
 */
import type { AddressKey } from '../net/address.js';
import { type Contests, MOST_CLAIMS, winnerOf } from './contests.js';
import type { Doubts } from './doubts.js';
import type { Effects } from './effects.js';
import type { Election } from './election.js';
import type { Handovers } from './handovers.js';
import type { Outbox } from './outbox.js';
import type { OwnClaims } from './ownclaims.js';
import type { Yielded } from './yielded.js';

export interface CompetingClaimsOptions {
  readonly election: Election;
  readonly claims: OwnClaims;
  readonly handovers: Handovers;
  readonly contests: Contests;
  readonly yielded: Yielded;
  readonly doubts: Doubts;
  readonly outbox: Outbox;
  readonly effects: Effects;
}

/**
 * `handover`: it was given, or should be the other's. `claimed`: it is not this node's either, or the other is better. `contest`: claims
 * again. `believe`: the other would be better, if it lived. `yield`: the other knows better.
 */
type Turn = 'handover' | 'claimed' | 'contest' | 'believe' | 'yield';

export class CompetingClaims {
  readonly #options: CompetingClaimsOptions;

  constructor(options: CompetingClaimsOptions) {
    this.#options = options;
  }

  /** A member answers for what this node owns. */
  hear(i: number, key: AddressKey, by: string, now: number): void {
    const { claims, handovers } = this.#options;
    if (handovers.isHanded(key)) return;
    const turn = this.#turnOn(i, key, by);
    if (turn === 'handover') handovers.handOver(key, by, now);
    else if (turn === 'contest') this.#contest(key, by, now);
    else if (turn === 'believe') this.#believe(key, by, now);
    else if (turn === 'yield') this.#yield(key, by, now);
    else claims.release(key, by, turn);
  }

  #turnOn(i: number, key: AddressKey, by: string): Turn {
    const { election, handovers } = this.#options;
    if (handovers.isGivenTo(key, by)) return 'handover';
    const best = election.nameOf(election.best(i));
    if (best !== election.self) return best === by ? 'handover' : 'claimed';
    const { live, reachable, stale } = election.standingOf(by);
    // One that is heard, and leaves or is not ready, says so itself; this frame is older.
    if (!live && reachable) return 'contest';
    if (election.isBeforeSelf(i, by)) return live ? 'claimed' : 'believe';
    return election.isStale && !stale ? 'yield' : 'contest';
  }

  #contest(key: AddressKey, by: string, now: number): void {
    const { election, contests, effects, outbox } = this.#options;
    const claims = contests.claimed(key, by, now);
    if (claims === 0) return;
    const isSplit = claims >= MOST_CLAIMS && election.standingOf(by).live;
    const winner = isSplit ? winnerOf(key, election.self, by) : election.self;
    if (isSplit) effects.add({ kind: 'split-view', key, with: by, winner });
    if (isSplit) contests.over(key);
    if (winner !== by) {
      effects.add({ kind: 'reclaim', keys: [key] });
      outbox.say(by, 'claim', key);
    } else {
      this.#yield(key, by, now);
    }
  }

  /**
   * One that should own the address and is believed dead claims it. That may have been on its way when it died, and is contradicted;
   * if it claims again, it lives.
   */
  #believe(key: AddressKey, by: string, now: number): void {
    const { claims, contests, doubts, effects } = this.#options;
    const count = contests.claimed(key, by, now);
    if (count === 1) effects.add({ kind: 'reclaim', keys: [key] }, { kind: 'ask', keys: [key] });
    if (count < 2) return;
    claims.release(key, by, 'claimed');
    // It is not relied on: the wire is asked now and then.
    doubts.begin(key, now);
  }

  #yield(key: AddressKey, to: string, now: number): void {
    this.#options.yielded.begin(key, to, now);
    this.#options.claims.release(key, to, 'split-view');
  }
}
