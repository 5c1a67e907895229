import { describe, expect, test } from 'vitest';
import { Broadcasts, MOST_PARTS, retransmitLimit } from '../../../src/membership/memberlist/broadcasts.js';
import type { Suspect } from '../../../src/membership/memberlist/message.js';

const about = (node: string, incarnation = 1): Suspect => ({ kind: 'suspect', node, incarnation, from: 'z' });
const queue = (...sizes: readonly (readonly [node: string, size: number])[]): Broadcasts => {
  const broadcasts = new Broadcasts();
  for (const [node, size] of sizes) broadcasts.add(about(node), size);
  return broadcasts;
};
const draw = (broadcasts: Broadcasts, budget: number, limit = 4): string =>
  broadcasts
    .draw(budget, MOST_PARTS, limit)
    .map(({ node }) => node)
    .join('');

test.each([
  [1, 4],
  [8, 4],
  [9, 4],
  [10, 8],
  [98, 8],
  [99, 8],
  [100, 12],
])('among %i nodes a message is sent %i times', (size, times) => {
  expect(retransmitLimit(size, 4)).toBe(times);
});

describe('a draw', () => {
  test('takes the longest first, and of equals the newest', () => {
    expect(draw(queue(['a', 10], ['b', 30], ['c', 20], ['d', 20]), 1000)).toBe('bdca');
  });
  test('takes the longest that still fits, two bytes a message for its length', () => {
    expect(draw(queue(['a', 10], ['b', 30], ['c', 21], ['d', 20]), 32 + 22)).toBe('bd');
    expect(draw(queue(['a', 10]), 12)).toBe('a');
    expect(draw(queue(['a', 10]), 11)).toBe('');
  });
  test('takes what was sent less often first, then fills up', () => {
    const broadcasts = queue(['a', 30], ['b', 10]);
    expect(draw(broadcasts, 32)).toBe('a');
    expect(draw(broadcasts, 44)).toBe('ba');
    broadcasts.add(about('c'), 5);
    expect(draw(broadcasts, 1000)).toBe('cba');
  });
  test('leaves what is longer than the budget for later', () => {
    const broadcasts = queue(['a', 2000], ['b', 10]);
    expect(draw(broadcasts, 1400)).toBe('b');
    expect(broadcasts.has('a')).toBe(true);
  });
  test('takes no more than a compound message may have', () => {
    const broadcasts = queue(...Array.from({ length: 300 }, (_, i) => [`n${i}`, 1] as const));
    expect(broadcasts.draw(10_000, MOST_PARTS, 4)).toHaveLength(255);
  });
});

test('a message is gone after its last sending', () => {
  const broadcasts = queue(['a', 10]);
  expect([1, 2, 3, 4, 5].map(() => draw(broadcasts, 100, 4))).toEqual(['a', 'a', 'a', 'a', '']);
  expect(broadcasts.has('a')).toBe(false);
});

test('a newer message about the same node takes the place of the older and is sent as often as any', () => {
  const broadcasts = queue(['a', 10]);
  draw(broadcasts, 100);
  broadcasts.add(about('a', 2), 10);
  expect(broadcasts.size).toBe(1);
  expect([1, 2, 3, 4, 5].map(() => broadcasts.draw(100, MOST_PARTS, 4).map(({ incarnation }) => incarnation))).toEqual([
    [2],
    [2],
    [2],
    [2],
    [],
  ]);
});
