/**
 * What is still to be told to others: at most one message about each node, the newest. Each is sent a limited number of times,
 * which grows with the digits of the cluster's size; after that all have heard it, very probably.
 */
import type { Claim } from './message.js';

interface Broadcast {
  readonly claim: Claim;
  readonly size: number;
  /** Of two of the same length the newer goes first. */
  readonly order: number;
  readonly sent: number;
}

/** What each part of a compound message costs besides itself: its length. */
export const PART_OVERHEAD = 2;
/** The parts of a compound message are counted in one byte. */
export const MOST_PARTS = 255;

/** How often a message is sent in a cluster of `size` nodes. */
export const retransmitLimit = (size: number, retransmitMult: number): number => retransmitMult * Math.ceil(Math.log10(size + 1));

export class Broadcasts {
  readonly #queue = new Map<string, Broadcast>();
  #order = 0;

  get size(): number {
    return this.#queue.size;
  }

  /** Whether something about this node is still to be told. */
  has(node: string): boolean {
    return this.#queue.has(node);
  }

  /** Takes the place of whatever was to be told about the same node. */
  add(claim: Claim, size: number): void {
    this.#order += 1;
    this.#queue.set(claim.node, { claim, size, order: this.#order, sent: 0 });
  }

  forget(node: string): void {
    this.#queue.delete(node);
  }

  /**
   * Up to `most` messages that fit into `budget` bytes together; each counts as sent once more. The least sent come first, among
   * those the longest that still fits.
   */
  draw(budget: number, most: number, limit: number): Claim[] {
    if (this.#queue.size === 0) return [];
    const claims: Claim[] = [];
    let left = budget;
    for (const one of [...this.#queue.values()].sort(inTurn)) {
      if (claims.length === most) break;
      if (one.size + PART_OVERHEAD > left) continue;
      left -= one.size + PART_OVERHEAD;
      claims.push(one.claim);
      if (one.sent + 1 >= limit) this.#queue.delete(one.claim.node);
      else this.#queue.set(one.claim.node, { ...one, sent: one.sent + 1 });
    }
    return claims;
  }
}

const inTurn = (a: Broadcast, b: Broadcast): number => a.sent - b.sent || b.size - a.size || b.order - a.order;
