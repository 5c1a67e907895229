import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ipv4 } from '../../src/net/address.js';
import { formatPrefix, type Prefix } from '../../src/net/prefix.js';
import { parseRange, prefixesOf, type Range, rangeContains, rangeOf } from '../../src/net/range.js';
import { captureFilter, coveringPrefixes } from '../../src/packet/filter.js';
import { mac } from './frames.js';

const range = (text: string): Range => {
  const read = parseRange(text);
  if (!read.ok) throw new Error(text);
  return read.value;
};
const filter = (...ranges: string[]): string =>
  captureFilter({ mac: mac('02:00:00:00:00:01'), prefixes: ranges.map(range).flatMap(prefixesOf) });

describe('the filter', () => {
  test.each([
    ['names a whole prefix by its mask', ['192.168.10.0/24'], '(arp[24:4] & 0xffffff00) = 0xc0a80a00'],
    ['names one address without a mask', ['192.0.2.7/32'], 'arp[24:4] = 0xc0000207'],
    ['names each prefix', ['10.0.0.0-10.0.0.2'], '(arp[24:4] & 0xfffffffe) = 0x0a000000 or arp[24:4] = 0x0a000002'],
    ['lets every address through for 0.0.0.0/0', ['0.0.0.0/0'], '(arp[24:4] & 0x00000000) = 0x00000000'],
    ['lets nothing that anybody asks through without prefixes', [], 'arp[24:4] = 0x00000000'],
    ['leaves IPv6 out', ['2001:db8::/64', '192.0.2.7/32'], 'arp[24:4] = 0xc0000207'],
  ])('%s', (_, ranges, targets) => {
    const malformed = 'len < 42 or len > 128 or arp[0:2] != 1 or arp[2:2] != 0x0800 or arp[4:2] != 0x0604';
    expect(filter(...ranges)).toBe(
      `arp and not ether src 02:00:00:00:00:01 and (${malformed} or (arp[6:2] = 1 and (${targets}))) and not vlan`,
    );
  });
});

describe('the covering prefixes', () => {
  test.each([
    ['are exact when they are few enough', ['10.0.0.1-10.0.0.2'], 2, ['10.0.0.1/32', '10.0.0.2/32']],
    ['join the closest neighbours first', ['10.0.0.0/32', '10.0.0.3/32', '10.9.0.0/16'], 2, ['10.0.0.0/30', '10.9.0.0/16']],
    [
      'do not join more than they must',
      ['10.0.0.0/32', '10.0.0.3/32', '10.0.1.0/32', '10.0.1.3/32'],
      3,
      ['10.0.0.0/30', '10.0.1.0/32', '10.0.1.3/32'],
    ],
    ['come down to one', ['1.0.0.0/8', '192.0.2.1/32'], 1, ['0.0.0.0/0']],
    ['leave IPv6 out', ['2001:db8::/64'], 4, []],
    ['merge ranges that touch', ['10.0.0.0/25', '10.0.0.128/25'], 4, ['10.0.0.0/24']],
  ])('%s', (_, ranges, limit, prefixes) => {
    expect(coveringPrefixes(ranges.map(range), limit).map(formatPrefix)).toEqual(prefixes);
  });

  const ranges = fc.array(
    fc
      .tuple(fc.nat(0xffffffff), fc.nat(5000))
      .map(([first, size]): Range => ({ first: ipv4(first), last: ipv4(Math.min(first + size, 0xffffffff)) })),
    { maxLength: 40 },
  );

  test('cover every address, keep the limit, and neither overlap nor fall', () => {
    fc.assert(
      fc.property(ranges, fc.integer({ min: 1, max: 80 }), (given, limit) => {
        const prefixes = coveringPrefixes(given, limit);
        expect(prefixes.length).toBeLessThanOrEqual(limit);
        for (const { first, last } of given) {
          // A range lies in several prefixes if they follow each other, so both ends of every exact part are looked for.
          for (const part of prefixesOf({ first, last })) expect(prefixes.some((prefix) => holds(prefix, part))).toBe(true);
        }
        expect(prefixes.every((prefix, i) => i === 0 || endOf(prefixes[i - 1]) < startOf(prefix))).toBe(true);
      }),
    );
  });

  test('of 5,000 scattered addresses are found fast', () => {
    const scattered = Array.from({ length: 5000 }, (_, i) => range(`10.${i % 250}.${(i * 7) % 256}.${(i * 13) % 256}/32`));
    expect(coveringPrefixes(scattered, 64)).toHaveLength(64);
  }, 2000);
});

const holds = (outer: Prefix, inner: Prefix): boolean =>
  rangeContains(rangeOf(outer), rangeOf(inner).first) && rangeContains(rangeOf(outer), rangeOf(inner).last);
const startOf = (prefix: Prefix): number => numberOf(rangeOf(prefix).first);
const endOf = (prefix: Prefix | undefined): number => (prefix === undefined ? -1 : numberOf(rangeOf(prefix).last));
const numberOf = (address: Range['first']): number => (address.family === 'IPv4' ? address.value : Number.NaN);
