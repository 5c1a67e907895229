import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readSubnet, type Subnet } from '../../src/config/subnet.js';
import { indexSubnets, subnetsTouching } from '../../src/config/subnetindex.js';
import { parsePrefix } from '../../src/net/prefix.js';
import { type Range, rangeOf, rangesOverlap } from '../../src/net/range.js';

const prefixText = fc.oneof(
  fc.tuple(fc.nat(3), fc.nat(255), fc.integer({ min: 8, max: 32 })).map(([a, b, length]) => `10.0.${a}.${b}/${length}`),
  fc.tuple(fc.nat(255), fc.integer({ min: 112, max: 128 })).map(([a, length]) => `fd00::${a.toString(16)}/${length}`),
);

function subnetOf(text: string): Subnet {
  const read = readSubnet({ 'arpeggio.dev/subnet': text });
  if (!read.ok || read.value === undefined) throw new Error(text);
  return read.value;
}

function rangeIn(text: string): Range {
  const read = parsePrefix(text);
  if (!read.ok) throw new Error(text);
  return rangeOf(read.value);
}

test('the index finds what a search of all subnets finds, in their order', () => {
  fc.assert(
    fc.property(fc.array(prefixText, { maxLength: 12 }), fc.array(prefixText, { maxLength: 3 }), (subnets, entries) => {
      const known = subnets.map((text) => ({ subnet: subnetOf(text) }));
      const ranges = entries.map(rangeIn);
      const slowly = known.filter(({ subnet }) => ranges.some((range) => rangesOverlap(rangeOf(subnet.prefix), range)));
      expect(subnetsTouching(indexSubnets(known), ranges)).toEqual(slowly);
    }),
  );
});
