/**
 * In which pool an address lies: every range of every pool, ascending, searched by halving. Ranges are disjoint, as a Config
 * guarantees.
 */
import { type Address, compareAddresses } from '../net/address.js';
import type { Range } from '../net/range.js';
import type { Pool } from './config.js';

export interface OwnedRange {
  readonly pool: Pool;
  /** Index in `pool.ranges`. */
  readonly index: number;
  readonly range: Range;
}

export type RangeIndex = readonly OwnedRange[];

export const indexRanges = (pools: readonly Pool[]): RangeIndex =>
  pools
    .flatMap((pool) => pool.ranges.map((range, index) => ({ pool, index, range })))
    .sort((a, b) => compareAddresses(a.range.first, b.range.first));

/** The range `address` lies in, whether or not its pool would give it. O(log ranges). */
export function findRange(ranges: RangeIndex, address: Address): OwnedRange | undefined {
  let [low, high] = [0, ranges.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const owned = ranges[middle];
    if (owned === undefined) return undefined;
    if (compareAddresses(address, owned.range.first) < 0) high = middle - 1;
    else if (compareAddresses(address, owned.range.last) > 0) low = middle + 1;
    else return owned;
  }
  return undefined;
}
