/**
 * When a node claims its first address, and when it has to look again.
 */
import { expect, test } from 'vitest';
import { ballotOf } from '../../src/layer2/ballot.js';
import { Authority } from '../../src/ownership/authority.js';
import { member } from '../support/member.js';

function authority(): Authority {
  return new Authority({
    self: 'n1',
    bootId: '00000000000000aa',
    failbackMs: 0,
    onConflict: 'defend',
    canAnswer: () => true,
  });
}

test.each<[string, readonly string[], number]>([
  ['is asked for at once by who comes next', ['n2', 'n1', 'n3'], 1],
  ['is left for a moment to who comes next', ['n2', 'n3', 'n1'], 0],
])('what a peer owned whose connection ended %s', (_, ranking, asked) => {
  const one = authority();
  const members = ['n2', 'n3'].map((name) => member(name));
  const asks = (effects: ReturnType<Authority['tick']>): number => effects.filter(({ kind }) => kind === 'question').length;
  one.setMembership({ self: 'n1', settled: true, ready: true, members }, 0);
  one.settled({ isDoubtful: false, isReturn: false }, 0);
  const ballot = ballotOf([{ address: '192.0.2.1', services: [], pool: 'p', interfaces: 'all', ranking }]);
  one.setTable(ballot, ['n1', 'n2', 'n3'], false, 0);
  one.tick(10_000);
  expect(asks(one.connectionClosed('n2', 10_000))).toBe(asked);
  expect(asks(one.connectionEnded('n2', 0.5, 10_000.5))).toBe(0);
  expect(asks(one.tick(10_022))).toBe(1);
});

test('that a peer crashed comes last: whoever is told decides again, and what was decided before must be done by then', () => {
  const one = authority();
  one.setMembership({ self: 'n1', settled: true, ready: true, members: [member('n2')] }, 0);
  one.settled({ isDoubtful: false, isReturn: false }, 0);
  const tableOf = (first: string, second: string): ReturnType<typeof ballotOf> => {
    const common = { services: [], pool: 'p', interfaces: 'all' } as const;
    const other = { ...common, address: '192.0.2.2', ranking: ['n2', 'n1'] };
    return ballotOf([{ ...common, address: '192.0.2.1', ranking: [first, second] }, other]);
  };
  const table = tableOf('n1', 'n2');
  const key = table.keys[0] ?? 0;
  one.setTable(table, ['n1', 'n2'], false, 0);
  one.tick(500);
  one.setTable(tableOf('n2', 'n1'), ['n1', 'n2'], false, 10_000);
  const word = { node: 'n2', bootId: '00000000000000bb', keys: [key] };
  one.hearWord({ ...word, kind: 'take', number: 1 }, 10_000);
  one.connectionEnded('n2', 0, 10_000);
  one.tick(10_001);
  one.hearWord({ ...word, kind: 'claim', number: 2 }, 10_001);
  one.tick(10_002);
  const kinds = one.tick(10_003).map(({ kind }) => kind);
  expect(kinds).toContain('release');
  expect(kinds.at(-1)).toBe('crashed');
});

test('without a table there is nothing to wake up for, however long ago the wait for members was over', () => {
  const one = authority();
  one.setMembership({ self: 'n1', settled: true, ready: true, members: [] }, 0);
  one.settled({ isDoubtful: false, isReturn: false }, 0);
  one.tick(2000);
  expect(one.wakeAt).toBe(Number.POSITIVE_INFINITY);
  const ballot = ballotOf([{ address: '192.0.2.1', services: [], pool: 'p', interfaces: 'all', ranking: ['n1'] }]);
  expect(one.setTable(ballot, [], false, 3000)).toContainEqual({ kind: 'claim', keys: ballot.keys });
});
