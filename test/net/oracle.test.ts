/** The arithmetic of addresses against ipaddr.js, which is written otherwise and not by us. */
import { isIP } from 'node:net';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, test } from 'vitest';
import {
  type Address,
  addressFromBigInt,
  addressKey,
  addressOfKey,
  addressToBigInt,
  compareAddresses,
  formatAddress,
  parseAddress,
} from '../../src/net/address.js';
import { formatPrefix, type Prefix, parsePrefix, widthOf } from '../../src/net/prefix.js';
import { parseRange, prefixesOf, rangeContains, rangeOf } from '../../src/net/range.js';
import { rangeSet, setContains, subtract } from '../../src/net/rangeset.js';
import { anyAddress, anyRange, crowdedRange } from './arbitrary.js';

type Theirs = ipaddr.IPv4 | ipaddr.IPv6;
const theirs = (address: Address): Theirs => ipaddr.parse(formatAddress(address));
const ours = (address: Theirs): string => address.toString();
const isIn = (address: Address, { address: net, length }: Prefix): boolean =>
  theirs(address).kind() === theirs(net).kind() && theirs(address).match([theirs(net), length]);

const withLength = anyAddress.chain((one) => fc.tuple(fc.constant(one), fc.nat(widthOf(one.family))));

/** An address and one that differs from it in a few of its low bits, or not at all. */
const neighbours = anyAddress.chain((one) =>
  fc.bigInt(0n, (1n << BigInt(widthOf(one.family))) - 1n).chain((noise) =>
    fc.nat(widthOf(one.family)).map((kept): [Address, Address] => {
      const mask = (1n << BigInt(widthOf(one.family) - kept)) - 1n;
      return [one, addressFromBigInt(one.family, addressToBigInt(one) ^ (noise & mask))];
    }),
  ),
);

function prefix(text: string): Prefix {
  const read = parsePrefix(text);
  if (!read.ok) throw new Error(`${text} is not a prefix`);
  return read.value;
}

describe('as ipaddr.js has it,', () => {
  test('an address has these bytes and this text (RFC 5952)', () => {
    fc.assert(
      fc.property(anyAddress, (one) => {
        const bytes = theirs(one).toByteArray();
        expect(addressToBigInt(one)).toBe(bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n));
        expect(formatAddress(one)).toBe(ours(ipaddr.fromByteArray(bytes)));
      }),
    );
  });

  test('IPv6 with many zero groups has this text', () => {
    const group = fc.constantFrom('0', '0', '0', '1', 'ab', 'ffff');
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const read = parseAddress(groups.join(':'));
        const text = read.ok ? formatAddress(read.value) : '';
        // IPv4-mapped is shown dotted by us and by Go, as RFC 5952 §5 recommends, and in hexadecimal by ipaddr.js.
        expect(text).toBe(text.startsWith('::ffff:') && text.includes('.') ? text : ipaddr.parse(groups.join(':')).toString());
      }),
    );
  });

  test('a prefix has these first and last addresses, and this text', () => {
    fc.assert(
      fc.property(withLength, ([one, length]) => {
        const text = `${formatAddress(one)}/${length}`;
        const family = one.family === 'IPv4' ? ipaddr.IPv4 : ipaddr.IPv6;
        const { first, last } = rangeOf(prefix(text));
        expect(formatAddress(first)).toBe(ours(family.networkAddressFromCIDR(text)));
        expect(formatAddress(last)).toBe(ours(family.broadcastAddressFromCIDR(text)));
        expect(formatPrefix(prefix(text))).toBe(`${ours(family.networkAddressFromCIDR(text))}/${length}`);
      }),
    );
  });

  test('an address is in a prefix, or not', () => {
    fc.assert(
      fc.property(neighbours, fc.nat(128), ([one, other], bits) => {
        const length = bits % (widthOf(one.family) + 1);
        const within = prefix(`${formatAddress(one)}/${length}`);
        expect(rangeContains(rangeOf(within), other)).toBe(
          theirs(other).match(ipaddr.parseCIDR(`${formatAddress(one)}/${length}`)),
        );
      }),
    );
  });

  test('addresses of one family are in this order', () => {
    fc.assert(
      fc.property(neighbours, ([a, b]) => {
        const [left, right] = [theirs(a).toByteArray(), theirs(b).toByteArray()];
        const differs = left.findIndex((byte, i) => byte !== right[i]);
        const expected = differs === -1 ? 0 : (left[differs] ?? 0) - (right[differs] ?? 0);
        expect(Math.sign(compareAddresses(a, b))).toBe(Math.sign(expected));
      }),
    );
  });

  test('an address is in a range exactly when it is in one of its prefixes', () => {
    fc.assert(
      fc.property(fc.oneof(anyRange, crowdedRange), anyAddress, crowdedRange, (range, far, { first: near }) => {
        const parts = prefixesOf(range);
        for (const one of [far, near, range.first, range.last]) {
          expect(rangeContains(range, one)).toBe(parts.some((part) => isIn(one, part)));
        }
      }),
    );
  });

  test('what is left of ranges is in the ranges and in nothing that was taken', () => {
    const some = fc.array(crowdedRange, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(some, some, crowdedRange, (ranges, taken, { first: one }) => {
        const within = (list: typeof ranges): boolean => list.flatMap(prefixesOf).some((part) => isIn(one, part));
        expect(setContains(rangeSet(subtract(ranges, rangeSet(taken))), one)).toBe(within(ranges) && !within(taken));
      }),
    );
  });
});

