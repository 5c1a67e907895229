import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Announcement } from '../../src/layer2/announcement.js';
import { type Ballot, ballotOf, ownersOf } from '../../src/layer2/ballot.js';
import { diffElections, type Election, elect as electFor, NO_ELECTION, type Voter } from '../../src/layer2/claims.js';
import { addressKey, parseAddress } from '../../src/net/address.js';

const announce = (address: string, ranking: string[], interfaces: Announcement['interfaces'] = 'all'): Announcement => ({
  address,
  services: ['test/svc'],
  pool: 'pool',
  interfaces,
  ranking,
});
const ballot = ballotOf([
  announce('192.0.2.1', ['a', 'b', 'c']),
  announce('192.0.2.2', ['b', 'a'], ['eth1']),
  announce('192.0.2.3', ['c']),
  announce('2001:db8::1', ['a', 'b']),
]);
const key = (text: string): ReturnType<typeof addressKey> => {
  const read = parseAddress(text);
  if (!read.ok) throw new Error(text);
  return addressKey(read.value);
};
const elect = (given: Ballot, nodes: ReadonlySet<string>, name: string, canAnswer: Voter['canAnswer'] = () => true): Election =>
  electFor(given, nodes, { name, canAnswer });
const live = (...nodes: string[]): Set<string> => new Set(nodes);

test.each([
  ['the best, when all live', ['a', 'b'], live('a', 'b'), 'a'],
  ['the next, when the best is gone', ['a', 'b'], live('b'), 'b'],
  ['nobody, when none of the ranked lives', ['a', 'b'], live('c'), undefined],
  ['nobody, when none is ranked', [], live('a'), undefined],
])('the owner is %s', (_, ranking, nodes, owner) => {
  const one = ballotOf([announce('192.0.2.1', ranking)]);
  expect([...ownersOf(one, nodes)].map((place) => one.nodes[place])).toEqual([owner]);
});

describe('an election', () => {
  test('names an owner for each address that has a live node, and claims what is ours', () => {
    const { owners, claims } = elect(ballot, live('a', 'b'), 'b');
    expect([...owners]).toEqual([
      [key('192.0.2.1'), 'a'],
      [key('192.0.2.2'), 'b'],
      [key('2001:db8::1'), 'a'],
    ]);
    expect([...claims]).toEqual([[key('192.0.2.2'), new Set(['eth1'])]]);
  });

  test('claims nothing for a node that is not live itself', () => {
    expect(elect(ballot, live('a'), 'b').claims.size).toBe(0);
  });

  test('claims addresses of both families', () => {
    const { claims } = elect(ballot, live('a'), 'a');
    expect([...claims.keys()]).toEqual([key('192.0.2.1'), key('192.0.2.2'), key('2001:db8::1')]);
  });

  test('that this node wins and cannot answer for leaves the address without owner, and says so', () => {
    const onlyIpv4 = elect(ballot, live('a', 'b'), 'a', (one) => typeof one === 'number');
    expect([...onlyIpv4.unanswerable]).toEqual([key('2001:db8::1')]);
    expect(onlyIpv4.owners.has(key('2001:db8::1'))).toBe(false);
    expect([...onlyIpv4.claims.keys()]).toEqual([key('192.0.2.1')]);
    // What others can or cannot is theirs to say.
    expect(elect(ballot, live('a', 'b'), 'b', () => false).owners.get(key('192.0.2.1'))).toBe('a');
  });
});

describe('from one election to the next', () => {
  const all = elect(ballot, live('a', 'b', 'c'), 'b');
  test('the first claims all that is ours', () => {
    expect(diffElections(NO_ELECTION, all, 'b')).toEqual({
      claimed: [{ key: key('192.0.2.2'), to: 'b' }],
      released: [],
    });
  });
  test('the death of a node hands its addresses to us', () => {
    expect(diffElections(all, elect(ballot, live('b', 'c'), 'b'), 'b')).toEqual({
      claimed: [
        { key: key('192.0.2.1'), from: 'a', to: 'b' },
        { key: key('2001:db8::1'), from: 'a', to: 'b' },
      ],
      released: [],
    });
  });
  test('its return takes them back', () => {
    const { claimed, released } = diffElections(elect(ballot, live('b', 'c'), 'b'), all, 'b');
    expect(claimed).toEqual([]);
    expect(released.map((one) => [one.key, one.from, one.to])).toEqual([
      [key('192.0.2.1'), 'b', 'a'],
      [key('2001:db8::1'), 'b', 'a'],
    ]);
  });
  test('an address that is announced no more is released to nobody', () => {
    expect(diffElections(all, NO_ELECTION, 'b').released).toEqual([{ key: key('192.0.2.2'), from: 'b' }]);
  });
  test('an address that this node cannot answer for any more is released to nobody, and claimed when it can again', () => {
    const unable = elect(ballot, live('a', 'b', 'c'), 'b', () => false);
    expect(diffElections(all, unable, 'b')).toEqual({ claimed: [], released: [{ key: key('192.0.2.2'), from: 'b' }] });
    expect(diffElections(unable, all, 'b')).toEqual({ claimed: [{ key: key('192.0.2.2'), to: 'b' }], released: [] });
  });
  test('other interfaces are a claim from ourselves', () => {
    const moved = elect(ballotOf([announce('192.0.2.2', ['b'], ['eth2'])]), live('b'), 'b');
    const before = elect(ballotOf([announce('192.0.2.2', ['b'], ['eth1'])]), live('b'), 'b');
    expect(diffElections(before, moved, 'b').claimed).toMatchObject([{ from: 'b', to: 'b' }]);
    expect(diffElections(before, before, 'b')).toEqual({ claimed: [], released: [] });
  });
});

test('whoever lives, every node names the same owners, and no address is claimed twice', () => {
  const names = ['a', 'b', 'c', 'd'];
  const rankings = fc.array(fc.shuffledSubarray(names, { minLength: 1 }), { maxLength: 20 });
  fc.assert(
    fc.property(rankings, fc.subarray(names), (given, alive) => {
      const shared = ballotOf(given.map((ranking, i) => announce(`192.0.2.${i}`, ranking)));
      const elections = alive.map((self) => elect(shared, new Set(alive), self));
      const claimed = elections.flatMap(({ claims }) => [...claims.keys()]);
      expect(new Set(claimed).size).toBe(claimed.length);
      for (const { owners } of elections) {
        expect(owners).toEqual(elections[0]?.owners);
        expect(owners.size).toBe(claimed.length);
      }
    }),
  );
});
