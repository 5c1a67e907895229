import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressToBigInt, formatAddress, ipv4, nextAddress } from '../../src/net/address.js';
import { formatPrefix, parsePrefix } from '../../src/net/prefix.js';
import {
  formatRange,
  parseRange,
  prefixesOf,
  type Range,
  rangeContains,
  rangeOf,
  rangeSize,
  rangesOverlap,
} from '../../src/net/range.js';
import { rangeSet, setContains, setSize } from '../../src/net/rangeset.js';
import { anyAddress, anyRange, crowdedRange } from './arbitrary.js';

function range(text: string): Range {
  const read = parseRange(text);
  if (!read.ok) throw new Error(`${text} is not a range`);
  return read.value;
}

describe('an entry of spec.addresses', () => {
  test.each([
    ['is a prefix', '192.168.10.0/24', '192.168.10.0-192.168.10.255'],
    ['is a prefix with host bits, which are masked off', '192.168.10.100/24', '192.168.10.0-192.168.10.255'],
    ['is a single address', '192.168.10.7/32', '192.168.10.7-192.168.10.7'],
    ['is everything', '0.0.0.0/0', '0.0.0.0-255.255.255.255'],
    ['is an IPv6 prefix', '2001:db8::1/126', '2001:db8::-2001:db8::3'],
    ['is a range', '192.168.1.240-192.168.1.250', '192.168.1.240-192.168.1.250'],
    ['is a range with spaces around its ends', ' 10.0.0.1 - 10.0.0.2 ', '10.0.0.1-10.0.0.2'],
    ['is a range of one', 'fc00::5-fc00::5', 'fc00::5-fc00::5'],
  ])('that %s is read', (_, text, ends) => {
    expect(formatRange(range(text))).toBe(ends);
  });

  test.each([
    ['is a bare address', '192.168.1.240', 'RANGE_MALFORMED', 'a single address is written 192.168.1.240/32'],
    ['is a bare IPv6 address', 'fc00::1', 'RANGE_MALFORMED', 'fc00::1/128'],
    ['is reversed', '10.0.0.9-10.0.0.1', 'RANGE_REVERSED', 'write 10.0.0.1-10.0.0.9'],
    [
      'goes from one family to the other',
      '10.0.0.1-fc00::1',
      'RANGE_MIXED_FAMILIES',
      'starts with IPv4 (10.0.0.1) and ends with IPv6',
    ],
    ['has IPv4-mapped ends', '::ffff:10.0.0.1-::ffff:10.0.0.2', 'RANGE_MALFORMED', 'write IPv4 addresses instead'],
    ['is an IPv4-mapped prefix', '::ffff:10.0.0.0/120', 'PREFIX_MALFORMED', 'write the IPv4 prefix instead'],
    ['has a length beyond IPv4', '10.0.0.0/33', 'PREFIX_MALFORMED', 'a number from 0 to 32, not "33"'],
    ['has a length beyond IPv6', 'fc00::/129', 'PREFIX_MALFORMED', 'a number from 0 to 128, not "129"'],
    ['has no length', '10.0.0.0/', 'PREFIX_MALFORMED', 'not ""'],
    ['has a mask for a length', '10.0.0.0/255.0.0.0', 'PREFIX_MALFORMED', 'not "255.0.0.0"'],
    ['has two lengths', '10.0.0.0/8/9', 'PREFIX_MALFORMED', 'not "8/9"'],
    ['has a space before a prefix', ' 10.0.0.0/8', 'ADDRESS_MALFORMED', 'there is a space in it'],
    ['has prefixes as ends', '10.0.0.0/24-10.0.1.0/24', 'ADDRESS_MALFORMED', '"0/24" is not a decimal number'],
    ['lacks its end', '10.0.0.1-', 'ADDRESS_MALFORMED', 'it is empty'],
    ['lacks its start', '-10.0.0.1', 'ADDRESS_MALFORMED', 'it is empty'],
    ['has two dashes', '10.0.0.1-10.0.0.2-10.0.0.3', 'ADDRESS_MALFORMED', ''],
    ['has a leading zero', '010.0.0.0/8', 'ADDRESS_MALFORMED', 'leading zero'],
    ['has a zone', 'fe80::1%eth0/64', 'ADDRESS_MALFORMED', 'zone'],
    ['is empty', '', 'RANGE_MALFORMED', ''],
  ])('that %s is refused', (_, text, code, why) => {
    const read = parseRange(text, 'spec.addresses[0]');
    expect(read).toMatchObject({ ok: false, issues: [{ code, path: 'spec.addresses[0]' }] });
    expect(read.ok ? '' : read.issues[0]?.message).toContain(why);
  });

  // metallb-behaviour, Appendix A.3.
  test.each([
    ['3.3.3.2-3.3.3.254', '.2/31 .4/30 .8/29 .16/28 .32/27 .64/26 .128/26 .192/27 .224/28 .240/29 .248/30 .252/31 .254/32'],
    ['192.168.1.240-192.168.1.250', '.240/29 .248/31 .250/32'],
    ['172.18.255.200-172.18.255.250', '.200/29 .208/28 .224/28 .240/29 .248/31 .250/32'],
    ['fc00::5-fc00::10', '::5/128 ::6/127 ::8/125 ::10/128'],
    ['255.255.255.254-255.255.255.255', '.254/31'],
  ])('%s is %s', (text, prefixes) => {
    const tails = prefixesOf(range(text)).map((one) => formatPrefix(one).replace(/^(fc00(?=::)|[0-9]+\.[0-9]+\.[0-9]+)/, ''));
    expect(tails.join(' ')).toBe(prefixes);
  });
});

