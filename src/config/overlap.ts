/**
 * Pairs of ranges that share addresses. No address may be in two ranges, of two pools or of one: whose would it be?
 *
 * Found by sorting and looking ahead: O(n log n + pairs). A configuration in which everything overlaps has n² pairs, so the
 * search stops after {@link MAX_OVERLAPS}, which is more than anybody reads.
 */
import type { Address } from '../net/address.js';
import { compareAddresses } from '../net/address.js';
import { formatRange, type Range } from '../net/range.js';

export const MAX_OVERLAPS = 100;

/** A range as it was written, and where. */
export interface WrittenRange {
  readonly pool: string;
  /** Index in `spec.addresses`. */
  readonly index: number;
  readonly text: string;
  readonly range: Range;
}

export interface Overlap {
  /** By pool name, then by index: the one that was there first. */
  readonly earlier: WrittenRange;
  readonly later: WrittenRange;
  /** `first-last` of the addresses both have. */
  readonly shared: string;
}

/** Every overlapping pair once, sorted by the later range, then the earlier; at most {@link MAX_OVERLAPS}. */
export function findOverlaps(ranges: readonly WrittenRange[]): Overlap[] {
  const sorted = [...ranges].sort((a, b) => compareAddresses(a.range.first, b.range.first) || compareWritten(a, b));
  const overlaps: Overlap[] = [];
  for (const [i, low] of sorted.entries()) {
    for (let j = i + 1; j < sorted.length && overlaps.length < MAX_OVERLAPS; j++) {
      const high = sorted[j];
      if (high === undefined || compareAddresses(high.range.first, low.range.last) > 0) break;
      const [earlier, later] = compareWritten(low, high) < 0 ? [low, high] : [high, low];
      const last = lower(low.range.last, high.range.last);
      overlaps.push({ earlier, later, shared: formatRange({ first: high.range.first, last }) });
    }
  }
  return overlaps.sort((a, b) => compareWritten(a.later, b.later) || compareWritten(a.earlier, b.earlier));
}

const lower = (a: Address, b: Address): Address => (compareAddresses(a, b) <= 0 ? a : b);

const compareWritten = (a: WrittenRange, b: WrittenRange): number =>
  a.pool < b.pool ? -1 : a.pool > b.pool ? 1 : a.index - b.index;
