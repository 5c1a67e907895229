import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Address,
  addressFromBigInt,
  addressToBigInt,
  formatAddress,
  nextAddress,
  previousAddress,
} from '../../src/net/address.js';
import { describeRange, formatEntry, formatRange, parseRange, type Range, rangeSize, sharedRange } from '../../src/net/range.js';
import { rangeSet, subtract } from '../../src/net/rangeset.js';
import { anyAddress, anyRange, crowdedRange } from './arbitrary.js';

const range = (text: string): Range => {
  const read = parseRange(text);
  if (!read.ok) throw new Error(text);
  return read.value;
};

/** Every address of every range in turn: slow, and plainly right. */
const enumerate = (ranges: readonly Range[]): string[] =>
  ranges.flatMap(({ first, last }) => {
    const count = Number(addressToBigInt(last) - addressToBigInt(first)) + 1;
    return Array.from({ length: count }, (_, i): string =>
      formatAddress(addressFromBigInt(first.family, addressToBigInt(first) + BigInt(i))),
    );
  });

describe('ranges without some addresses', () => {
  test.each([
    ['nothing is taken', ['10.0.0.0/30'], [], ['10.0.0.0-10.0.0.3']],
    ['a hole is taken', ['10.0.0.0/29'], ['10.0.0.2/31'], ['10.0.0.0-10.0.0.1', '10.0.0.4-10.0.0.7']],
    ['both ends are taken', ['10.0.0.0/29'], ['10.0.0.0/32', '10.0.0.7/32'], ['10.0.0.1-10.0.0.6']],
    ['all is taken', ['10.0.0.4/30'], ['10.0.0.0/24'], []],
    [
      'the order of the rest is kept',
      ['10.0.1.0/30', '10.0.0.0/30'],
      ['10.0.1.0/31'],
      ['10.0.1.2-10.0.1.3', '10.0.0.0-10.0.0.3'],
    ],
    ['the other family stays', ['fd00::/126'], ['0.0.0.0/0'], ['fd00::-fd00::3']],
    [
      'the first and the last address there is are taken',
      ['0.0.0.0/0'],
      ['0.0.0.0/32', '255.255.255.255/32'],
      ['0.0.0.1-255.255.255.254'],
    ],
    ['all of IPv6 is taken', ['::/0'], ['::/0'], []],
  ])('when %s', (_, ranges, taken, left) => {
    expect(subtract(ranges.map(range), rangeSet(taken.map(range))).map(formatRange)).toEqual(left);
  });

  test('are the addresses that are not among them, in the same order', () => {
    fc.assert(
      fc.property(fc.array(crowdedRange, { maxLength: 4 }), fc.array(crowdedRange, { maxLength: 6 }), (ranges, taken) => {
        const gone = new Set(enumerate(taken));
        const left = subtract(ranges, rangeSet(taken));
        expect(enumerate(left)).toEqual(enumerate(ranges).filter((address) => !gone.has(address)));
      }),
      { numRuns: 50 },
    );
  });
});

test('what two ranges share is what both have', () => {
  fc.assert(
    fc.property(crowdedRange, crowdedRange, (a, b) => {
      const inB = new Set(enumerate([b]));
      const shared = sharedRange(a, b);
      expect(shared === undefined ? [] : enumerate([shared])).toEqual(enumerate([a]).filter((one) => inB.has(one)));
    }),
  );
});

test('the address before the next one is the address', () => {
  const there = (address: Address): boolean => nextAddress(address) !== undefined;
  fc.assert(
    fc.property(anyAddress.filter(there), (address) => {
      const next = nextAddress(address);
      expect(next === undefined ? undefined : previousAddress(next)).toEqual(address);
    }),
  );
  expect(previousAddress(range('0.0.0.0/32').first)).toBeUndefined();
  expect(previousAddress(range('::/128').first)).toBeUndefined();
});

test('an entry is read back as the range it was written from', () => {
  fc.assert(
    fc.property(anyRange, (one) => {
      expect(parseRange(formatEntry(one))).toEqual({ ok: true, value: one });
    }),
  );
});

test.each([
  ['10.0.0.1/32', '10.0.0.1', '10.0.0.1/32'],
  ['fd00::1-fd00::1', 'fd00::1', 'fd00::1/128'],
  ['10.0.0.0/31', '10.0.0.0-10.0.0.1', '10.0.0.0-10.0.0.1'],
])('%s is described as %s and written %s', (text, described, written) => {
  expect([describeRange(range(text)), formatEntry(range(text)), rangeSize(range(text)) > 0n]).toEqual([described, written, true]);
});
