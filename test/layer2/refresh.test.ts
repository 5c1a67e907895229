import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { refreshAt } from '../../src/layer2/refresh.js';
import { type AddressKey, addressKey, ipv6 } from '../../src/net/address.js';

const MINUTE = 60_000;

test('a refresh comes once in each interval, always at the same point of it', () => {
  const key = fc.oneof(fc.nat(), fc.string({ minLength: 8, maxLength: 8 }));
  fc.assert(
    fc.property(key, fc.nat(1e9), (address, after) => {
      const first = refreshAt(address, MINUTE, after);
      expect(first).toBeGreaterThan(after);
      expect(first).toBeLessThanOrEqual(after + MINUTE);
      expect(refreshAt(address, MINUTE, first - 0.001)).toBeCloseTo(first, 6);
      expect(refreshAt(address, MINUTE, first + 20_000)).toBeCloseTo(first + MINUTE, 6);
    }),
  );
});

const v6 = (i: number): AddressKey => addressKey(ipv6([0xfd000000, 0, 0, i]));
const v4 = (i: number): AddressKey => 0xc0a80000 + i;

test('a host with many addresses is woken once a second, not for each of them', () => {
  const points = new Set(Array.from({ length: 5000 }, (_, i) => refreshAt(v4(i), MINUTE, 0)));
  expect([...points].sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => 1000 * (i + 1)));
});

describe('the refreshes of 5,000 addresses are spread over the minute', () => {
  test.each([
    ['neighbours', v4],
    ['the first of each /24', (i: number) => 0x0a000000 + 256 * i],
    ['IPv6 neighbours', v6],
    ['the first of each IPv6 /64', (i: number) => addressKey(ipv6([0xfd000000, i, 0, 1]))],
  ])('%s', (_, key) => {
    const perSecond = Array<number>(60).fill(0);
    for (let i = 0; i < 5000; i++) {
      const second = Math.floor(refreshAt(key(i), MINUTE, 0) / 1000) % 60;
      perSecond[second] = (perSecond[second] ?? 0) + 1;
    }
    // 83 on average; chance alone stays within four standard deviations of 9.
    expect(Math.min(...perSecond)).toBeGreaterThan(46);
    expect(Math.max(...perSecond)).toBeLessThan(121);
  });
});
