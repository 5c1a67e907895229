import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changeBetween, electionDigest, rank, rerank, type Scored } from '../../src/layer2/ranking.js';

const unscored = (...nodes: string[]): Scored[] => nodes.map((node) => ({ node, score: 0 }));

describe('the digests of MetalLB (metallb-behaviour A.1)', () => {
  test.each([
    ['iris1', '10.20.30.1', 'e42ad61a4159fa2d143f5233840565a8'],
    ['iris2', '10.20.30.1', 'af6cb4e7605814d2f0ccb427ae44f198'],
    ['iris1', '10.20.30.2', '610c5b6d22f60ca55d3f21b86505c255'],
    ['iris2', '10.20.30.2', '6429fb4c07eeae897218a34f4c3c10b5'],
    ['node-a', 'fc00:f853:ccd:e799::1', '7ad384bf62203a4f17f58369685b1e71'],
    ['node-b', 'fc00:f853:ccd:e799::1', '288f78939edf77a6e54765514f8c9e75'],
  ])('%s#%s', (node, address, prefix) => {
    expect(electionDigest(node, address).slice(0, 32)).toBe(prefix);
  });
});

describe('the orders of MetalLB (metallb-behaviour A.1)', () => {
  const abc = unscored('node-a', 'node-b', 'node-c');
  const kind = unscored('kind-control-plane', 'kind-worker', 'kind-worker2');
  const edge = (a: number, b: number): Scored[] => [
    { node: 'edge-a', score: a },
    { node: 'edge-b', score: b },
    ...unscored('worker-a', 'worker-b'),
  ];
  test.each([
    [abc, '10.0.0.1', ['node-b', 'node-a', 'node-c']],
    [abc, '10.0.0.2', ['node-b', 'node-c', 'node-a']],
    [unscored('node-a', 'node-b'), '10.20.30.1', ['node-b', 'node-a']],
    [edge(0, 0), '10.20.30.1', ['edge-b', 'worker-a', 'edge-a', 'worker-b']],
    [edge(100, 0), '10.20.30.1', ['edge-a', 'edge-b', 'worker-a', 'worker-b']],
    [edge(100, 100), '10.20.30.1', ['edge-b', 'edge-a', 'worker-a', 'worker-b']],
    [abc, 'fc00:f853:ccd:e799::1', ['node-b', 'node-a', 'node-c']],
    [kind, '172.18.255.200', ['kind-worker2', 'kind-worker', 'kind-control-plane']],
    [kind, '172.18.255.201', ['kind-worker2', 'kind-control-plane', 'kind-worker']],
    [kind, '2001:db8::1', ['kind-worker2', 'kind-worker', 'kind-control-plane']],
    [[], '10.0.0.1', []],
    [unscored('only'), '10.0.0.1', ['only']],
  ])('%j for %s', (candidates, address, order) => {
    expect(rank(candidates, address)).toEqual(order);
  });

  test('iris1 wins 134 of the 255 addresses 10.20.30.1 to .255, iris2 121', () => {
    const winners = Array.from({ length: 255 }, (_, i) => rank(unscored('iris1', 'iris2'), `10.20.30.${i + 1}`)[0]);
    expect(winners.filter((one) => one === 'iris1')).toHaveLength(134);
    expect(winners.filter((one) => one === 'iris2')).toHaveLength(121);
  });
});

describe('a ranking', () => {
  const nodes = fc.uniqueArray(fc.record({ node: fc.string({ minLength: 1 }), score: fc.nat(3) }), {
    selector: ({ node }) => node,
    maxLength: 8,
  });

  test('does not depend on the order of the candidates', () => {
    fc.assert(
      fc.property(nodes, fc.ipV4(), (given, address) => {
        expect(rank([...given].reverse(), address)).toEqual(rank(given, address));
      }),
    );
  });

  test('without one node is the same ranking without it: nobody else moves', () => {
    fc.assert(
      fc.property(nodes, fc.ipV4(), fc.nat(7), (given, address, gone) => {
        const lost = given[gone % Math.max(1, given.length)]?.node;
        const rest = given.filter(({ node }) => node !== lost);
        expect(rank(rest, address)).toEqual(rank(given, address).filter((node) => node !== lost));
      }),
    );
  });
});

describe('a ranking after a change', () => {
  const scored = fc.record({
    node: fc.integer({ max: 60, min: 1 }).map((i) => `n${i}`),
    score: fc.nat(2),
    cordoned: fc.boolean(),
  });
  const many = fc.uniqueArray(scored, { selector: ({ node }) => node, minLength: 20, maxLength: 60 });

  test('is that of the candidates that there are now, whoever came, went, or has another score or cordon', () => {
    fc.assert(
      fc.property(
        many,
        fc.uniqueArray(scored, { selector: ({ node }) => node, maxLength: 4 }),
        fc.nat(4),
        fc.ipV4(),
        (given, other, less, address) => {
          const others = new Set(other.map(({ node }) => node));
          const now = [...given.slice(less).filter(({ node }) => !others.has(node)), ...other];
          expect(rerank(rank(given, address), changeBetween(given, now), address)).toEqual(rank(now, address));
        },
      ),
    );
  });

  test('asks for no digest of those that stayed when somebody is gone', () => {
    const given = unscored('a', 'b', 'c', 'd');
    // An order that no digests give stays as it is.
    const upsideDown = rank(given, '10.0.0.1').reverse();
    const change = changeBetween(given, given.slice(1));
    expect(rerank(upsideDown, change, '10.0.0.1')).toEqual(upsideDown.filter((node) => node !== 'a'));
  });
});
