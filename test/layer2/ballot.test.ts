import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Announcement, isNear } from '../../src/layer2/announcement.js';
import { ballotOf, isEntryNear } from '../../src/layer2/ballot.js';

const announce = (i: number, ranking: readonly string[], interfaces: Announcement['interfaces'] = 'all'): Announcement => ({
  address: `192.0.2.${i}`,
  services: [],
  pool: 'pool',
  interfaces,
  ranking,
});

test('an address that is none is left out, and the others keep their rankings', () => {
  const ballot = ballotOf([announce(1, ['a']), { ...announce(2, ['b']), address: 'x' }, announce(3, ['c', 'a'])]);
  expect(ballot.keys).toHaveLength(2);
  expect(ballot.ends).toEqual(Uint32Array.of(1, 3));
  expect([...ballot.rankings].map((place) => ballot.nodes[place])).toEqual(['a', 'c', 'a']);
});

test('addresses on the same interfaces share one set, also after a clone', () => {
  const { on } = structuredClone(ballotOf([announce(1, ['a'], ['eth1']), announce(2, ['a'], ['eth1'])]));
  expect(on[0]).toEqual(new Set(['eth1']));
  expect(on[0]).toBe(on[1]);
});

const names = ['a', 'b', 'c', 'd', 'e'];
const rankings = fc.array(fc.shuffledSubarray(names), { maxLength: 12 });

test('who is near is as in the rankings themselves', () => {
  fc.assert(
    fc.property(rankings, fc.constantFrom(...names), (given, node) => {
      const announcements = given.map((ranking, i) => announce(i, ranking));
      const ballot = ballotOf(announcements);
      const place = ballot.nodes.indexOf(node);
      expect(announcements.map((_, i) => isEntryNear(ballot, i, place))).toEqual(announcements.map((one) => isNear(one, node)));
    }),
  );
});
