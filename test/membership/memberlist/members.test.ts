import { describe, expect, test } from 'vitest';
import { Chance } from '../../../src/membership/memberlist/chance.js';
import { Members } from '../../../src/membership/memberlist/members.js';
import type { MemberRecord } from '../../../src/membership/memberlist/record.js';
import { LAN, VERSIONS } from '../../../src/membership/memberlist/settings.js';
import { gossipTargets, helpersFor, pushPullMs } from '../../../src/membership/memberlist/targets.js';

const record = (name: string, state: 'alive' | 'dead' | 'left' = 'alive', since = 0): MemberRecord => ({
  ...{ name, state, since, address: Uint8Array.of(10, 0, 0, 1), port: 7946, incarnation: 1, meta: new Uint8Array() },
  versions: VERSIONS,
});
/** `a` is ourselves. */
function members(records: readonly MemberRecord[], seed = 1): Members {
  const all = new Members('a', new Chance(seed));
  for (const one of [record('a'), ...records]) all.put(one);
  return all;
}
const probed = (all: Members, times: number, now = 0): string[] =>
  Array.from({ length: times }, () => all.nextToProbe(30_000, now).target?.name ?? '-');

describe('the order of probes', () => {
  test.each([1, 2, 3, 4, 5])('has each member once in a round, with seed %i', (seed) => {
    const all = members(
      ['b', 'c', 'd', 'e'].map((name) => record(name)),
      seed,
    );
    const rounds = [probed(all, 4), probed(all, 4), probed(all, 4)];
    for (const round of rounds) expect([...round].sort()).toEqual(['b', 'c', 'd', 'e']);
  });

  test.each([1, 2, 3, 4, 5])('has each once although some come and go meanwhile, with seed %i', (seed) => {
    const all = members(
      ['b', 'c', 'd', 'e'].map((name) => record(name)),
      seed,
    );
    const first = probed(all, 2);
    all.put(record('f'));
    const [gone = ''] = first;
    all.forget(gone);
    const rest = ['b', 'c', 'd', 'e'].filter((name) => !first.includes(name));
    const second = probed(all, 2 + 4);
    // The newcomer has its turn in this round or the next.
    const round = second.slice(0, second[0] === 'f' || second[1] === 'f' || second[2] === 'f' ? 3 : 2);
    expect(
      round
        .filter((name) => name !== 'f')
        .sort()
        .slice(0, 2),
    ).toEqual(rest);
  });

  test('passes over ourselves and those that are gone without losing a turn', () => {
    expect(probed(members([record('b'), record('c', 'dead'), record('d', 'left')]), 3)).toEqual(['b', 'b', 'b']);
  });

  test('is empty if nobody else is there', () => {
    expect(probed(members([]), 2)).toEqual(['-', '-']);
    expect(probed(members([record('b', 'left')]), 2)).toEqual(['-', '-']);
  });
});

test('who has been gone for long is forgotten at the end of a round', () => {
  const all = members([record('b'), record('c', 'dead', 0), record('d', 'left', 1)]);
  expect(probed(all, 2, 30_000)).toEqual(['b', 'b']);
  expect(all.size).toBe(4);
  expect(all.nextToProbe(30_000, 30_001)).toMatchObject({ forgotten: ['c'] });
  expect([...all.all()].map(({ name }) => name)).toEqual(['a', 'b', 'd']);
});

test('who has been gone longest makes room', () => {
  expect(members([record('b'), record('c', 'dead', 5), record('d', 'left', 3)]).longestGone()?.name).toBe('d');
  expect(members([record('b')]).longestGone()).toBeUndefined();
});

describe('by chance', () => {
  const all = [record('a'), record('b'), record('c', 'dead', 0), record('d', 'left', 0), record('e')];
  const names = (records: readonly MemberRecord[]): string =>
    records
      .map(({ name }) => name)
      .sort()
      .join('');
  test('gossip goes to members and to the newly dead, never to ourselves or who left', () => {
    expect(names(gossipTargets(all, 'a', LAN, new Chance(1), 30_000))).toBe('bce');
    expect(names(gossipTargets(all, 'a', LAN, new Chance(1), 30_001))).toBe('be');
  });
  test('gossip goes to as many as configured', () => {
    expect(gossipTargets(all, 'a', { ...LAN, gossipNodes: 2 }, new Chance(1), 0)).toHaveLength(2);
  });
  test('helpers are alive, and neither the target nor ourselves', () => {
    expect(names(helpersFor('b', all, 'a', 3, new Chance(1)))).toBe('e');
  });
  test('each is chosen about as often as any other', () => {
    const chance = new Chance(1);
    const counts = new Map<string, number>();
    for (let i = 0; i < 3000; i++) for (const one of chance.sample('abcde', 2)) counts.set(one, (counts.get(one) ?? 0) + 1);
    for (const count of counts.values()) expect(Math.abs(count - 1200)).toBeLessThan(120);
  });
});

test.each([
  [1, 30_000],
  [32, 30_000],
  [33, 60_000],
  [64, 60_000],
  [65, 90_000],
  [128, 90_000],
])('among %i nodes everything is exchanged every %i ms', (size, ms) => {
  expect(pushPullMs(30_000, size)).toBe(ms);
});
