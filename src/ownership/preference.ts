/**
 * Who should own each address now: of the nodes of its ranking that may own it, the best. A node that has just come back is asked
 * after all others, wherever it is ranked, until its time is over: addresses move to it once, when it has shown that it stays.
 */
import { type Ballot, beginOf } from '../layer2/ballot.js';
import type { AddressKey } from '../net/address.js';

/** What matters of a node for what it may own. */
export interface Standing {
  /** It may own addresses: it is heard or the wire speaks for it, it is ready, and it does not leave. */
  readonly live: boolean;
  /** It is heard, so that it can be talked to; one that leaves too. */
  readonly reachable: boolean;
  /** It came back a short time ago. */
  readonly returning: boolean;
  /** Its view is old, and it knows that. */
  readonly stale: boolean;
  /** A MetalLB speaker: it elects, and knows nothing of what nodes say to each other here. */
  readonly stock: boolean;
}

export const ABSENT: Standing = { live: false, reachable: false, returning: false, stale: false, stock: false };

export class Preference {
  readonly #ballot: Ballot;
  /** By place in `ballot.nodes`: 0 may not own anything, 1 only what nobody else may, 2 anything. */
  readonly #grades: Uint8Array;
  readonly #declined: readonly (ReadonlySet<AddressKey> | undefined)[];

  /** `declines` are the addresses that a node said it cannot announce, by node. */
  constructor(ballot: Ballot, standingOf: (node: string) => Standing, declines: ReadonlyMap<string, ReadonlySet<AddressKey>>) {
    this.#ballot = ballot;
    this.#grades = Uint8Array.from(ballot.nodes, (node) => {
      const { live, returning } = standingOf(node);
      return live ? (returning ? 1 : 2) : 0;
    });
    this.#declined = ballot.nodes.map((node) => declines.get(node));
  }

  /** The place in `ballot.nodes` of who should own entry `i`, among those for whom `except` does not hold; −1: nobody. */
  best(i: number, except?: (place: number) => boolean): number {
    const { rankings, ends, keys } = this.#ballot;
    let second = -1;
    for (let at = beginOf(ends, i); at < (ends[i] ?? 0); at++) {
      const place = rankings[at] ?? 0;
      const grade = this.#grades[place] ?? 0;
      if (grade === 0 || (grade === 1 && second !== -1)) continue;
      if (this.#declined[place]?.has(keys[i] ?? 0) === true || except?.(place) === true) continue;
      if (grade === 2) return place;
      second = place;
    }
    return second;
  }

  /** How many may own entry `i` before `place` may; −1 when it may not at all. */
  turnOf(i: number, place: number): number {
    const passed = new Set<number>();
    for (;;) {
      const next = this.best(i, (one) => passed.has(one));
      if (next === place) return passed.size;
      if (next === -1) return -1;
      passed.add(next);
    }
  }

  /** Whether `a` comes before `b` for entry `i`, whether they live or not. One that is not ranked comes last. */
  isBefore(i: number, a: number, b: number): boolean {
    const [ofA, ofB] = [this.#weightOf(i, a), this.#weightOf(i, b)];
    return ofA < ofB;
  }

  isUnranked(i: number, place: number): boolean {
    return this.#weightOf(i, place) === Number.POSITIVE_INFINITY;
  }

  #weightOf(i: number, place: number): number {
    const { rankings, ends } = this.#ballot;
    const begin = beginOf(ends, i);
    const at = rankings.subarray(begin, ends[i] ?? begin).indexOf(place);
    if (at === -1) return Number.POSITIVE_INFINITY;
    return at + (this.#grades[place] === 1 ? rankings.length : 0);
  }
}
