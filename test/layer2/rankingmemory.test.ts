import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rank, type Scored } from '../../src/layer2/ranking.js';
import { keepOnly, newRankingMemory, rankingIn, votersIn } from '../../src/layer2/rankingmemory.js';

const ADDRESSES = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];
/** More than are ranked anew each time. */
const NAMES = [...'abcdefghijkl'];
const scored = fc.record({ node: fc.constantFrom(...NAMES), score: fc.nat(1), cordoned: fc.boolean() });
const candidates = fc.uniqueArray(scored, { selector: ({ node }) => node, size: 'max', maxLength: NAMES.length });

test('whatever was asked for before, and forgotten, the answer is that of a ranking', () => {
  const asked = fc.record({ candidates, address: fc.constantFrom(...ADDRESSES), kept: fc.subarray(ADDRESSES) });
  fc.assert(
    fc.property(fc.array(asked), (questions) => {
      const memory = newRankingMemory();
      for (const { candidates, address, kept } of questions) {
        expect(rankingIn(memory, votersIn(memory, candidates), address)).toEqual(rank(candidates, address));
        keepOnly(memory, new Set(kept));
      }
    }),
  );
});

test('two worlds that are compared have both their rankings', () => {
  const memory = newRankingMemory();
  const [before, after] = [named('a', 'b'), named('a', 'b', 'c')].map((one) => votersIn(memory, one));
  if (before === undefined || after === undefined) throw new Error('there are two');
  const first = rankingIn(memory, before, '10.0.0.1');
  rankingIn(memory, after, '10.0.0.1');
  expect(rankingIn(memory, before, '10.0.0.1')).toBe(first);
});

test('equal candidates are one object, and others have another number, also when some were forgotten', () => {
  const memory = newRankingMemory();
  const first = votersIn(memory, named('a'));
  expect(votersIn(memory, named('a'))).toBe(first);
  keepOnly(memory, new Set());
  expect(votersIn(memory, named('b')).number).not.toBe(first.number);
});

test('of an address only the newest ranking is kept, and nothing of one that is gone', () => {
  const memory = newRankingMemory();
  const [some, all] = [named(...NAMES.slice(1)), named(...NAMES)];
  for (const one of [some, all]) for (const address of ADDRESSES) rankingIn(memory, votersIn(memory, one), address);
  keepOnly(memory, new Set(['10.0.0.1']));
  expect([...memory.rankings].map(([address, known]) => [address, known.length])).toEqual([['10.0.0.1', 1]]);
  expect([...memory.voters.values()].map(({ scored: kept }) => kept)).toEqual([all]);
});

test('what few candidates come to is not kept', () => {
  const memory = newRankingMemory();
  rankingIn(memory, votersIn(memory, named('a', 'b', 'c')), '10.0.0.1');
  keepOnly(memory, new Set(ADDRESSES));
  expect(memory.rankings.size + memory.voters.size).toBe(0);
});

const named = (...names: string[]): Scored[] => names.map((node) => ({ node, score: 0 }));