describe('ipaddr.js takes for an address, and we, as Go and node do, don’t:', () => {
  test.each([
    ['one hexadecimal and one missing number', '0x7f.1'],
    ['two numbers', '1.2'],
    ['one number', '4294967295'],
    ['a leading zero, which it reads as octal', '010.0.0.1'],
    ['hexadecimal', '0xa.0.0.1'],
  ])('%s: %s', (_, text) => {
    expect([ipaddr.isValid(text), isIP(text) !== 0, parseAddress(text).ok]).toEqual([true, false, false]);
  });

  test('a zone, which means something on one host only', () => {
    expect([ipaddr.isValid('fe80::1%eth0'), parseAddress('fe80::1%eth0').ok]).toEqual([true, false]);
  });

  test('a dotted quad after "::" as IPv4-mapped, though it is not', () => {
    const read = parseAddress('::1.2.3.4');
    expect(read.ok && formatAddress(read.value)).toBe('::102:304');
    expect(ipaddr.parse('::1.2.3.4').toString()).toBe('::ffff:102:304');
  });

  test.each(['10.0.0.0/08', '1.2/8', 'fc00::/064', 'fe80::1%eth0/64', '::ffff:10.0.0.0/120'])('the prefix %s', (text) => {
    expect([ipaddr.isValidCIDR(text), parsePrefix(text).ok]).toEqual([true, false]);
  });
});

test('nothing that is read makes the reader throw, and what it reads it reads again from what it writes (FuzzParseCIDR)', () => {
  const piece = fc.constantFrom(
    '10',
    '0',
    '255',
    '256',
    '.',
    ':',
    '::',
    '/',
    '-',
    ' ',
    'fc00',
    '32',
    '64',
    '129',
    '%',
    '٣',
    '\0',
    '1e1',
  );
  const text = fc.oneof(
    fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join('')),
    fc.string(),
    fc.string({ unit: 'binary' }),
  );
  fc.assert(
    fc.property(text, (one) => {
      for (const read of [parseRange(one), parsePrefix(one)]) {
        if (!read.ok) expect(read.issues.length).toBeGreaterThan(0);
      }
      const read = parsePrefix(one);
      if (read.ok) expect(prefix(formatPrefix(read.value))).toEqual(read.value);
    }),
  );
});

test('an address can be had back from its key, and two addresses never have one key', () => {
  fc.assert(
    fc.property(anyAddress, anyAddress, (one, other) => {
      expect(addressOfKey(addressKey(one))).toEqual(one);
      expect(addressKey(one) === addressKey(other)).toBe(compareAddresses(one, other) === 0);
    }),
  );
});
