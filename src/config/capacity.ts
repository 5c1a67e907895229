/**
 * How many addresses a pool can give, as `status` and metrics count them (metallb-behaviour §2.5).
 *
 * The counters are int64 in Kubernetes, so sums stop at 2^63 − 1 instead of wrapping (quirk Q-10), and a block of 2^62 or
 * more counts as that, as in MetalLB. They are bigints: a JSON number would round the largest up, out of int64.
 */
import type { Family } from '../net/address.js';
import { prefixesOf, type Range, rangeSize } from '../net/range.js';
import type { Pool } from './config.js';

const MAX_INT64 = 9223372036854775807n;
const HUGE_BLOCK_BITS = 62;

export interface Capacity {
  readonly IPv4: bigint;
  readonly IPv6: bigint;
  readonly total: bigint;
}

export function poolCapacity({ ranges, avoidBuggyIPs }: Pick<Pool, 'ranges' | 'avoidBuggyIPs'>): Capacity {
  const sum = (family: Family): bigint =>
    ranges
      .filter(({ first }) => first.family === family)
      .reduce((total, range) => saturate(total + countable(range, avoidBuggyIPs)), 0n);
  const [v4, v6] = [sum('IPv4'), sum('IPv6')];
  return { IPv4: v4, IPv6: v6, total: saturate(v4 + v6) };
}

const saturate = (count: bigint): bigint => (count > MAX_INT64 ? MAX_INT64 : count);

function countable(range: Range, avoidBuggyIPs: boolean): bigint {
  const size = rangeSize(range);
  if (size >= 1n << BigInt(HUGE_BLOCK_BITS)) {
    const isHuge = prefixesOf(range).some(({ length }) => 128 - length >= HUGE_BLOCK_BITS);
    return isHuge ? MAX_INT64 : saturate(size);
  }
  return avoidBuggyIPs ? size - buggyCount(range) : size;
}

/** How many addresses of an IPv4 range end in .0 or .255; a single such address counts once (quirk Q-11). */
function buggyCount({ first, last }: Range): bigint {
  if (first.family !== 'IPv4' || last.family !== 'IPv4') return 0n;
  const endingIn = (octet: number): number => countUpTo(last.value, octet) - countUpTo(first.value - 1, octet);
  return BigInt(endingIn(0) + endingIn(255));
}

/** How many of 0 … `value` end in `octet`. */
const countUpTo = (value: number, octet: number): number => Math.floor((value - octet) / 256) + 1;
