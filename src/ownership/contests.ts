/**
 * Two nodes that claim one address again and again, because each believes that it is its own: their views differ. After a few turns
 * an order decides that needs no view, the plain one of the election, until the views agree.
 */
import { rank } from '../layer2/ranking.js';
import { type AddressKey, addressOfKey, formatAddress } from '../net/address.js';

const MOST_CLAIMS = 3;
const WITHIN_MS = 3000;
/** One claim comes as a word and as several frames. */
const SAME_CLAIM_MS = 50;

interface Contest {
  readonly with: string;
  readonly since: number;
  readonly claims: number;
  readonly lastAt: number;
}

/** `again`: claim again. `same`: this claim was answered already. `lost`, `won`: the plain order decides. */
export type ContestTurn = 'again' | 'same' | 'lost' | 'won';

export class Contests {
  readonly #self: string;
  readonly #contests = new Map<AddressKey, Contest>();

  constructor(self: string) {
    this.#self = self;
  }

  /** Another claims what this node owns and should own. */
  claimed(key: AddressKey, other: string, now: number): ContestTurn {
    const known = this.#contests.get(key);
    const isNew = known === undefined || known.with !== other || now - known.since > WITHIN_MS;
    if (!isNew && now - known.lastAt < SAME_CLAIM_MS) return 'same';
    const contest = isNew
      ? { with: other, since: now, claims: 1, lastAt: now }
      : { ...known, claims: known.claims + 1, lastAt: now };
    this.#contests.set(key, contest);
    if (contest.claims < MOST_CLAIMS) return 'again';
    this.#contests.delete(key);
    return winnerOf(key, this.#self, other) === this.#self ? 'won' : 'lost';
  }

  over(key: AddressKey): void {
    this.#contests.delete(key);
  }
}

/** Of two nodes, the one that MetalLB would elect if nothing were known of either. */
function winnerOf(key: AddressKey, a: string, b: string): string {
  const candidates = [a, b].map((node) => ({ node, score: 0 }));
  return rank(candidates, formatAddress(addressOfKey(key)))[0] ?? a;
}
