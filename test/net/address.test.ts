import { isIP } from 'node:net';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, test } from 'vitest';
import {
  type Address,
  addressFromBigInt,
  addressToBigInt,
  compareAddresses,
  formatAddress,
  isBuggy,
  nextAddress,
  parseAddress,
  sameAddress,
} from '../../src/net/address.js';
import { anyAddress } from './arbitrary.js';

function address(text: string): Address {
  const read = parseAddress(text);
  if (!read.ok) throw new Error(`${text} is not an address`);
  return read.value;
}

describe('an address', () => {
  test.each([
    ['is dotted quad', '192.168.1.240', '192.168.1.240'],
    ['is the lowest', '0.0.0.0', '0.0.0.0'],
    ['is the highest', '255.255.255.255', '255.255.255.255'],
    ['is IPv6 in full', '2001:0DB8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
    ['is all zeros', '::', '::'],
    ['ends in zeros', 'fc00::', 'fc00::'],
    ['has one zero group, which is not shortened', '2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['has two runs of zeros, of which the longer is shortened', '2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['has two equal runs, of which the first is shortened', '2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['ends in a dotted quad', '64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['is IPv4-mapped, which is shown dotted', '::ffff:c000:221', '::ffff:192.0.2.33'],
  ])('that %s reads %s and writes %s', (_, text, canonical) => {
    expect(formatAddress(address(text))).toBe(canonical);
  });

  test.each([
    ['is empty', '', 'it is empty'],
    ['has three numbers', '1.2.3', 'IPv4 has four numbers between dots, this has 3'],
    ['has five numbers', '1.2.3.4.5', 'this has 5'],
    ['has a leading zero', '010.0.0.1', '"010" has a leading zero, which some programs read as octal'],
    ['has a number too large', '1.2.3.256', '256 is more than 255'],
    ['has a hole', '1..3.4', 'a number is missing between two dots'],
    ['has letters', '1.2.3.x', '"x" is not a decimal number'],
    ['has a space around it', ' 1.2.3.4', 'there is a space in it'],
    ['is negative', '1.2.3.-4', '"-4" is not a decimal number'],
    ['is hexadecimal', '0x1.2.3.4', '"0x1" is not a decimal number'],
    ['is a word', 'localhost', 'this has 1'],
    ['has a zone', 'fe80::1%eth0', 'a zone (after %) means something on one host only'],
    ['has seven groups', '1:2:3:4:5:6:7', 'IPv6 has eight groups, this has 7'],
    ['has nine groups', '1:2:3:4:5:6:7:8:9', 'this has 9'],
    ['has two "::"', '1::2::3', '"::" may stand once'],
    ['has "::" beside eight groups', '1:2:3:4::5:6:7:8', '"::" stands for at least one group'],
    ['has three colons', '1:::2', 'a group is missing between two colons'],
    ['ends in a colon', '1:2:3:4:5:6:7:', 'a group is missing between two colons'],
    ['has a long group', '2001:db8::12345', '"12345" is not a group of one to four hexadecimal digits'],
    ['has a dotted quad in the middle', '1::1.2.3.4:5', '"1.2.3.4" is not a group'],
    ['has a wrong dotted quad', '::1.2.3.400', '400 is more than 255'],
  ])('that %s is refused', (_, text, why) => {
    const read = parseAddress(text, 'spec.x');
    expect(read).toMatchObject({ ok: false, issues: [{ code: 'ADDRESS_MALFORMED', path: 'spec.x' }] });
    expect(read.ok ? '' : read.issues[0]?.message).toContain(why);
  });

  test('written and read is the same', () => {
    fc.assert(
      fc.property(anyAddress, (one) => {
        expect(address(formatAddress(one))).toEqual(one);
      }),
    );
  });

  test('is written as ipaddr.js does (RFC 5952)', () => {
    fc.assert(
      fc.property(anyAddress, (one) => {
        expect(formatAddress(one)).toBe(ipaddr.parse(formatAddress(one)).toString());
      }),
    );
  });

  test('is one exactly when node says so, but for zones', () => {
    const piece = fc.constantFrom(
      '0',
      '1',
      '01',
      '255',
      '256',
      '.',
      ':',
      '::',
      'a',
      'ffff',
      'fffff',
      '1.2.3.4',
      '%',
      ' ',
      '-',
      '',
    );
    const text = fc.oneof(
      fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
      fc
        .array(fc.constantFrom('0', '10', '1a', '255', '299', '00'), { minLength: 3, maxLength: 5 })
        .map((parts) => parts.join('.')),
      fc.array(fc.constantFrom('0', '1', 'abcd', '', 'g'), { minLength: 6, maxLength: 9 }).map((parts) => parts.join(':')),
      fc.ipV4(),
      fc.ipV6(),
      fc.string(),
    );
    fc.assert(
      fc.property(text, (one) => {
        expect(parseAddress(one).ok).toBe(isIP(one) !== 0 && !one.includes('%'));
      }),
      { numRuns: 2000 },
    );
  });

  test('is the integer it came from', () => {
    fc.assert(
      fc.property(anyAddress, (one) => {
        expect(addressFromBigInt(one.family, addressToBigInt(one))).toEqual(one);
      }),
    );
  });

  test('sorts IPv4 before IPv6, and by number within a family', () => {
    fc.assert(
      fc.property(anyAddress, anyAddress, (a, b) => {
        const expected = a.family === b.family ? Number(addressToBigInt(a) - addressToBigInt(b)) : a.family === 'IPv4' ? -1 : 1;
        expect(Math.sign(compareAddresses(a, b))).toBe(Math.sign(expected));
        expect(sameAddress(a, b)).toBe(expected === 0);
      }),
    );
  });

  test('is followed by the next integer, until the last', () => {
    fc.assert(
      fc.property(anyAddress, (one) => {
        const after = nextAddress(one);
        const isLast = addressToBigInt(one) === (one.family === 'IPv4' ? 2n ** 32n : 2n ** 128n) - 1n;
        expect(after === undefined ? undefined : addressToBigInt(after)).toBe(isLast ? undefined : addressToBigInt(one) + 1n);
      }),
    );
  });

  test.each([
    ['10.0.0.0', true],
    ['10.0.0.255', true],
    ['10.0.0.1', false],
    ['10.0.255.254', false],
    ['2001:db8::', false],
    ['2001:db8::ff', false],
  ])('%s: ends in .0 or .255 is %s', (text, buggy) => {
    expect(isBuggy(address(text))).toBe(buggy);
  });
});
