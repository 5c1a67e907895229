/**
 * What MetalLB does that surprises (metallb-behaviour, appendix B), as far as configuration, allocation and ranking are
 * concerned: each by its number, with what MetalLB does, and what ours does.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NOTHING, reconcile } from '../agents/controller/reconcile.js';
import { controllerStatus } from '../agents/controller/status.js';
import type { Outcome } from '../src/allocator/allocation.js';
import { awaitingPools } from '../src/allocator/awaitpools.js';
import { type Settled, settle } from '../src/allocator/settle.js';
import { readObjects } from '../src/api/objects.js';
import { readService } from '../src/api/service.js';
import type { ServiceView } from '../src/api/views.js';
import { poolCapacity } from '../src/config/capacity.js';
import { compileConfig } from '../src/config/compile.js';
import type { Config } from '../src/config/config.js';
import { announcementsFor } from '../src/layer2/announcements.js';
import { byShortName, service, shortly } from './allocator/world.js';
import { advertisement, compiled, configOf, namespace, pool, sourced } from './config/objects.js';
import * as layer2 from './layer2/world.js';
import { snapshotOf } from './support/source.js';

const both = { clusterIPs: ['10.96.0.1', 'fd00::1'] };
const prefer = { ...both, ipFamilyPolicy: 'PreferDualStack' } as const;
const dual = configOf({ pools: [pool('dual', ['10.0.0.1-10.0.0.9', 'fc00::1-fc00::9'])] });

/** What each has after a first look at them, and after every further one with the status written. */
function settledOften(config: Config, services: readonly ServiceView[], times: number): Record<string, string>[] {
  let settled: Settled | undefined;
  return Array.from({ length: times }, () => {
    const withStatus = services.map((one) => ({ ...one, ingress: addressesOf(settled, one) }));
    const known = settled === undefined ? {} : { before: settled.state };
    settled = settle({ config, services: withStatus, statusCounts: true, ...known });
    return byShortName(settled.outcomes);
  });
}

const addressesOf = (settled: Settled | undefined, { namespace: where, name }: ServiceView): string[] => {
  const text = shortly(settled?.outcomes.get(`${where}/${name}`));
  return text.includes(' from ') ? (text.split(' ')[0] ?? '').split(',') : [];
};
const gets = (config: Config, ...services: ServiceView[]): Record<string, string> =>
  byShortName(settle({ config, services, statusCounts: true }).outcomes);
const codes = (given: Parameters<typeof compiled>[0]): string[] => compiled(given).issues.map(({ code }) => code);

