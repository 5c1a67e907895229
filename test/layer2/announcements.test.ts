import { describe, expect, test } from 'vitest';
import type { ServiceView } from '../../src/api/views.js';
import { type AddressedService, type AnnouncementsInput, announcementsFor } from '../../src/layer2/announcements.js';
import { ad, address, config, named, node, selector, service, slice } from './world.js';

const LOCAL = { externalTrafficPolicy: 'Local' } as const;
const holds = (view: ServiceView, ...addresses: string[]): AddressedService => ({
  service: view,
  addresses: addresses.map(address),
});

const compute = (change: Partial<AnnouncementsInput>): ReturnType<typeof announcementsFor> =>
  announcementsFor({
    config: config([ad('ad')]),
    services: [holds(service('svc'), '10.20.30.1')],
    nodes: [node('iris1'), node('iris2')],
    endpointSlices: [slice('svc', 'iris1', 'iris2')],
    self: 'iris1',
    withoutSlices: 'cannot-serve',
    ...change,
  });
const winners = (change: Partial<AnnouncementsInput>): (string | undefined)[] =>
  compute(change).announcements.map(({ ranking }) => ranking[0]);

describe('who announces under the policy Local (TestShouldAnnounceEPSlices)', () => {
  const one = [holds(service('svc', LOCAL), '10.20.30.1')];
  const two = [holds(service('a', LOCAL), '10.20.30.1'), holds(service('b', LOCAL), '10.20.30.2')];
  test.each([
    ['one host', one, [slice('svc', 'iris1')], ['iris1']],
    ['neither endpoint ready', one, [slice('svc', '!iris1', '!iris1')], []],
    ['two hosts', one, [slice('svc', 'iris1', 'iris2')], ['iris2']],
    ['neither of two hosts ready', one, [slice('svc', '!iris1', '!iris2')], []],
    ['the second host not ready', one, [slice('svc', 'iris1', '!iris2')], ['iris1']],
    ['two Services', two, [slice('a', 'iris1', 'iris2'), slice('b', 'iris1', 'iris2')], ['iris2', 'iris1']],
    ['each ready on the other', two, [slice('a', 'iris1', '!iris2'), slice('b', '!iris1', 'iris2')], ['iris1', 'iris2']],
    ['more endpoints on one host do not count', one, [slice('svc', 'iris1', 'iris1', 'iris2')], ['iris2']],
    ['two endpoints on iris1, one not ready', one, [slice('svc', 'iris1', '!iris1', 'iris2')], ['iris2']],
    ['both endpoints on iris2 not ready', one, [slice('svc', 'iris1', '!iris2', '!iris2')], ['iris1']],
  ])('%s', (_, services, endpointSlices, expected) => {
    expect(winners({ services, endpointSlices })).toEqual(expected);
  });
});

describe('preferences (TestShouldAnnouncePreferredNode)', () => {
  const preferring = config([ad('ad', { preferredNodes: [{ weight: 100, selector: selector({ name: 'iris1' }) }] })]);
  test('the preferred node comes first whatever the hash says', () => {
    expect(winners({ config: preferring })).toEqual(['iris1']);
  });
  test('and is passed over where it cannot serve', () => {
    const services = [holds(service('svc', LOCAL), '10.20.30.1')];
    expect(winners({ config: preferring, services, endpointSlices: [slice('svc', 'iris2')] })).toEqual(['iris2']);
  });
});

