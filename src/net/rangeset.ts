/**
 * A set of addresses as sorted, disjoint, non-adjacent ranges. Equal sets have equal ranges.
 */
import { type Address, compareAddresses, nextAddress, previousAddress } from './address.js';
import { type Range, rangeSize, rangesOverlap } from './range.js';

export interface RangeSet {
  readonly ranges: readonly Range[];
}

export function rangeSet(ranges: Iterable<Range>): RangeSet {
  const merged: Range[] = [];
  for (const range of [...ranges].sort((a, b) => compareAddresses(a.first, b.first))) {
    const before = merged.at(-1);
    if (before !== undefined && touches(before, range)) {
      if (compareAddresses(range.last, before.last) > 0) merged[merged.length - 1] = { first: before.first, last: range.last };
    } else {
      merged.push(range);
    }
  }
  return { ranges: merged };
}

/** Whether `later`, which does not start before `earlier`, overlaps it or follows it without a gap. */
function touches(earlier: Range, later: Range): boolean {
  if (earlier.first.family !== later.first.family) return false;
  const next = nextAddress(earlier.last);
  return next === undefined || compareAddresses(later.first, next) <= 0;
}

/** What is left of each range without the addresses of `taken`, in the order of `ranges`: a range with a hole becomes two. */
export const subtract = (ranges: readonly Range[], taken: RangeSet): Range[] =>
  ranges.flatMap((range) => subtractFrom(range, taken));

function subtractFrom(range: Range, { ranges }: RangeSet): Range[] {
  const left: Range[] = [];
  let rest: Range | undefined = range;
  for (let i = firstEndingFrom(ranges, range.first); rest !== undefined; i++) {
    const hole = ranges[i];
    if (hole === undefined || !rangesOverlap(hole, rest)) break;
    const before = previousAddress(hole.first);
    if (before !== undefined && compareAddresses(rest.first, hole.first) < 0) left.push({ first: rest.first, last: before });
    const after = nextAddress(hole.last);
    rest = after === undefined || compareAddresses(hole.last, rest.last) >= 0 ? undefined : { first: after, last: rest.last };
  }
  return rest === undefined ? left : [...left, rest];
}

/** Index of the first of the sorted `ranges` that does not end before `address`. O(log n). */
export function firstEndingFrom(ranges: readonly Range[], address: Address): number {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const range = ranges[middle];
    if (range !== undefined && compareAddresses(range.last, address) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Binary search: O(log n) in the number of ranges. */
export function setContains(set: RangeSet, address: Address): boolean {
  let low = 0;
  let high = set.ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const range = set.ranges[middle];
    if (range === undefined) return false;
    if (compareAddresses(address, range.first) < 0) high = middle - 1;
    else if (compareAddresses(address, range.last) > 0) low = middle + 1;
    else return true;
  }
  return false;
}

export const setSize = (set: RangeSet): bigint => set.ranges.reduce((sum, range) => sum + rangeSize(range), 0n);