describe('a range', () => {
  test('written and read is the same', () => {
    fc.assert(
      fc.property(anyRange, (one) => {
        expect(range(formatRange(one))).toEqual(one);
      }),
    );
  });

  test('is exactly its prefixes, in order and without a gap', () => {
    fc.assert(
      fc.property(anyRange, (one) => {
        const parts = prefixesOf(one).map(rangeOf);
        expect(parts[0]?.first).toEqual(one.first);
        expect(parts.at(-1)?.last).toEqual(one.last);
        for (const [i, part] of parts.slice(1).entries()) {
          const before = parts[i];
          expect(before === undefined ? undefined : nextAddress(before.last)).toEqual(part.first);
        }
        expect(parts.reduce((sum, part) => sum + rangeSize(part), 0n)).toBe(rangeSize(one));
      }),
    );
  });

  test('overlaps another exactly when it contains an end of it, or the other way round', () => {
    fc.assert(
      fc.property(crowdedRange, crowdedRange, (a, b) => {
        const meets = rangeContains(a, b.first) || rangeContains(b, a.first);
        expect(rangesOverlap(a, b)).toBe(meets);
        expect(rangesOverlap(b, a)).toBe(meets);
      }),
    );
  });

  test('of a prefix has all its addresses', () => {
    fc.assert(
      fc.property(anyAddress, fc.nat(128), (one, bits) => {
        const width = one.family === 'IPv4' ? 32 : 128;
        const length = bits % (width + 1);
        const prefix = parsePrefix(`${formatAddress(one)}/${length}`);
        if (!prefix.ok) throw new Error('a prefix cannot be read');
        expect(rangeContains(rangeOf(prefix.value), one)).toBe(true);
        expect(rangeSize(rangeOf(prefix.value))).toBe(1n << BigInt(width - length));
      }),
    );
  });
});

describe('a range set', () => {
  const some = fc.array(crowdedRange, { maxLength: 12 });

  test('contains what one of its ranges contains', () => {
    fc.assert(
      fc.property(some, crowdedRange, (ranges, { first }) => {
        expect(setContains(rangeSet(ranges), first)).toBe(ranges.some((one) => rangeContains(one, first)));
      }),
    );
  });

  test('is sorted, with a gap between neighbours', () => {
    fc.assert(
      fc.property(some, (ranges) => {
        const { ranges: merged } = rangeSet(ranges);
        for (const [i, one] of merged.slice(1).entries()) {
          const before = merged[i];
          if (before === undefined || before.last.family !== one.first.family) continue;
          expect(addressToBigInt(one.first) - addressToBigInt(before.last)).toBeGreaterThan(1n);
        }
      }),
    );
  });

  test('does not depend on order or repetition', () => {
    fc.assert(
      fc.property(some, (ranges) => {
        expect(rangeSet([...ranges, ...ranges].reverse())).toEqual(rangeSet(ranges));
      }),
    );
  });

  test('merges neighbours up to the end of the family', () => {
    const top = ipv4(0xffffffff);
    const set = rangeSet([{ first: top, last: top }, range('255.255.255.0-255.255.255.254'), range('::-::1')]);
    expect(set.ranges.map(formatRange)).toEqual(['255.255.255.0-255.255.255.255', '::-::1']);
    expect(setSize(set)).toBe(258n);
  });
});