describe('one address', () => {
  test('of several Services has one announcement, ranked for the first of them', () => {
    const services = [holds(service('b'), '10.20.30.2'), holds(service('a', LOCAL), '10.20.30.1', '10.20.30.2')];
    const endpointSlices = [slice('a', 'iris1', 'iris2'), slice('b', 'iris1', 'iris2')];
    // MetalLB would elect iris2 for a (by .1) and iris1 for b (by .2), and both would answer for .2 (quirk Q-21).
    expect(compute({ services, endpointSlices }).announcements).toEqual([
      { address: '10.20.30.1', services: ['test/a'], pool: 'pool', interfaces: 'all', ranking: ['iris2', 'iris1'] },
      { address: '10.20.30.2', services: ['test/a', 'test/b'], pool: 'pool', interfaces: 'all', ranking: ['iris2', 'iris1'] },
    ]);
  });

  test('is ranked for the second Service when nobody can answer for the first', () => {
    const services = [holds(service('a'), '10.20.30.1'), holds(service('b', LOCAL), '10.20.30.1')];
    const { announcements, refused } = compute({ services, endpointSlices: [slice('b', 'iris1')] });
    expect(announcements).toMatchObject([{ services: ['test/b'], ranking: ['iris1'] }]);
    expect(refused).toEqual([
      {
        service: 'test/a',
        address: '10.20.30.1',
        reasons: [
          { node: 'iris1', reason: 'noEndpoints' },
          { node: 'iris2', reason: 'noEndpoints' },
        ],
      },
    ]);
  });

  test('outside the pools, or with another in a second pool, is not announced', () => {
    const both = config([ad('ad', { pools: new Set(['pool', 'other']) })], { other: '192.0.2.0/24', pool: '10.20.30.0/24' });
    const services = [holds(service('svc'), '10.20.30.1', '192.0.2.1'), holds(service('out'), '203.0.113.1')];
    const { announcements, refused } = compute({ config: both, services });
    expect(announcements).toEqual([]);
    expect(refused.map(({ service: name, address: text, reasons: [first] }) => [name, text, first?.reason])).toEqual([
      ['test/svc', '10.20.30.1', 'ipNotAllowed'],
      ['test/svc', '192.0.2.1', 'ipNotAllowed'],
      ['test/out', '203.0.113.1', 'ipNotAllowed'],
    ]);
  });

  test('of a Service that is no LoadBalancer is nobody’s business', () => {
    const services = [holds(service('svc', { type: 'ClusterIP' }), '10.20.30.1')];
    expect(compute({ services })).toEqual({ announcements: [], refused: [] });
  });

  test('of IPv6 is ranked like any other, and stands after IPv4', () => {
    const services = [holds(service('six'), '2001:db8::1'), holds(service('svc'), '10.20.30.1')];
    const nodes = ['kind-control-plane', 'kind-worker', 'kind-worker2'].map((name) => node(name));
    const pools = config([ad('ad', { pools: new Set(['pool', 'six']) })], { pool: '10.20.30.0/24', six: '2001:db8::/64' });
    expect(compute({ services, nodes, config: pools, withoutSlices: 'serves-everywhere' }).announcements).toMatchObject([
      { address: '10.20.30.1' },
      { address: '2001:db8::1', ranking: ['kind-worker2', 'kind-worker', 'kind-control-plane'] },
    ]);
  });

  test('of a Service without slices: nobody serves it in a cluster, every node in a folder', () => {
    expect(winners({ endpointSlices: [] })).toEqual([]);
    expect(winners({ endpointSlices: [], withoutSlices: 'serves-everywhere' })).toEqual(['iris2']);
    expect(winners({ endpointSlices: [slice('svc')], withoutSlices: 'serves-everywhere' })).toEqual([]);
  });
});

describe('interfaces (TestIPAdvertisementFor, TestL2ElectionConsistentButAdsPerNode)', () => {
  const on = (name: string, interfaces: 'all' | string[], ...nodes: string[]): ReturnType<typeof ad> =>
    ad(name, { interfaces, nodeSelectors: named(...nodes) });
  test.each([
    ['all', [on('a', 'all')], 'all'],
    ['those named', [on('a', ['eth1', 'eth0'])], ['eth0', 'eth1']],
    ['the union of several advertisements', [on('a', ['eth1']), on('b', ['eth0', 'eth1'])], ['eth0', 'eth1']],
    ['all, if one of several says so', [on('a', ['eth1']), on('b', 'all')], 'all'],
    ['those of the advertisements that cover this node', [on('a', ['eth1'], 'iris1'), on('b', ['eth2'], 'iris2')], ['eth1']],
    ['none, where no advertisement covers this node', [on('b', ['eth2'], 'iris2')], []],
  ])('%s', (_, advertisements, interfaces) => {
    expect(compute({ config: config(advertisements) }).announcements).toMatchObject([{ interfaces }]);
  });

  test('of several Services on one address are one union', () => {
    const advertisements = [
      ad('web', { interfaces: ['eth0'], serviceSelectors: [selector({ app: 'web' })] }),
      ad('db', { interfaces: ['eth1'], serviceSelectors: [selector({ app: 'db' })] }),
    ];
    const services = [
      holds(service('a', { labels: { app: 'web' } }), '10.20.30.1'),
      holds(service('b', { labels: { app: 'db' } }), '10.20.30.1'),
    ];
    expect(compute({ config: config(advertisements), services, withoutSlices: 'serves-everywhere' }).announcements).toMatchObject(
      [{ interfaces: ['eth0', 'eth1'] }],
    );
  });
});

test('a Service selector decides which nodes stand for a Service (TestL2ServiceSelectorFiltersCandidateNodes)', () => {
  const advertisements = ['foo', 'bar'].map((app, i) =>
    ad(app, { serviceSelectors: [selector({ app })], nodeSelectors: named(`iris${i + 1}`) }),
  );
  const services = [
    holds(service('foo', { labels: { app: 'foo' } }), '10.20.30.1'),
    holds(service('bar', { labels: { app: 'bar' } }), '10.20.30.2'),
  ];
  expect(winners({ config: config(advertisements), services, withoutSlices: 'serves-everywhere' })).toEqual(['iris1', 'iris2']);
});

test('5,000 addresses on ten nodes have a ranking of all ten each', () => {
  const services = Array.from({ length: 5000 }, (_, i) => holds(service(`s${i}`), `10.20.${i >> 8}.${i & 255}`));
  const nodes = Array.from({ length: 10 }, (_, i) => node(`node-${i}`));
  const wide = config([ad('ad')], { pool: '10.20.0.0/16' });
  const { announcements } = compute({ services, nodes, config: wide, self: 'node-0', withoutSlices: 'serves-everywhere' });
  expect(announcements).toHaveLength(5000);
  for (const { ranking } of announcements) expect(ranking).toHaveLength(10);
});
