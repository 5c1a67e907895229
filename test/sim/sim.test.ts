/**
 * Clusters to which things happen, in simulated time: as many stories as a test may take. `npm run sim -- --seeds N` tells more.
 */
import { expect, test } from 'vitest';
import { storyOf } from './author.js';
import { costOf } from './cost.js';
import { watchLong } from './long.js';
import { failuresOf, historyOf } from './report.js';

const SEEDS = 1200;
const PARTS = 12;

test.each(Array.from({ length: PARTS }, (_, part) => [part * (SEEDS / PARTS) + 1, (part + 1) * (SEEDS / PARTS)]))(
  'whatever befalls a cluster, an address has one owner afterwards: seeds %i to %i',
  (first, last) => {
    expect(failuresOf(first, last - first + 1).join('\n')).toBe('');
  },
);

test('the same seed tells the same history', () => {
  const [once, again] = [historyOf(storyOf(7)), historyOf(storyOf(7))];
  expect(once.length).toBeGreaterThan(50);
  expect(again).toEqual(once);
  expect(historyOf(storyOf(8))).not.toEqual(once);
});

test('what happens to a cluster is neither nothing nor always the same', () => {
  const kinds = new Set<string>();
  for (let seed = 1; seed <= 200; seed++) for (const { kind } of storyOf(seed).events) kinds.add(kind);
  expect([...kinds].sort()).toEqual(
    'add admit bar cordon crash cut deselect lag leave power remove stale stall start suspend uncordon unplug weather'.split(' '),
  );
});

test('five nodes that are left alone at two per cent of loss take nothing over', () => {
  const { takeovers, questions } = watchLong({ seed: 1, hours: 2 });
  expect(takeovers).toBe(0);
  // Loss alone made some of them falter.
  expect(questions).toBeGreaterThan(0);
});

test('a cluster at rest sends ten beats a second to each peer, and says nothing', () => {
  expect(costOf(20, 100)).toEqual({ beats: 190, words: 0 });
});
