import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rank } from '../../src/layer2/ranking.js';
import { type Contender, roomFor, spread } from '../../src/layer2/spread.js';

const named = (count: number): string[] => Array.from({ length: count }, (_, i) => `n${i + 1}`);
const addressed = (count: number): string[] => Array.from({ length: count }, (_, i) => `10.0.${i >> 8}.${i & 255}`);

/** Addresses that may go to any of `nodes`, of which nothing is preferred. */
const among = (nodes: readonly string[], addresses: readonly string[]): Contender[] => {
  const scored = nodes.map((node) => ({ node, score: 0 }));
  return addresses.map((address) => ({ address, ranking: rank(scored, address), equals: nodes }));
};

function loadsOf(firsts: ReadonlyMap<string, string>): Map<string, number> {
  const loads = new Map<string, number>();
  for (const node of firsts.values()) loads.set(node, (loads.get(node) ?? 0) + 1);
  return loads;
}

const highest = (firsts: ReadonlyMap<string, string>): number => Math.max(...loadsOf(firsts).values());
const byHash = (contenders: readonly Contender[]): Map<string, string> =>
  new Map(contenders.map(({ address, ranking }) => [address, ranking[0] ?? '']));

describe('no node is first for more than its even share', () => {
  test.each([
    ['6 addresses, 7 nodes (metallb#2284 has 3 and 7)', 7, 6, 2, 1],
    ['10 addresses, 5 nodes', 5, 10, 5, 2],
    ['as many addresses as nodes', 12, 12, 2, 1],
    ['one more', 12, 13, 2, 2],
    ['80 addresses, 10 nodes: eight each', 10, 80, 12, 8],
    ['above eight each, an eighth of the rest more', 10, 160, 25, 17],
    ['a hundred each', 10, 1000, 109, 112],
    ['one node', 1, 5, 5, 5],
  ])('%s', (_, nodes, addresses, hashed, most) => {
    const contenders = among(named(nodes), addressed(addresses));
    expect(highest(byHash(contenders))).toBe(hashed);
    expect(highest(spread(contenders))).toBeLessThanOrEqual(most);
  });

  test('nor where addresses may go to few nodes each, unless all of these have as many', () => {
    const contenders = [...among(['n1'], ['10.0.0.1', '10.0.0.2', '10.0.0.3']), ...among(['n1', 'n2'], ['10.0.0.4', '10.0.0.5'])];
    // n1 is alone to answer for three, and its share of the others is one.
    expect(loadsOf(spread(contenders))).toEqual(
      new Map([
        ['n1', 4],
        ['n2', 1],
      ]),
    );
  });
});

describe('what does not take part', () => {
  test('a node that is worse by cordon or preference is first for nothing, however few the others are', () => {
    const worse = { ...{ node: 'n3', score: 0 }, cordoned: true };
    const scored = [{ node: 'n1', score: 0 }, { node: 'n2', score: 0 }, worse];
    const contenders = addressed(20).map((address) => ({ address, ranking: rank(scored, address), equals: ['n1', 'n2'] }));
    expect([...loadsOf(spread(contenders)).keys()].sort()).toEqual(['n1', 'n2']);
  });

  test('nobody, when there are no addresses or no nodes', () => {
    expect(spread([])).toEqual(new Map());
    expect(spread(among([], ['10.0.0.1']))).toEqual(new Map());
  });
});

/** Each address may go to some of eight nodes, as with `Local` endpoints. */
const anyContenders = fc
  .uniqueArray(fc.tuple(fc.ipV4(), fc.uniqueArray(fc.constantFrom(...named(8)), { minLength: 1, maxLength: 8 })), {
    selector: ([address]) => address,
    maxLength: 60,
  })
  .map((given) => given.flatMap(([address, nodes]) => among(nodes, [address])));

/** So few for each that they get in each other's way. */
const crowded = fc
  .array(fc.uniqueArray(fc.constantFrom(...named(8)), { minLength: 1, maxLength: 2 }), { minLength: 30, maxLength: 50 })
  .map((given) => given.flatMap((nodes, i) => among(nodes, addressed(i + 1).slice(i))));