describe('configuration', () => {
  test('Q-03: a negative priority has no order in MetalLB; ours refuses it, and ties are in the order of names', () => {
    expect(codes({ pools: [pool('a', ['10.0.0.0/24'], { serviceAllocation: { priority: -1 } })] })).toEqual([
      'PRIORITY_NEGATIVE',
    ]);
    const tied = ['c', 'b', 'a'].map((name, i) => pool(name, [`10.0.${i}.1/32`], { serviceAllocation: { priority: 5 } }));
    expect(gets(configOf({ pools: tied }), service('x'))).toEqual({ x: '10.0.2.1 from a' });
  });

  test('Q-04: selectors that match no namespace open a pool to whoever asks for it in MetalLB; ours to nobody', () => {
    const serviceAllocation = { namespaceSelectors: [{ matchLabels: { team: 'gone' } }] };
    const config = configOf({ pools: [pool('a', ['10.0.0.1/32'], { serviceAllocation })], namespaces: [namespace('default')] });
    expect(gets(config, service('x', { pool: 'a' }), service('y', { ips: '10.0.0.1' }), service('z'))).toEqual({
      x: 'POOL_NOT_COMPATIBLE',
      y: 'POOL_NOT_COMPATIBLE',
      z: 'POOL_EXHAUSTED',
    });
  });

  test('Q-05: selectors that match no pool attach to none, in MetalLB against its documentation; ours do the same', () => {
    const ipAddressPoolSelectors = [{ matchLabels: { tier: 'gone' } }];
    const config = configOf({
      pools: [pool('a', ['10.0.0.0/24'])],
      advertisements: [advertisement('x', { ipAddressPoolSelectors })],
    });
    expect(config.advertisements[0]?.pools.size).toBe(0);
  });

  test('Q-07: an invalid BGP object freezes the Layer 2 configuration in MetalLB; ours passes over it with a warning', () => {
    const peer = {
      apiVersion: 'metallb.io/v1beta2',
      kind: 'BGPPeer',
      metadata: { name: 'peer' },
      spec: { peerAddress: 'nonsense' },
    };
    const { object } = pool('a', ['10.0.0.0/24']);
    const { objects, issues } = readObjects([peer, object].map((one) => sourced(one, 'objects.yaml')));
    expect(issues).toMatchObject([{ code: 'BGP_IGNORED', severity: 'warning' }]);
    expect(compileConfig(objects).config?.pools).toHaveLength(1);
  });

  test.each([
    [
      'Q-08: an IPv4-mapped prefix is IPv4 with a mask of 128 bits in MetalLB; ours refuses it',
      '::ffff:10.0.0.0/120',
      'PREFIX_MALFORMED',
    ],
    ['Q-08: and so is a range of IPv4-mapped addresses', '::ffff:10.0.0.0-::ffff:10.0.0.9', 'RANGE_MALFORMED'],
    [
      'Q-09: a range from one family to the other is accepted as empty in MetalLB; ours refuses it',
      '10.0.0.1-fc00::1',
      'RANGE_MIXED_FAMILIES',
    ],
  ])('%s', (_, text, code) => {
    expect(codes({ pools: [pool('a', [text])] })).toEqual([code]);
  });

  test('Q-10: a huge range before others makes the sums wrap below zero in MetalLB; ours stop at the largest', () => {
    const [only] = configOf({ pools: [pool('a', ['1000::/64', '1.2.3.0/24', '1001::/67'])] }).pools;
    const largest = 2n ** 63n - 1n;
    expect(only === undefined ? undefined : poolCapacity(only)).toEqual({ IPv4: 256n, IPv6: largest, total: largest });
  });

  test('Q-11: a single buggy address counts −1 in MetalLB; ours counts none', () => {
    const [only] = configOf({ pools: [pool('a', ['1.2.3.0/32', '1.2.4.255/32', '1.2.5.1/32'], { avoidBuggyIPs: true })] }).pools;
    expect(only === undefined ? undefined : poolCapacity(only)).toEqual({ IPv4: 1n, IPv6: 0n, total: 1n });
  });

  const POOL = { apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool', metadata: { name: 'a', namespace: 'metallb-system' } };
  test('Q-19: MetalLB says its configuration is stale although the bad edit was taken back; ours says so no longer', () => {
    const good = [{ ...POOL, spec: { addresses: ['10.0.0.0/24'] } }];
    const bad = [{ ...POOL, spec: { addresses: ['10.0.0.0/240'] } }];
    const first = reconcile(NOTHING, snapshotOf(good));
    const second = reconcile(first, snapshotOf(bad));
    const third = reconcile(second, snapshotOf(good));
    expect([first.stale, second.stale, third.stale]).toEqual([false, true, false]);
    expect(third.config).toEqual(first.config);
  });

  test('Q-20: two pools of one namespace come in random order in MetalLB, and look like a change; ours are always the same', () => {
    const names = ['a', 'b', 'c', 'd'];
    fc.assert(
      fc.property(fc.shuffledSubarray(names, { minLength: 4 }), fc.shuffledSubarray(names, { minLength: 4 }), (first, second) => {
        const given = (order: readonly string[]): Config =>
          configOf({
            pools: order.map((name) =>
              pool(name, [`10.0.${names.indexOf(name)}.0/24`], {
                serviceAllocation: { namespaces: ['red'], namespaceSelectors: [{ matchLabels: { team: 'x' } }] },
              }),
            ),
            namespaces: order.map((name) => namespace(name, { team: 'x' })),
          });
        expect(JSON.stringify(given(first), sets)).toBe(JSON.stringify(given(second), sets));
      }),
    );
  });
  const sets = (_: string, value: unknown): unknown => (value instanceof Set ? [...value] : value);
});

describe('allocation', () => {
  test('Q-02: with a class, MetalLB looks at no Service that is no load balancer any more, and its address leaks; ours is free', () => {
    const config = configOf({ pools: [pool('a', ['10.0.0.1/32'])] });
    const ours = { loadBalancerClass: 'ours' };
    const first = settle({ config, services: [service('x', ours)], statusCounts: true, ...ours });
    // The API server drops the class with the type.
    const services = [service('x', { type: 'ClusterIP' }), service('y', ours)];
    const { outcomes } = settle({ config, services, statusCounts: true, before: first.state, ...ours });
    expect(byShortName(outcomes)).toEqual({ x: 'not-a-load-balancer', y: '10.0.0.1 from a' });
  });

  test('Q-12: with the last pool every Service loses its address, in MetalLB and here; before there is one, in MetalLB alone', () => {
    const first = settle({ config: dual, services: [service('x'), service('y')], statusCounts: true });
    const { outcomes } = settle({
      config: configOf({}),
      services: [service('x'), service('y')],
      statusCounts: true,
      before: first.state,
    });
    for (const outcome of outcomes.values()) {
      expect(outcome).toMatchObject({
        pending: [{ code: 'POOL_EXHAUSTED', message: 'no available IPs: there is no pool' }],
        lost: { code: 'ADDRESS_OUTSIDE_POOLS' },
      });
    }
    // What another implementation wrote would go too.
    const foreign = service('x', { ingress: ['192.0.2.7'] });
    const [outcome] = settle({ config: configOf({}), services: [foreign], statusCounts: true }).outcomes.values();
    expect(outcome).toHaveProperty('lost');
    expect(outcome === undefined ? undefined : awaitingPools(outcome)).toEqual({ ignored: 'no-pool-yet' });
  });

  // Appendix A.6.
  test.each([
    ['1000::,1.2.3.0', '1.2.3.0,1000::', ['1000::/64', '1.2.3.0/24']],
    ['203.0.113.5,2001:db8::1', '2001:db8::1,203.0.113.5', ['203.0.113.0/24', '2001:db8::/64']],
  ])('Q-13: requested %s are sorted as text at MetalLB’s second look, to %s; ours are from the first', (ips, sorted, ranges) => {
    const config = configOf({ pools: [pool('a', ranges)] });
    const x = service('x', { ...both, ipFamilyPolicy: 'RequireDualStack', ips });
    expect(settledOften(config, [x], 3)).toEqual([1, 2, 3].map(() => ({ x: `${sorted} from a` })));
  });

  test('Q-14: MetalLB tells at every look that no second family joins; ours keeps what there is without a word', () => {
    const config = configOf({ pools: [pool('a', ['10.0.0.1/32'])] });
    const x = service('x', prefer);
    let before: Settled = settle({ config, services: [x], statusCounts: true });
    const seen: (Outcome | undefined)[] = [];
    for (let i = 0; i < 3; i++) {
      before = settle({ config, services: [x], statusCounts: true, before: before.state });
      seen.push(before.outcomes.get('default/x'));
    }
    expect(seen).toMatchObject([1, 2, 3].map(() => ({ allocated: { reason: { code: 'KEPT' } }, warnings: [] })));
  });

  test('Q-15: MetalLB gives and takes a second family for ever with one cluster IP; ours gives one and stays', () => {
    const x = service('x', { ...prefer, clusterIPs: ['10.96.0.1'] });
    expect(settledOften(dual, [x], 5)).toEqual([1, 2, 3, 4, 5].map(() => ({ x: '10.0.0.1 from dual' })));
  });

  test('Q-16: MetalLB takes ipMode, which the API server fills in, for a change at every look; ours does not see it', () => {
    const read = (ingress: object) =>
      readService({ metadata: { name: 'x' }, spec: { type: 'LoadBalancer' }, status: { loadBalancer: { ingress: [ingress] } } });
    expect(read({ ip: '10.0.0.1', ipMode: 'VIP' })).toEqual(read({ ip: '10.0.0.1' }));
    const objects = [
      { apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool', metadata: { name: 'a' }, spec: { addresses: ['10.0.0.1/32'] } },
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 'x' }, spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } },
    ];
    const [written] = [...controllerStatus(reconcile(NOTHING, snapshotOf(objects)))].filter(({ kind }) => kind === 'Service');
    expect(written).toMatchObject({ status: { loadBalancer: { ingress: [{ ip: '10.0.0.1', ipMode: 'VIP' }] } } });
  });

  test('Q-17: general pools come in random order in MetalLB; ours in the order of names', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(['a', 'b', 'c'], { minLength: 3 }), (order) => {
        const config = configOf({ pools: order.map((name) => pool(name, [`10.0.${name.charCodeAt(0)}.1/32`])) });
        expect(gets(config, service('x'), service('y'))).toEqual({ x: '10.0.97.1 from a', y: '10.0.98.1 from b' });
      }),
    );
  });

  test('Q-18: who may share takes a free address below a shared one, in MetalLB and here', () => {
    const shared = { share: 'k', ips: '10.0.0.2', ...both, clusterIPs: ['10.96.0.1'] };
    const joins = { share: 'k', ports: [81], clusterIPs: ['10.96.0.1'] };
    expect(gets(dual, service('a', shared), service('b', joins), service('c', joins))).toEqual({
      a: '10.0.0.2 from dual',
      b: '10.0.0.1 from dual',
      c: '10.0.0.2 from dual',
    });
  });
});

test('Q-21: MetalLB elects for each Service by its first address alone, so two nodes may answer for one; ours has one ranking', () => {
  const holds = (name: string, ...addresses: string[]) => ({
    service: layer2.service(name),
    addresses: addresses.map(layer2.address),
  });
  const { announcements } = announcementsFor({
    config: layer2.config([layer2.ad('ad')]),
    services: [holds('b', '10.20.30.2'), holds('a', '10.20.30.1', '10.20.30.2')],
    nodes: [layer2.node('iris1'), layer2.node('iris2')],
    endpointSlices: [],
    self: 'iris1',
    withoutSlices: 'serves-everywhere',
  });
  // By .1, the first of a, iris2 comes first; by .2, the first of b, iris1 would.
  expect(announcements.map(({ address, ranking }) => [address, ranking[0]])).toEqual([
    ['10.20.30.1', 'iris2'],
    ['10.20.30.2', 'iris2'],
  ]);
});
