/** Addresses and ranges for laws: any, and crowded ones that meet often. */
import fc from 'fast-check';
import { type Address, compareAddresses, ipv4, ipv6 } from '../../src/net/address.js';
import { isIpv4Mapped } from '../../src/net/prefix.js';
import type { Range } from '../../src/net/range.js';

const word = fc.oneof(fc.constantFrom(0, 1, 0xffff, 0x10000, 0xffff0000, 0xffffffff), fc.integer({ min: 0, max: 0xffffffff }));

const anyIpv4: fc.Arbitrary<Address> = word.map(ipv4);
const anyIpv6: fc.Arbitrary<Address> = fc
  .tuple(word, word, word, word)
  .map(ipv6)
  .filter((one) => !isIpv4Mapped(one));
export const anyAddress: fc.Arbitrary<Address> = fc.oneof(anyIpv4, anyIpv6);

/** Addresses of a few hundred, so that ranges of them overlap and touch. */
const crowded: fc.Arbitrary<Address> = fc.oneof(
  fc.integer({ min: 0, max: 300 }).map((low) => ipv4(0x0a000000 + low)),
  fc.integer({ min: 0, max: 300 }).map((low) => ipv6([0x20010db8, 0, 0, low])),
);

const rangeOver = (addresses: fc.Arbitrary<Address>): fc.Arbitrary<Range> =>
  fc
    .tuple(addresses, addresses)
    .filter(([a, b]) => a.family === b.family)
    .map(([a, b]) => (compareAddresses(a, b) <= 0 ? { first: a, last: b } : { first: b, last: a }));

export const anyRange: fc.Arbitrary<Range> = rangeOver(anyAddress);
export const crowdedRange: fc.Arbitrary<Range> = rangeOver(crowded);
