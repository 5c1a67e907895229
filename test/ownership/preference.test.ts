import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Ballot, ballotOf } from '../../src/layer2/ballot.js';
import { ABSENT, Preference, type Standing } from '../../src/ownership/preference.js';

const ballotFor = (rankings: readonly (readonly string[])[]): Ballot =>
  ballotOf(rankings.map((ranking, i) => ({ address: `192.0.2.${i}`, services: [], pool: 'p', interfaces: 'all', ranking })));

/** `*` marks a node that came back a short time ago, `-` one that declines the address. */
function bestOf(ranking: readonly string[], live: readonly string[]): string | undefined {
  const ballot = ballotFor([ranking]);
  const standings = new Map(
    live.map((text): [string, Standing] => [text.replace(/[*-]/, ''), { ...ABSENT, live: true, returning: text.includes('*') }]),
  );
  const declines = new Map(
    live.flatMap((text) => (text.includes('-') ? [[text.replace('-', ''), new Set(ballot.keys)] as const] : [])),
  );
  return ballot.nodes[new Preference(ballot, (node) => standings.get(node) ?? ABSENT, declines).best(0)];
}

test.each<[string, readonly string[], readonly string[], string | undefined]>([
  ['the first of the ranking, when all live', ['a', 'b'], ['a', 'b'], 'a'],
  ['the next, when the first is gone', ['a', 'b'], ['b'], 'b'],
  ['nobody, when none of the ranked lives', ['a', 'b'], ['c'], undefined],
  ['nobody, when none is ranked', [], ['a'], undefined],
  ['the next, while the first has just come back', ['a', 'b'], ['a*', 'b'], 'b'],
  ['one that has just come back, when no other may own it', ['a', 'b'], ['a*'], 'a'],
  ['the first of those that have just come back, when all have', ['a', 'b'], ['a*', 'b*'], 'a'],
  ['the next, when the first declines', ['a', 'b'], ['a-', 'b'], 'b'],
  ['one that has just come back, when the others decline', ['a', 'b'], ['a*', 'b-'], 'a'],
  ['nobody, when all decline', ['a', 'b'], ['a-', 'b-'], undefined],
])('the best is %s', (_, ranking, live, best) => {
  expect(bestOf(ranking, live)).toBe(best);
});

const names = ['a', 'b', 'c', 'd'];
const standings = fc.dictionary(
  fc.constantFrom(...names),
  fc.record({ live: fc.boolean(), returning: fc.boolean() }).map((one): Standing => ({ ...ABSENT, ...one })),
);

test('each node has one turn, in the same order whoever asks', () => {
  fc.assert(
    fc.property(fc.array(fc.shuffledSubarray(names), { maxLength: 10 }), standings, (rankings, given) => {
      const ballot = ballotFor(rankings);
      const preference = new Preference(ballot, (node) => given[node] ?? ABSENT, new Map());
      for (const [i, ranking] of rankings.entries()) {
        const mayOwn = ranking.filter((node) => given[node]?.live === true);
        const inTurn = mayOwn.sort((a, b) => Number(given[a]?.returning) - Number(given[b]?.returning));
        const turns = ballot.nodes.map((_, place) => preference.turnOf(i, place));
        expect(turns).toEqual(ballot.nodes.map((node) => inTurn.indexOf(node)));
      }
    }),
  );
});
