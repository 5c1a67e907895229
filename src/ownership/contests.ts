/**
 * Two nodes that claim one address again and again, because each believes that it is its own: their views differ. After a few turns
 * an order decides that needs no view, the plain one of the election, until the views agree.
 */
import { rank } from '../layer2/ranking.js';
import { type AddressKey, addressOfKey, formatAddress } from '../net/address.js';

/** So many claims of one address by one node within this time are no accident. */
export const MOST_CLAIMS = 3;
const WITHIN_MS = 3000;
/** One claim comes as a word and as several frames. */
const SAME_CLAIM_MS = 50;

interface Contest {
  readonly with: string;
  readonly since: number;
  readonly claims: number;
  readonly lastAt: number;
}

export class Contests {
  readonly #contests = new Map<AddressKey, Contest>();

  /** Another claims what this node owns and should own: for which time in a row. 0: this claim was counted already. */
  claimed(key: AddressKey, other: string, now: number): number {
    const known = this.#contests.get(key);
    const isNew = known === undefined || known.with !== other || now - known.since > WITHIN_MS;
    if (!isNew && now - known.lastAt < SAME_CLAIM_MS) return 0;
    const claims = isNew ? 1 : known.claims + 1;
    this.#contests.set(key, { with: other, since: isNew ? now : known.since, claims, lastAt: now });
    return claims;
  }

  /** Whether that one claimed the address, and this node did not let it go. */
  isWith(key: AddressKey, other: string): boolean {
    return this.#contests.get(key)?.with === other;
  }

  over(key: AddressKey): void {
    this.#contests.delete(key);
  }
}

/** Of two nodes, the one that MetalLB would elect if nothing were known of either. */
export function winnerOf(key: AddressKey, a: string, b: string): string {
  const candidates = [a, b].map((node) => ({ node, score: 0 }));
  return rank(candidates, formatAddress(addressOfKey(key)))[0] ?? a;
}
