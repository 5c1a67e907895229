/** Counters saturate: they are exact up to 2^63 − 1 and never wrap (metallb-behaviour §2.5, quirk Q-10). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../src/allocator/allocation.js';
import { settle } from '../../src/allocator/settle.js';
import { poolUsage } from '../../src/allocator/usage.js';
import { poolCapacity } from '../../src/config/capacity.js';
import { addressFromBigInt } from '../../src/net/address.js';
import { type Prefix, widthOf } from '../../src/net/prefix.js';
import { type Range, rangeOf, rangeSize } from '../../src/net/range.js';
import { service } from '../allocator/world.js';
import { anyRange } from '../net/arbitrary.js';
import { configOf, pool } from './objects.js';

const MAX = 2n ** 63n - 1n;

function capacityOf(addresses: readonly string[], avoidBuggyIPs = false): bigint | undefined {
  const [only] = configOf({ pools: [pool('a', addresses, { avoidBuggyIPs })] }).pools;
  return only === undefined ? undefined : poolCapacity(only).total;
}

describe('the capacity of a pool', () => {
  test.each<[string, string[], bigint]>([
    ['of 2^53 addresses', ['1000::/75'], 2n ** 53n],
    ['of one more than a JSON number can count', ['1000::/75', '1001::/128'], 2n ** 53n + 1n],
    ['of the largest block that is counted', ['1000::/67'], 2n ** 61n],
    ['of three of them', ['1000::/67', '1001::/67', '1002::/67'], 3n * 2n ** 61n],
    [
      'of one address less than the largest number',
      ['1000::/67', '1001::/67', '1002::/67', '1003::2-1003:0:0:0:1fff:ffff:ffff:ffff'],
      MAX - 1n,
    ],
    ['of exactly the largest number', ['1000::/67', '1001::/67', '1002::/67', '1003::1-1003:0:0:0:1fff:ffff:ffff:ffff'], MAX],
    ['of one more stops there', ['1000::/67', '1001::/67', '1002::/67', '1003::/67'], MAX],
    ['of a block that counts as endless', ['1000::/66'], MAX],
    ['of everything', ['::/1', '8000::/1', '0.0.0.0/0'], MAX],
  ])('%s', (_, addresses, expected) => {
    expect(capacityOf(addresses)).toBe(expected);
  });

  const ranges = fc.array(anyRange, { maxLength: 6 });
  const flag = fc.boolean();

  test('does not depend on the order of the ranges', () => {
    fc.assert(
      fc.property(ranges, flag, (some, avoidBuggyIPs) => {
        expect(poolCapacity({ ranges: [...some].reverse(), avoidBuggyIPs })).toEqual(
          poolCapacity({ ranges: some, avoidBuggyIPs }),
        );
      }),
    );
  });

  test('never falls when a range is added, never passes the largest number, and is the sum of the families', () => {
    fc.assert(
      fc.property(ranges, anyRange, flag, (some, more, avoidBuggyIPs) => {
        const before = poolCapacity({ ranges: some, avoidBuggyIPs });
        const after = poolCapacity({ ranges: [...some, more], avoidBuggyIPs });
        for (const count of ['IPv4', 'IPv6', 'total'] as const) {
          expect(after[count] >= before[count] && before[count] >= 0n && after[count] <= MAX).toBe(true);
        }
        const sum = after.IPv4 + after.IPv6;
        expect(after.total).toBe(sum > MAX ? MAX : sum);
      }),
    );
  });

  test('of blocks is the sum of their sizes, where each counts as endless from 2^62 on', () => {
    const block = fc.tuple(fc.nat(7), fc.integer({ min: 1, max: 128 })).map(([i, length]): Prefix => {
      const bits = BigInt(widthOf('IPv6') - length);
      return { address: addressFromBigInt('IPv6', ((BigInt(i) << 125n) >> bits) << bits), length };
    });
    fc.assert(
      fc.property(fc.array(block, { maxLength: 5 }), (blocks) => {
        const parts: Range[] = blocks.map(rangeOf);
        const sum = parts.reduce((total, part) => total + (rangeSize(part) >= 2n ** 62n ? MAX : rangeSize(part)), 0n);
        expect(poolCapacity({ ranges: parts, avoidBuggyIPs: false }).IPv6).toBe(sum > MAX ? MAX : sum);
      }),
    );
  });

  test('of an endless pool is less by every address that is given', () => {
    const config = configOf({ pools: [pool('a', ['10.0.0.0/30', '1000::/64'])] });
    const services = ['x', 'y', 'z'].map((name) => service(name, { ipFamilies: ['IPv6'] }));
    const { outcomes } = settle({ config, services, statusCounts: false });
    const none: ReadonlyMap<string, Outcome> = new Map();
    const counts = [poolUsage(config, none), poolUsage(config, outcomes)].map(([only]) => [
      only?.assignedIPv6,
      only?.availableIPv6,
      only?.total,
    ]);
    expect(counts).toEqual([
      [0, MAX, MAX],
      [3, MAX - 3n, MAX],
    ]);
  });
});
