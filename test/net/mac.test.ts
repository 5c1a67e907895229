import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BROADCAST, formatMac, parseMac, readMac, sameMac, writeMac } from '../../src/net/mac.js';

const mac = fc.record({ high: fc.integer({ min: 0, max: 0xffffffff }), low: fc.integer({ min: 0, max: 0xffff }) });

describe('a MAC address', () => {
  test('written and read is the same, as text and as bytes', () => {
    fc.assert(
      fc.property(mac, (one) => {
        const bytes = new DataView(new ArrayBuffer(8));
        writeMac(bytes, 1, one);
        expect(sameMac(readMac(bytes, 1), one)).toBe(true);
        expect(parseMac(formatMac(one))).toEqual(one);
      }),
    );
  });

  test.each([
    ['has capital letters', 'FF:FF:FF:FF:FF:FF', BROADCAST],
    ['starts with zeros', '00:00:00:00:00:01', { high: 0, low: 1 }],
    ['has dashes', '02-00-00-00-00-01', undefined],
    ['is short', '02:00:00:00:00', undefined],
    ['is EUI-64', '02:00:00:00:00:00:00:01', undefined],
    ['lacks a digit', '2:00:00:00:00:01', undefined],
    ['is empty', '', undefined],
  ])('that %s', (_, text, expected) => {
    expect(parseMac(text)).toEqual(expected);
  });
});
