import { describe, expect, test } from 'vitest';
import { LAN } from '../../../src/membership/memberlist/settings.js';
import { patience } from '../../../src/membership/memberlist/suspicion.js';
import { endpointOf, type GossipNetwork, gossipNetwork, type Weather } from '../../support/gossipnetwork.js';

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `n${i + 1}`);
const sorted = (texts: readonly string[]): string[] => [...texts].sort();

/** So many nodes, each told of all. */
function joined(count: number, seed = 1, weather?: Weather): GossipNetwork {
  const world = gossipNetwork(seed, weather);
  for (const name of names(count)) world.start(name, { join: names(count).map(endpointOf) });
  world.run(5000);
  return world;
}

/** Who lost sight of whom since, as `n1: n2 dead`. */
const lost = ({ told }: GossipNetwork, since: number): string[] =>
  told.flatMap(({ at, node, effect }) =>
    effect.kind === 'left' && at > since ? [`${node}: ${effect.node.name} ${effect.node.state}`] : [],
  );

describe.each([3, 5, 20])('a cluster of %i', (count) => {
  const all = sorted(names(count));
  const survivors = all.filter((name) => name !== 'n3');

  test('meets as soon as all have started', () => {
    const world = joined(count);
    for (const name of all) expect(world.members(name)).toEqual(all);
    expect(lost(world, 0)).toEqual([]);
  });

  test('sees a crash within the time of the formula', () => {
    const world = joined(count);
    world.kill('n3');
    // Each survivor's turn comes within two rounds; its probe fails in one interval, in which its score may have grown.
    const worst = LAN.probeIntervalMs * (2 * (count - 1) + 4) + patience(count, LAN).minMs;
    world.run(5000 + worst);
    for (const name of survivors) expect(world.members(name)).toEqual(survivors);
    expect(sorted(lost(world, 5000))).toEqual(sorted(survivors.map((name) => `${name}: n3 dead`)));
    const [firstAt = 0] = world.told.flatMap(({ at, effect }) => (effect.kind === 'left' ? [at] : []));
    expect(firstAt - 5000).toBeGreaterThanOrEqual(patience(count, LAN).minMs + LAN.probeIntervalMs / 2);
  });

  test('sees who leaves at once, who hears that all know', () => {
    const world = joined(count);
    world.input('n3', { kind: 'leave', timeoutMs: 1000 });
    world.run(6500);
    expect(sorted(lost(world, 0))).toEqual(sorted(all.map((name) => `${name}: n3 left`)));
    const gone = world.told.filter(({ effect }) => effect.kind === 'gone');
    expect(gone.map(({ node }) => node)).toEqual(['n3']);
    expect(gone[0]?.at).toBeLessThan(5600);
  });

  test('forgets who is gone', () => {
    const world = joined(count);
    world.kill('n3');
    world.run(5000 + 60_000 + 2 * count * 1000);
    for (const name of survivors) expect(world.node(name).nodes.map((node) => node.name)).not.toContain('n3');
  });

  test('that lives is not disturbed by loss and doubling', () => {
    const world = joined(count, 2, { delayMs: 5, loss: 0.05, duplication: 0.1 });
    world.run(120_000);
    expect(lost(world, 0)).toEqual([]);
    for (const name of all) expect(world.members(name)).toEqual(all);
  });
});

describe('a partition', () => {
  test('heals by joining again, long after both sides have forgotten each other', () => {
    const world = joined(5);
    const isLeft = (name: string): boolean => name === 'n1' || name === 'n2';
    world.isCut = (from, to) => isLeft(from) !== isLeft(to);
    world.run(180_000);
    expect(world.members('n1')).toEqual(['n1', 'n2']);
    expect(world.members('n5')).toEqual(['n3', 'n4', 'n5']);
    expect(world.node('n1').nodes).toHaveLength(2);
    world.isCut = () => false;
    world.run(195_000);
    for (const name of names(5)) expect(world.members(name)).toEqual(names(5));
  });

  test('of one node for datagrams alone is noticed and does not cost it its life', () => {
    const world = joined(3);
    world.dropsDatagrams = (from, to) => from === 'n3' || to === 'n3';
    world.run(20_000);
    expect(lost(world, 5000)).toEqual([]);
    const broken = world.told.flatMap(({ effect }) => (effect.kind === 'udp-broken' ? [effect.node.name] : []));
    expect(new Set(broken)).toEqual(new Set(['n1', 'n2', 'n3']));
  });

  test('between two nodes is bridged by a third, without streams too', () => {
    const world = gossipNetwork(3);
    for (const name of names(3)) world.start(name, { join: names(3).map(endpointOf), tuning: { ...LAN, disableTcpPings: true } });
    world.run(5000);
    world.isCut = (from, to) => from === 'n1' && to === 'n2';
    world.run(65_000);
    expect(lost(world, 0)).toEqual([]);
  });
});

