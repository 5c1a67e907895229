import { describe, expect, test } from 'vitest';
import { LAN, WAN } from '../../../src/membership/memberlist/settings.js';
import { confirm, deadline, patience, suspect } from '../../../src/membership/memberlist/suspicion.js';

describe('a suspicion that began at 0, in milliseconds', () => {
  test.each([
    ['3 nodes, whom nobody else can confirm', 3, [], 4000],
    ['3 nodes, though somebody confirms', 3, ['b'], 4000],
    ['4 nodes, unconfirmed', 4, [], 24_000],
    ['4 nodes, confirmed by two', 4, ['b', 'c'], 4000],
    ['5 nodes, unconfirmed', 5, [], 24_000],
    ['5 nodes, confirmed by one', 5, ['b'], 11_381],
    ['5 nodes, confirmed twice by the same', 5, ['b', 'b'], 11_381],
    ['5 nodes, confirmed by the accuser', 5, ['a', 'a'], 24_000],
    ['5 nodes, confirmed by two', 5, ['b', 'c'], 4000],
    ['5 nodes, confirmed by more than needed', 5, ['b', 'c', 'd'], 4000],
    ['20 nodes, unconfirmed', 20, [], 31_224],
    ['20 nodes, confirmed by one', 20, ['b'], 14_807],
    ['20 nodes, confirmed by two', 20, ['b', 'c'], 5204],
    ['20 nodes, confirmed by three', 20, ['b', 'c', 'd'], 5204],
  ])('among %s', (_, size, confirmedBy, expected) => {
    let suspicion = suspect('a', patience(size, LAN), 0);
    for (const member of confirmedBy) suspicion = confirm(suspicion, member);
    expect(deadline(suspicion)).toBe(expected);
  });

  test('is the same value after what is no news', () => {
    const suspicion = suspect('a', patience(5, LAN), 0);
    expect(confirm(suspicion, 'a')).toBe(suspicion);
  });
});

test.each([
  ['LAN', LAN, 1, { minMs: 4000, maxMs: 24_000, expected: 0 }],
  ['LAN', LAN, 10, { minMs: 4000, maxMs: 24_000, expected: 2 }],
  ['LAN', LAN, 100, { minMs: 8000, maxMs: 48_000, expected: 2 }],
  ['WAN', WAN, 5, { minMs: 30_000, maxMs: 180_000, expected: 0 }],
  ['WAN', WAN, 6, { minMs: 30_000, maxMs: 180_000, expected: 4 }],
  ['without confirmations', { ...LAN, suspicionMult: 1 }, 9, { minMs: 1000, maxMs: 6000, expected: 0 }],
])('the patience of a %s cluster', (_, tuning, size, expected) => {
  expect(patience(size, tuning)).toEqual(expected);
});
