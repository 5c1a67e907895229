import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Address, addressFromBigInt, compareAddresses, formatAddress, ipv4, ipv6 } from '../../src/net/address.js';
import { formatPrefix, type Prefix } from '../../src/net/prefix.js';
import { parseRange, prefixesOf, type Range, rangeContains, rangeOf } from '../../src/net/range.js';
import { rangeSet } from '../../src/net/rangeset.js';
import { captureFilter, coveringPrefixes } from '../../src/packet/filter.js';
import { type ArpText, arpFrame, mac } from './frames.js';
import { type NeighbourText, neighbourFrame } from './neighbourframes.js';
import { readFilter } from './pcap.js';

const range = (text: string): Range => {
  const read = parseRange(text);
  if (!read.ok) throw new Error(text);
  return read.value;
};
const LAST = (1n << 128n) - 1n;
const OWN = mac('02:00:00:00:00:01');
const filter = (...ranges: string[]): string => captureFilter({ mac: OWN, prefixes: ranges.map(range).flatMap(prefixesOf) });
const bytesOf = (frame: DataView): Buffer => Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);

const NOT_OURS = 'not ether src 02:00:00:00:00:01';
const MALFORMED = 'len < 42 or len > 128 or arp[0:2] != 1 or arp[2:2] != 0x0800 or arp[4:2] != 0x0604';
const ARP_TO_US = '(arp[6:2] = 2 and ether dst 02:00:00:00:00:01)';
const NEIGHBOUR_TO_US = '(ip6[40] = 136 and ether dst 02:00:00:00:00:01)';
/** What the words of ARP, if any, and of neighbour discovery make together. */
const whole = (arp: string, neighbours: string): string =>
  `((arp and ${NOT_OURS} and (${MALFORMED} or ${arp}${ARP_TO_US})) or (ip6[6] = 58 and ${NOT_OURS} and (${neighbours}${NEIGHBOUR_TO_US}))) and not vlan`;

describe('the filter of IPv4 alone', () => {
  test.each([
    ['names a whole prefix by its mask', ['192.168.10.0/24'], (at: number) => `(arp[${at}:4] & 0xffffff00) = 0xc0a80a00`],
    ['names one address without a mask', ['192.0.2.7/32'], (at: number) => `arp[${at}:4] = 0xc0000207`],
    [
      'names each prefix',
      ['10.0.0.0-10.0.0.2'],
      (at: number) => `((arp[${at}:4] & 0xfffffffe) = 0x0a000000 or arp[${at}:4] = 0x0a000002)`,
    ],
    ['lets every address through for 0.0.0.0/0', ['0.0.0.0/0'], (at: number) => `(arp[${at}:4] & 0x00000000) = 0x00000000`],
  ])('%s, as target and as sender', (_, ranges, within) => {
    expect(filter(...ranges)).toBe(whole(`(arp[6:2] = 1 and ${within(24)}) or ${within(14)} or `, ''));
  });

  test('lets nothing that anybody asks through without prefixes', () => {
    expect(filter()).toBe(whole('', ''));
  });
});

describe('the filter of IPv6 alone', () => {
  test.each([
    [
      'names one address by its four words',
      ['2001:db8::f0/128'],
      '(ip6[48:4] = 0x20010db8 and (ip6[52:4] = 0x00000000 and (ip6[56:4] = 0x00000000 and ip6[60:4] = 0x000000f0)))',
    ],
    ['names a prefix by as many words as it has', ['2001:db8:0:7::/64'], '(ip6[48:4] = 0x20010db8 and ip6[52:4] = 0x00000007)'],
    ['masks the last of them', ['2001:db8::/33'], '(ip6[48:4] = 0x20010db8 and (ip6[52:4] & 0x80000000) = 0x00000000)'],
    ['names a short prefix by its first word', ['2001:db8::/29'], '(ip6[48:4] & 0xfffffff8) = 0x20010db8'],
    ['names a prefix of one word by it', ['2001:db8::/32'], 'ip6[48:4] = 0x20010db8'],
    ['lets every address through for ::/0', ['::/0'], '(ip6[48:4] & 0x00000000) = 0x00000000'],
    [
      'names what addresses have in common once',
      ['2001:db8::/128', '2001:db8::f0/128', '2001:db8::f:0:0/128', 'fd00::/8'],
      '((ip6[48:4] & 0xff000000) = 0xfd000000 or (ip6[48:4] = 0x20010db8 and (ip6[52:4] = 0x00000000 and ((ip6[56:4] = 0x00000000 and (ip6[60:4] = 0x00000000 or ip6[60:4] = 0x000000f0)) or (ip6[56:4] = 0x0000000f and ip6[60:4] = 0x00000000)))))',
    ],
  ])('%s', (_, ranges, within) => {
    expect(filter(...ranges)).toBe(whole('', `((ip6[40] = 135 or ip6[40] = 136) and ${within}) or `));
  });
});