describe('a stall of our own', () => {
  test.each([300, 1200, 3000])('of %i ms kills nobody', (ms) => {
    const world = joined(5);
    for (let at = 5000; at < 60_000; at += 4000 + ms) {
      world.run(at);
      world.stall('n1', at + ms);
    }
    world.run(70_000);
    expect(lost(world, 5000)).toEqual([]);
  });

  test.each([5, 15, 50])('of %i ms at each timer puts the verdict on a crash off, but not for ever', (ms) => {
    const world = joined(5);
    world.timersLateMs = ms;
    world.kill('n3');
    world.run(25_000);
    expect(sorted(lost(world, 5000))).toEqual(['n1', 'n2', 'n4', 'n5'].map((name) => `${name}: n3 dead`));
  });

  test('of half a minute is taken for death by others, and for nothing by the stalled one', () => {
    const world = joined(3);
    world.stall('n1', 35_000);
    world.run(34_000);
    expect(sorted(lost(world, 5000))).toEqual(sorted(['n2: n1 dead', 'n3: n1 dead']));
    world.run(40_000);
    expect(lost(world, 34_000)).toEqual([]);
    for (const name of names(3)) expect(world.members(name)).toEqual(names(3));
  });
});

describe('a restart under the same name', () => {
  test.each([
    ['alive to the others', (world: GossipNetwork) => world.run(6000)],
    ['dead to the others', (world: GossipNetwork) => world.run(25_000)],
  ])('while it is still %s brings it back', (_, wait) => {
    const world = joined(3);
    world.kill('n3');
    wait(world);
    const [before] = world.node('n1').nodes.slice(-1);
    world.start('n3', { join: names(3).map(endpointOf) });
    world.run(world.now + 2000);
    for (const name of names(3)) expect(world.members(name)).toEqual(names(3));
    const own = world.node('n3').nodes.find(({ name }) => name === 'n3');
    expect(own?.incarnation).toBeGreaterThanOrEqual(before?.incarnation ?? 0);
    if (before?.state === 'dead') expect(own?.incarnation).toBeGreaterThan(before.incarnation);
  });

  test('after it has left brings it back', () => {
    const world = joined(3);
    world.input('n3', { kind: 'leave', timeoutMs: 1000 });
    world.run(7000);
    world.kill('n3');
    world.run(8000);
    world.start('n3', { join: names(3).map(endpointOf) });
    world.run(10_000);
    for (const name of names(3)) expect(world.members(name)).toEqual(names(3));
  });
});

test('what a faster detector holds against a node, all hear within two gossip rounds; a live one refutes', () => {
  const world = joined(5);
  world.kill('n3');
  world.input('n1', { kind: 'accuse', name: 'n3', evidence: 'dead' });
  world.input('n1', { kind: 'accuse', name: 'n4', evidence: 'suspect' });
  world.run(5500);
  expect(sorted(lost(world, 4999))).toEqual(sorted(['n1', 'n2', 'n4', 'n5'].map((name) => `${name}: n3 dead`)));
  expect(world.node('n1').nodes.find(({ name }) => name === 'n4')).toMatchObject({ state: 'alive', incarnation: 2 });
});

test('metadata reaches all', () => {
  const world = joined(5);
  world.input('n2', { kind: 'meta', meta: Uint8Array.of(1, 2, 3) });
  world.run(6500);
  const updated = world.told.flatMap(({ node, effect }) => (effect.kind === 'updated' ? [`${node}: ${effect.node.meta}`] : []));
  expect(sorted(updated)).toEqual(sorted(names(5).map((name) => `${name}: 1,2,3`)));
});

test('the start is over when each address was tried; those without an answer are told', () => {
  const world = gossipNetwork(1);
  world.start('n1');
  world.start('n2', { join: ['n1', 'n2', 'n9'].map(endpointOf) });
  world.run(100);
  const settled = world.told.flatMap(({ node, effect }) => (effect.kind === 'join-settled' ? [[node, effect.unreached]] : []));
  expect(settled).toEqual([
    ['n1', []],
    ['n2', [endpointOf('n9')]],
  ]);
});

test('an address that is listed later, and answers later still, is joined', () => {
  const world = gossipNetwork(1);
  world.start('n1');
  world.run(500);
  world.input('n1', { kind: 'join', endpoints: [endpointOf('n2')] });
  world.run(5000);
  world.start('n2');
  world.run(6500);
  expect(world.members('n2')).toEqual(['n1', 'n2']);
});

test('the same seed gives the same history', () => {
  const history = (seed: number): string[] =>
    joined(5, seed, { delayMs: 3, loss: 0.2, duplication: 0.2 }).told.map(
      ({ at, node, effect }) => `${at} ${node} ${effect.kind}`,
    );
  expect(history(7)).toEqual(history(7));
  expect(history(7)).not.toEqual(history(8));
});