describe('laws', () => {
  test('every address has one of its equal nodes', () => {
    fc.assert(
      fc.property(anyContenders, (contenders) => {
        const firsts = spread(contenders);
        expect(firsts.size).toBe(contenders.length);
        for (const { address, equals } of contenders) expect(equals).toContain(firsts.get(address));
      }),
    );
  });

  test('the order of addresses and of nodes does not matter', () => {
    const reversed = (contenders: readonly Contender[]): Contender[] =>
      contenders.map((one) => ({ ...one, equals: [...one.equals].reverse() })).reverse();
    fc.assert(
      fc.property(anyContenders, (contenders) => {
        expect([...spread(reversed(contenders))].sort()).toEqual([...spread(contenders)].sort());
      }),
    );
  });

  test('with the same nodes for all, nobody has more than its share, rounded up, and an eighth of what is above eight', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9]{0,9}$/), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(names, fc.uniqueArray(fc.ipV4(), { minLength: 1, maxLength: 150 }), (nodes, addresses) => {
        const share = addresses.length / nodes.length;
        const most = Math.ceil(share) + Math.ceil(Math.max(0, share - 8) / 8);
        expect(highest(spread(among(nodes, addresses)))).toBeLessThanOrEqual(most);
      }),
    );
  });

  test('a node has more only for an address whose every other node is full too', () => {
    let seen = 0;
    fc.assert(
      fc.property(crowded, (contenders) => {
        const firsts = spread(contenders);
        const loads = loadsOf(firsts);
        const share = (node: string): number =>
          contenders.reduce((sum, { equals }) => sum + (equals.includes(node) ? 1 / equals.length : 0), 0);
        const isFull = (node: string): boolean => (loads.get(node) ?? 0) >= roomFor(node, share(node) - 1e-9).most;
        for (const [node, load] of loads) {
          if (load <= roomFor(node, share(node) + 1e-9).most) continue;
          seen++;
          expect(contenders.some(({ address, equals }) => firsts.get(address) === node && equals.every(isFull))).toBe(true);
        }
      }),
      { numRuns: 1000, seed: 18 },
    );
    expect(seen).toBeGreaterThan(100);
  });
});

describe('what comes or goes moves few others', () => {
  const rankings = new Map<string, Contender>();
  const contendersAmong = (nodes: readonly string[], addresses: readonly string[]): Contender[] =>
    addresses.flatMap((address) => {
      const key = `${nodes.join()} ${address}`;
      const known = rankings.get(key) ?? among(nodes, [address])[0];
      if (known !== undefined) rankings.set(key, known);
      return known === undefined ? [] : { ...known, equals: nodes };
    });
  const moves = (before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): number =>
    [...before].filter(([address, node]) => (after.get(address) ?? node) !== node).length;

  /** With every number of addresses up to `most`: how many others move at the worst, and on the average of all. */
  test.each<[nodes: number, most: number, added: [number, number], removed: [number, number]]>([
    [3, 60, [2, 0.8], [2, 0.6]],
    [7, 100, [4, 1.1], [6, 2.2]],
    [20, 200, [8, 1.7], [14, 5]],
  ])('%i nodes, up to %i addresses', (count, most, added, removed) => {
    const nodes = named(count);
    const [adding, removing]: [number[], number[]] = [[], []];
    for (let n = 1; n < most; n++) {
      const before = spread(contendersAmong(nodes, addressed(n)));
      adding.push(moves(before, spread(contendersAmong(nodes, addressed(n + 1)))));
      const gone = nodes[n % count];
      const after = spread(
        contendersAmong(
          nodes.filter((node) => node !== gone),
          addressed(n),
        ),
      );
      removing.push(moves(before, after) - (loadsOf(before).get(gone ?? '') ?? 0));
    }
    const mean = (numbers: readonly number[]): number => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
    expect(
      [Math.max(...adding) <= added[0], Math.max(...removing) <= removed[0]],
      `${Math.max(...adding)} ${Math.max(...removing)}`,
    ).toEqual([true, true]);
    expect([mean(adding) <= added[1], mean(removing) <= removed[1]], `${mean(adding)} ${mean(removing)}`).toEqual([true, true]);
  });
});

test.each([
  [0.1, 1, 1],
  [1, 1, 1],
  [1.5, 2, 2],
  [8, 8, 8],
  [8.5, 9, 10],
  [16, 17, 17],
  [100, 111, 112],
])('a share of %f leaves room for %i at least, and %i at most', (share, least, most) => {
  const rooms = named(50).map((node) => roomFor(node, share));
  expect(Math.min(...rooms.map(({ usual }) => usual))).toBe(least);
  expect(Math.max(...rooms.map(({ usual }) => usual))).toBe(most);
  expect(rooms.every((room) => room.most === most)).toBe(true);
});

test('as the share grows by one, the nodes get their next place one after the other', () => {
  const places = (share: number): number => named(50).reduce((sum, node) => sum + roomFor(node, share).usual, 0);
  const steps = Array.from({ length: 50 }, (_, i) => places(2 + (i + 1) / 100) - places(2 + i / 100));
  expect(places(2.5) - places(2)).toBe(50);
  expect(Math.max(...steps)).toBeLessThanOrEqual(4);
});