test('the filter of both families is one or the other, without a tag', () => {
  const arp = '(arp[6:2] = 1 and arp[24:4] = 0xc0000207) or arp[14:4] = 0xc0000207 or ';
  const neighbour = '((ip6[40] = 135 or ip6[40] = 136) and ip6[48:4] = 0x20010db8) or ';
  expect(filter('192.0.2.7/32', '2001:db8::/32')).toBe(whole(arp, neighbour));
});

describe('for 192.0.2.0/28, 192.0.2.77, 2001:db8::10-2001:db8::1f and 2001:db8:1::/48 the kernel hands us', () => {
  const lets = readFilter(filter('192.0.2.0/28', '192.0.2.77/32', '2001:db8::10-2001:db8::1f', '2001:db8:1::/48'));
  const arp = (text: Partial<ArpText>): DataView => arpFrame({ target: '198.51.100.1', sender: '198.51.100.2', ...text });
  const message = (text: Partial<NeighbourText>): DataView => neighbourFrame({ target: '2001:db8::10', ...text });
  const ours = '02:00:00:00:00:01';
  test.each<[string, DataView, boolean]>([
    ['a request for an address of ours', arp({ target: '192.0.2.15' }), true],
    ['a request for a single address', arp({ target: '192.0.2.77' }), true],
    ['a request for the next address', arp({ target: '192.0.2.16' }), false],
    ['a reply to an address of ours', arp({ target: '192.0.2.15', operation: 2 }), false],
    ['a request from an address of ours', arp({ sender: '192.0.2.15' }), true],
    ['a reply from an address of ours', arp({ sender: '192.0.2.15', operation: 2 }), true],
    ['a reply from a single address', arp({ sender: '192.0.2.77', operation: 2 }), true],
    ['a reply from the next address', arp({ sender: '192.0.2.16', operation: 2 }), false],
    ['an answer to us from any address', arp({ sender: '192.0.2.16', operation: 2, to: ours }), true],
    ['a request to us from any address', arp({ sender: '192.0.2.16', to: ours }), false],
    ['a stranger’s gratuitous request', arp({ sender: '192.0.2.15', target: '192.0.2.15' }), true],
    ['our own gratuitous request', arp({ sender: '192.0.2.15', target: '192.0.2.15', from: ours }), false],
    ['our own reply', arp({ sender: '192.0.2.15', operation: 2, from: ours }), false],
    ['our own malformed ARP', arp({ protocolLength: 16, from: ours }), false],
    ['short ARP', arp({ length: 41 }), true],
    ['ARP that ends with its head', arp({ length: 14 }), true],
    ['long ARP', arp({ length: 129 }), true],
    ['ARP that lies', arp({ hardwareLength: 8 }), true],
    ['tagged ARP', arp({ target: '192.0.2.15', etherType: 0x8100 }), false],
    ['IPv4 that looks like ARP', arp({ target: '192.0.2.15', etherType: 0x0800 }), false],
    ['IPv6 that looks like ARP', arp({ target: '192.0.2.15', etherType: 0x86dd }), false],
    ['a solicitation for an address of ours', message({}), true],
    ['a solicitation for the last of a range', message({ target: '2001:db8::1f' }), true],
    ['a solicitation for the next address', message({ target: '2001:db8::20' }), false],
    ['a solicitation for the one before', message({ target: '2001:db8::f' }), false],
    ['a solicitation within a prefix', message({ target: '2001:db8:1:2:3:4:5:6' }), true],
    ['a solicitation beside a prefix', message({ target: '2001:db8:2::' }), false],
    ['a probe', message({ source: '::', options: [] }), true],
    ['a solicitation to the address itself', message({ to: '020000000001', destination: '2001:db8::10' }), true],
    ['an advertisement', message({ type: 136, destination: 'ff02::1' }), true],
    ['an answer to us about any address', message({ type: 136, target: '2001:db8::20', to: '020000000001' }), true],
    ['our own advertisement', message({ type: 136, destination: 'ff02::1', from: ours }), false],
    ['our own solicitation', message({ from: ours }), false],
    ['a redirect', message({ type: 137 }), false],
    ['a router advertisement', message({ type: 134 }), false],
    ['a fragment', message({ nextHeader: 44 }), false],
    ['a solicitation that ends within its target', message({ length: 77 }), false],
    ['a padded solicitation', message({ length: 120 }), true],
    ['a tagged solicitation', message({ etherType: 0x8100 }), false],
    ['a solicitation that says it is ARP, and is not', message({ etherType: 0x0806 }), true],
    ['a frame without a type', arp({ length: 13 }), false],
    ['nothing', arp({ length: 0 }), false],
  ])('%s', (_, frame, through) => {
    expect(lets(bytesOf(frame))).toBe(through);
  });
});

