/**
 * Which subnets a pool may have to do with: ascending by first address, found by halving. Subnets may lie in each other.
 */
import { type Address, compareAddresses } from '../net/address.js';
import { type Range, rangeOf, rangesOverlap } from '../net/range.js';
import type { Subnet } from './subnet.js';

interface Entry<T> {
  readonly known: T;
  /** Where it stood among those that were indexed. */
  readonly order: number;
  readonly range: Range;
  /** The highest address of this subnet and all before it. */
  readonly reach: Address;
}

export type SubnetIndex<T> = readonly Entry<T>[];

export function indexSubnets<T extends { readonly subnet: Subnet }>(all: readonly T[]): SubnetIndex<T> {
  const sorted = all
    .map((known, order) => ({ known, order, range: rangeOf(known.subnet.prefix) }))
    .sort((a, b) => compareAddresses(a.range.first, b.range.first));
  let reach: Address | undefined;
  return sorted.map((entry) => {
    reach = reach === undefined || compareAddresses(entry.range.last, reach) > 0 ? entry.range.last : reach;
    return { ...entry, reach };
  });
}

/** Those with an address in common with any of `ranges`, each once, in the order they were indexed in. */
export function subnetsTouching<T>(index: SubnetIndex<T>, ranges: readonly Range[]): readonly T[] {
  const found = new Set(ranges.flatMap((range) => [...touching(index, range)]));
  return [...found].sort((a, b) => a.order - b.order).map(({ known }) => known);
}

function* touching<T>(index: SubnetIndex<T>, range: Range): Generator<Entry<T>> {
  for (let i = startingAfter(index, range.last) - 1; i >= 0; i--) {
    const entry = index[i];
    if (entry === undefined || compareAddresses(entry.reach, range.first) < 0) return;
    if (rangesOverlap(entry.range, range)) yield entry;
  }
}

function startingAfter<T>(index: SubnetIndex<T>, address: Address): number {
  let [low, high] = [0, index.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const entry = index[middle];
    if (entry !== undefined && compareAddresses(entry.range.first, address) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
