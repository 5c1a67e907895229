/**
 * What is done when somebody claims an address of this node whose MAC is no member's: it may be a member of whom that is not known yet,
 * a stock speaker, whose MACs nobody knows, or a stranger (RFC 5227 §2.4).
 */
import type { AddressKey } from '../net/address.js';
import type { Doubts } from './doubts.js';
import type { Effects } from './effects.js';
import type { Election } from './election.js';
import type { Handovers } from './handovers.js';
import type { Life } from './life.js';
import type { OwnClaims } from './ownclaims.js';

/** Against a stranger: announce the address again, not too often, or leave it to him. */
export const CONFLICT_POLICIES = ['defend', 'yield'] as const;
export type ConflictPolicy = (typeof CONFLICT_POLICIES)[number];

/** Between two defences of one address. */
const DEFEND_MS = 10_000;

export interface StrangerClaimsOptions {
  readonly onConflict: ConflictPolicy;
  readonly life: Life;
  readonly election: Election;
  readonly claims: OwnClaims;
  readonly handovers: Handovers;
  readonly doubts: Doubts;
  readonly effects: Effects;
}

export class StrangerClaims {
  readonly #options: StrangerClaimsOptions;
  /** When an address was last defended. */
  readonly #defended = new Map<AddressKey, number>();

  constructor(options: StrangerClaimsOptions) {
    this.#options = options;
  }

  /** A MAC of no member claims the address; `isLower`: than the MAC of this node there. */
  hear(key: AddressKey, isLower: boolean, now: number): void {
    const { life, claims, handovers } = this.#options;
    if (handovers.isHanded(key)) handovers.hearUnknown(key, now);
    // Two nodes that never heard each other: what nobody can know, the MACs decide.
    else if (claims.has(key) && life.isDoubtful && isLower) this.#leaveAlone(key, 'claimed', now);
  }

  /** Whether who claims it is surely no member: not while one may not be known yet, and not beside a stock speaker. */
  isConflict(key: AddressKey, now: number): boolean {
    const { life, election, claims } = this.#options;
    return !life.isYoung(now) && !election.hasStock() && !life.isDoubtful && claims.has(key);
  }

  /** A host that is no member claims the address. */
  conflict(key: AddressKey, now: number): void {
    if (this.#options.onConflict === 'yield') {
      this.#leaveAlone(key, 'conflict', now);
    } else if (now - (this.#defended.get(key) ?? Number.NEGATIVE_INFINITY) > DEFEND_MS) {
      this.#defended.set(key, now);
      this.#options.effects.add({ kind: 'reclaim', keys: [key] });
    }
  }

  /** The address is in no table any more. */
  forget(key: AddressKey): void {
    this.#defended.delete(key);
  }

  /** Until nobody answers for it any more. */
  #leaveAlone(key: AddressKey, cause: 'claimed' | 'conflict', now: number): void {
    const { claims, doubts } = this.#options;
    claims.release(key, undefined, cause);
    doubts.begin(key, now);
    doubts.answer(key);
  }
}