describe('of any ranges', () => {
  // Few places, so that frames meet ranges: four blocks a family, each 512 addresses long.
  const place = fc.record({ block: fc.nat(3), low: fc.nat(0x1ff) });
  type Place = { readonly block: number; readonly low: number };
  const v4At = ({ block, low }: Place): Address => ipv4((0xc0000000 + block * 0x1000000 + low) >>> 0);
  const v6At = ({ block, low }: Place): Address => ipv6([0x20010db8, block >>> 1, ((block & 1) << 31) >>> 0, low]);
  const someRanges = fc.array(
    fc.tuple(place, fc.constantFrom(0, 1, 7, 100, 0x1ff), fc.constantFrom(v4At, v6At)).map(([first, size, at]): Range => {
      return { first: at(first), last: at({ ...first, low: Math.min(first.low + size, 0x1ff) }) };
    }),
    { minLength: 1, maxLength: 6 },
  );
  const arps = fc
    .tuple(place, place, fc.constantFrom(1, 2, 3))
    .map(([target, sender, operation]) =>
      arpFrame({ target: formatAddress(v4At(target)), sender: formatAddress(v4At(sender)), operation }),
    );
  const messages = fc
    .tuple(place, fc.constantFrom(133, 134, 135, 136, 137), fc.constantFrom(58, 58, 58, 44, 0))
    .map(([target, type, nextHeader]) => neighbourFrame({ target: formatAddress(v6At(target)), type, nextHeader }));
  const frames = fc.array(fc.oneof(arps, messages), { minLength: 1, maxLength: 30 });

  /** Said again in words: which whole frames of others are for us. */
  function isWanted(frame: DataView, ranges: readonly Range[]): boolean {
    const isOurs = (address: Address): boolean => ranges.some((one) => rangeContains(one, address));
    if (frame.getUint16(12) === 0x0806) {
      const isRequest = frame.getUint16(20) === 1;
      return isOurs(ipv4(frame.getUint32(28))) || (isRequest && isOurs(ipv4(frame.getUint32(38))));
    }
    const target = ipv6([frame.getUint32(62), frame.getUint32(66), frame.getUint32(70), frame.getUint32(74)]);
    return frame.getUint8(20) === 58 && [135, 136].includes(frame.getUint8(54)) && isOurs(target);
  }

  test('it lets through what is wanted, and nothing else while the prefixes are exact', () => {
    fc.assert(
      fc.property(someRanges, frames, (given, some) => {
        const lets = readFilter(captureFilter({ mac: OWN, prefixes: coveringPrefixes(given, 10_000) }));
        for (const frame of some) expect(lets(bytesOf(frame))).toBe(isWanted(frame, given));
      }),
    );
  });

  test('joined prefixes only ever let more through', () => {
    fc.assert(
      fc.property(someRanges, frames, fc.integer({ min: 1, max: 12 }), (given, some, limit) => {
        const lets = readFilter(captureFilter({ mac: OWN, prefixes: coveringPrefixes(given, limit) }));
        for (const frame of some) if (isWanted(frame, given)) expect(lets(bytesOf(frame))).toBe(true);
      }),
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
    ['merge ranges that touch', ['10.0.0.0/25', '10.0.0.128/25'], 4, ['10.0.0.0/24']],
    ['are exact for IPv6', ['2001:db8::1-2001:db8::2'], 2, ['2001:db8::1/128', '2001:db8::2/128']],
    [
      'join the closest neighbours of IPv6 first',
      ['2001:db8::/128', '2001:db8::3/128', '2001:db8:0:4::/64'],
      2,
      ['2001:db8::/126', '2001:db8:0:4::/64'],
    ],
    [
      'join neighbours of IPv6 across words',
      ['2001:db8::/128', '2001:db8:0:1::/64', 'fd00::/8'],
      2,
      ['2001:db8::/63', 'fd00::/8'],
    ],
    ['come down to one of IPv6', ['::1/128', 'fd00::/8'], 1, ['::/0']],
    ['put IPv4 before IPv6', ['2001:db8::/64', '10.0.0.0/24'], 4, ['10.0.0.0/24', '2001:db8::/64']],
    ['keep one of each family whatever the limit', ['::1/128', '1.0.0.0/8', 'fd00::/8'], 1, ['1.0.0.0/8', '::/0']],
    [
      'spare the family that has few',
      ['2001:db8::1/128', '10.0.0.0/32', '10.0.0.2/32', '10.0.0.4/32', '10.0.0.6/32'],
      3,
      ['10.0.0.0/30', '10.0.0.4/30', '2001:db8::1/128'],
    ],
    [
      'give each family half when both have many',
      ['10.0.0.0/32', '10.0.0.2/32', '10.0.0.4/32', '::1/128', '::2/128', '::4/128'],
      4,
      ['10.0.0.0/30', '10.0.0.4/32', '::/126', '::4/128'],
    ],
    ['are none for nothing', [], 4, []],
  ])('%s', (_, ranges, limit, prefixes) => {
    expect(coveringPrefixes(ranges.map(range), limit).map(formatPrefix)).toEqual(prefixes);
  });

  const ranges = fc.array(
    fc.oneof(
      fc
        .tuple(fc.nat(0xffffffff), fc.nat(5000))
        .map(([first, size]): Range => ({ first: ipv4(first), last: ipv4(Math.min(first + size, 0xffffffff)) })),
      fc.tuple(fc.bigInt(0n, LAST), fc.bigInt(0n, 200n), fc.nat(127)).map(([first, size, shift]): Range => {
        const last = first + (size << BigInt(shift));
        return { first: addressFromBigInt('IPv6', first), last: addressFromBigInt('IPv6', last > LAST ? LAST : last) };
      }),
    ),
    { maxLength: 40 },
  );

  test('cover every address, keep the limit, and neither overlap nor fall', () => {
    fc.assert(
      fc.property(ranges, fc.integer({ min: 2, max: 80 }), (given, limit) => {
        const prefixes = coveringPrefixes(given, limit);
        expect(prefixes.length).toBeLessThanOrEqual(limit);
        for (const { first, last } of given) {
          // A range lies in several prefixes if they follow each other, so both ends of every exact part are looked for.
          for (const part of prefixesOf({ first, last })) expect(prefixes.some((prefix) => holds(prefix, part))).toBe(true);
        }
        for (const [i, prefix] of prefixes.entries()) {
          const before = prefixes[i - 1];
          if (before !== undefined) expect(compareAddresses(rangeOf(before).last, prefix.address)).toBeLessThan(0);
          // No host bits: the filter compares the address as it is.
          expect(prefixesOf(rangeOf(prefix))).toEqual([prefix]);
        }
      }),
    );
  });

  test('are exactly the ranges when the limit allows it', () => {
    fc.assert(
      fc.property(ranges, (given) => {
        expect(rangeSet(coveringPrefixes(given, 100_000).map(rangeOf))).toEqual(rangeSet(given));
      }),
    );
  });

  test.each([
    ['IPv4', (i: number) => `10.${i % 250}.${(i * 7) % 256}.${(i * 13) % 256}/32`],
    ['IPv6', (i: number) => `2001:db8:${i % 250}:${(i * 7) % 256}::${i % 13}/128`],
  ])('of 5,000 scattered addresses of %s are as many as allowed', (_, text) => {
    expect(
      coveringPrefixes(
        Array.from({ length: 5000 }, (_, i) => range(text(i))),
        64,
      ),
    ).toHaveLength(64);
  });
});

const holds = (outer: Prefix, inner: Prefix): boolean =>
  rangeContains(rangeOf(outer), rangeOf(inner).first) && rangeContains(rangeOf(outer), rangeOf(inner).last);
