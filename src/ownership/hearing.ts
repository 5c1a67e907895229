/**
 * What this node makes of what it hears of an address: words are obeyed, and whoever answers for the address owns it, unless this node
 * has to contradict.
 */
import type { AddressKey } from '../net/address.js';
import type { CompetingClaims } from './competingclaims.js';
import type { Doubts } from './doubts.js';
import type { Election } from './election.js';
import type { Handovers } from './handovers.js';
import type { Holders } from './holders.js';
import type { Orphans } from './orphans.js';
import type { OwnClaims } from './ownclaims.js';
import type { StrangerClaims } from './strangerclaims.js';
import type { Word } from './word.js';

/** Whoever claims on the wire: a member, or somebody whose MAC is no member's. `isLower`: than the MAC of this node there. */
export interface Claimant {
  readonly node: string | undefined;
  readonly isLower: boolean;
}

export interface HearingOptions {
  readonly election: Election;
  readonly claims: OwnClaims;
  readonly holders: Holders;
  readonly handovers: Handovers;
  readonly competing: CompetingClaims;
  readonly strangers: StrangerClaims;
  readonly doubts: Doubts;
  readonly orphans: Orphans;
  /** Somebody who lives answers for what was in doubt. */
  readonly onSettled: (key: AddressKey, now: number) => void;
}

export class Hearing {
  readonly #options: HearingOptions;

  constructor(options: HearingOptions) {
    this.#options = options;
  }

  /** What a word says of the address. */
  word({ kind, node }: Word, key: AddressKey, now: number): void {
    const { election, handovers } = this.#options;
    switch (kind) {
      case 'take':
        handovers.hearTake(key, node);
        break;
      case 'give':
        handovers.hearGive(key, node, now);
        break;
      case 'free':
        handovers.hearFree(key, node);
        break;
      case 'held':
        if (handovers.hearHeld(key, node)) this.#doubt(key, now);
        break;
      case 'claim':
        this.#answered(key, node, now);
        break;
      case 'decline':
        election.decline(node, key);
        break;
      case 'resume':
        election.resume(node, key);
        break;
      case 'received':
        break;
    }
  }

  /** Somebody answers for the address on the wire, or says that he does. */
  claim(key: AddressKey, { node, isLower }: Claimant, now: number): void {
    const { election, strangers } = this.#options;
    this.#answered(key, node, now);
    if (node === undefined && election.entries.has(key)) strangers.hear(key, isLower, now);
  }

  /** What an owner makes of it does not depend on whether it believes that the member lives. */
  #answered(key: AddressKey, by: string | undefined, now: number): void {
    const { election, claims, holders, handovers, competing, doubts, orphans } = this.#options;
    doubts.answer(key);
    orphans.heard(key, by);
    const i = election.entries.get(key);
    if (i === undefined || by === undefined || by === election.self) return;
    if (claims.has(key)) {
      competing.hear(i, key, by, now);
    } else {
      holders.set(key, by);
      handovers.offeredNoMore(key);
      if (doubts.has(key) && election.standingOf(by).live) this.#options.onSettled(key, now);
    }
  }

  /** The wire is asked before the address is claimed, if it is this node's at all. */
  #doubt(key: AddressKey, now: number): void {
    const { election, doubts } = this.#options;
    const i = election.entries.get(key);
    if (i !== undefined && election.isMine(i)) doubts.begin(key, now);
  }
}
