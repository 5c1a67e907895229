import { describe, expect, test } from 'vitest';
import { allocateAll } from '../../src/allocator/allocateall.js';
import type { ServiceView } from '../../src/api/views.js';
import { configOf, namespace, pool } from '../config/objects.js';
import { allocated, lockOfTexts, service, told } from './world.js';

const onePool = configOf({ pools: [pool('a', ['10.0.0.1-10.0.0.3'])] });

describe('a Service that leaves the choice', () => {
  test.each<[string, Parameters<typeof configOf>[0], readonly ServiceView[], Record<string, string>]>([
    [
      'gets the first free address, in the order of namespace and name',
      { pools: [pool('a', ['10.0.0.1-10.0.0.3'])] },
      [service('b/x'), service('a/z'), service('a/y')],
      { 'a/y': '10.0.0.1 from a', 'a/z': '10.0.0.2 from a', 'b/x': '10.0.0.3 from a' },
    ],
    [
      'goes through the ranges as they are written',
      { pools: [pool('a', ['10.0.9.0/31', '10.0.0.0/31'])] },
      [service('x'), service('y'), service('z')],
      { x: '10.0.9.0 from a', y: '10.0.9.1 from a', z: '10.0.0.0 from a' },
    ],
    [
      'goes to the next pool by name when one is full',
      { pools: [pool('b', ['10.0.1.1/32']), pool('a', ['10.0.0.1/32'])] },
      [service('x'), service('y'), service('z')],
      { x: '10.0.0.1 from a', y: '10.0.1.1 from b', z: 'POOL_EXHAUSTED' },
    ],
    [
      'gets no buggy address where the pool avoids them',
      { pools: [pool('a', ['10.0.0.254-10.0.1.1'], { avoidBuggyIPs: true })] },
      [service('x'), service('y'), service('z')],
      { x: '10.0.0.254 from a', y: '10.0.1.1 from a', z: 'POOL_EXHAUSTED' },
    ],
    [
      'gets nothing from a pool without autoAssign',
      { pools: [pool('a', ['10.0.0.0/24'], { autoAssign: false })] },
      [service('x')],
      { x: 'POOL_EXHAUSTED' },
    ],
    ['gets nothing where there is no pool', {}, [service('x')], { x: 'POOL_EXHAUSTED' }],
    [
      'gets IPv4 when nothing tells the family and any pool has IPv4',
      { pools: [pool('a', ['fc00::/126']), pool('b', ['10.0.0.1/32'])] },
      [service('x'), service('y')],
      { x: '10.0.0.1 from b', y: 'POOL_EXHAUSTED' },
    ],
    [
      'gets IPv6 when nothing tells the family and no pool has IPv4',
      { pools: [pool('a', ['fc00::/126'])] },
      [service('x')],
      { x: 'fc00:: from a' },
    ],
    [
      'gets the family it names',
      { pools: [pool('a', ['10.0.0.1/32', 'fc00::/126'])] },
      [service('x', { ipFamilies: ['IPv6'] })],
      { x: 'fc00:: from a' },
    ],
    [
      'gets the family of its cluster IP',
      { pools: [pool('a', ['10.0.0.1/32', 'fc00::/126'])] },
      [service('x', { clusterIPs: ['fd00::1'], ipFamilies: ['IPv6'] })],
      { x: 'fc00:: from a' },
    ],
    [
      'is not a load balancer',
      { pools: [pool('a', ['10.0.0.1/32'])] },
      [service('x', { type: 'ClusterIP' })],
      { x: 'not-a-load-balancer' },
    ],
    [
      'is of another class',
      { pools: [pool('a', ['10.0.0.1/32'])] },
      [service('x', { loadBalancerClass: 'other' })],
      { x: 'other-class' },
    ],
  ])('%s', (_, given, services, expected) => {
    expect(allocated(configOf(given), services)).toEqual(expected);
  });

  test('is served when its class is ours, and then only then', () => {
    const services = [service('x', { loadBalancerClass: 'ours' }), service('y')];
    expect(allocated(onePool, services, undefined, 'ours')).toEqual({ x: '10.0.0.1 from a', y: 'other-class' });
  });
});

describe('pinned pools', () => {
  const team = (value: string) => ({ matchLabels: { team: value } });
  const pinned = configOf({
    pools: [
      pool('general', ['10.0.0.1/32']),
      pool('last', ['10.0.1.1/32'], { serviceAllocation: { namespaces: ['red'] } }),
      pool('p20', ['10.0.2.1/32'], { serviceAllocation: { priority: 20, namespaces: ['red'] } }),
      pool('p10', ['10.0.3.1/32'], { serviceAllocation: { priority: 10, namespaceSelectors: [team('a')] } }),
      pool('web', ['10.0.4.1/32'], { serviceAllocation: { priority: 5, serviceSelectors: [{ matchLabels: { tier: 'web' } }] } }),
      pool('both', ['10.0.5.1/32'], {
        serviceAllocation: { priority: 1, namespaces: ['red'], serviceSelectors: [{ matchLabels: { tier: 'db' } }] },
      }),
      pool('nobody', ['10.0.6.1/32'], { serviceAllocation: { namespaceSelectors: [team('zzz')] } }),
    ],
    namespaces: [namespace('red', { team: 'a' }), namespace('blue')],
  });

  test.each<[string, readonly ServiceView[], string[]]>([
    [
      'are tried by priority, none last, and before general ones',
      ['1', '2', '3', '4', '5'].map((name) => service(`red/${name}`)),
      ['10.0.3.1 from p10', '10.0.2.1 from p20', '10.0.1.1 from last', '10.0.0.1 from general', 'POOL_EXHAUSTED'],
    ],
    ['are closed to other namespaces', [service('blue/1'), service('blue/2')], ['10.0.0.1 from general', 'POOL_EXHAUSTED']],
    ['are open by Service labels in any namespace', [service('blue/1', { labels: { tier: 'web' } })], ['10.0.4.1 from web']],
    ['need namespace and labels where both are given', [service('red/1', { labels: { tier: 'db' } })], ['10.0.5.1 from both']],
    ['are closed when only the labels match', [service('blue/1', { labels: { tier: 'db' } })], ['10.0.0.1 from general']],
    ['are closed to a request from elsewhere', [service('blue/1', { pool: 'p20' })], ['POOL_NOT_COMPATIBLE']],
    ['are closed to a requested address from elsewhere', [service('blue/1', { ips: '10.0.2.1' })], ['POOL_NOT_COMPATIBLE']],
    ['whose selectors match nothing are closed to all (Q-04)', [service('red/1', { pool: 'nobody' })], ['POOL_NOT_COMPATIBLE']],
  ])('%s', (_, services, expected) => {
    expect(Object.values(allocated(pinned, services))).toEqual(expected);
  });

  test('of one priority are tried by name (Q-03), and only a priority makes a pool pinned', () => {
    const config = configOf({
      pools: [
        pool('a-general', ['10.0.0.1/32']),
        pool('c', ['10.0.1.1/32'], { serviceAllocation: { priority: 7 } }),
        pool('b', ['10.0.2.1/32'], { serviceAllocation: { priority: 7 } }),
      ],
    });
    expect(
      allocated(
        config,
        ['1', '2', '3'].map((name) => service(name)),
      ),
    ).toEqual({
      1: '10.0.2.1 from b',
      2: '10.0.1.1 from c',
      3: '10.0.0.1 from a-general',
    });
  });
});

describe('a Service that asks', () => {
  const config = configOf({
    pools: [
      pool('a', ['10.0.0.0-10.0.0.3'], { avoidBuggyIPs: true }),
      pool('b', ['10.0.1.1-10.0.1.2', 'fc00::/126'], { autoAssign: false }),
      pool('six', ['fc01::/126'], { autoAssign: false }),
    ],
  });
  const old = (suffix: string, value: string) => ({ annotations: { [`metallb.universe.tf/${suffix}`]: value } });

  test.each<[string, ServiceView, string]>([
    ['by the field gets the address', service('x', { loadBalancerIP: '10.0.0.2' }), '10.0.0.2 from a'],
    ['by the annotation gets the address', service('x', { ips: '10.0.0.3' }), '10.0.0.3 from a'],
    ['with spaces around gets the address', service('x', { ips: ' 10.0.0.3 ' }), '10.0.0.3 from a'],
    ['by the old annotation gets the address', service('x', old('loadBalancerIPs', '10.0.0.2')), '10.0.0.2 from a'],
    [
      'by both, of which the stable one wins though it is empty, gets any',
      service('x', { ips: '', ...old('loadBalancerIPs', '10.0.0.3') }),
      '10.0.0.1 from a',
    ],
    ['for an address of a pool without autoAssign gets it', service('x', { ips: '10.0.1.2' }), '10.0.1.2 from b'],
    ['for a pool gets its first address', service('x', { pool: 'b' }), '10.0.1.1 from b'],
    ['for a pool by the old annotation', service('x', old('address-pool', 'b')), '10.0.1.1 from b'],
    [
      'for no pool by the stable annotation, which wins',
      service('x', { pool: '', ...old('address-pool', 'b') }),
      '10.0.0.1 from a',
    ],
    ['for a pool and an address of it gets it', service('x', { pool: 'b', ips: '10.0.1.2' }), '10.0.1.2 from b'],
    ['for a pool and an address of another', service('x', { pool: 'b', ips: '10.0.0.1' }), 'ADDRESS_NOT_IN_POOL'],
    ['for a pool and an address of none', service('x', { pool: 'b', ips: '10.9.9.9' }), 'ADDRESS_OUTSIDE_POOLS'],
    ['for an address of no pool', service('x', { ips: '10.9.9.9' }), 'ADDRESS_OUTSIDE_POOLS'],
    ['for a buggy address', service('x', { ips: '10.0.0.0' }), 'ADDRESS_BUGGY'],
    ['for an unknown pool', service('x', { pool: 'c' }), 'REQUESTED_POOL_UNKNOWN'],
    ['for a pool without its family', service('x', { pool: 'six', ipFamilies: ['IPv4'] }), 'POOL_EXHAUSTED'],
    ['for a pool that has only IPv6, naming no family, gets that', service('x', { pool: 'six' }), 'fc01:: from six'],
    ['for an IPv6 address, naming no family, gets it', service('x', { ips: 'fc00::3' }), 'fc00::3 from b'],
    ['by field and annotation', service('x', { ips: '10.0.0.1', loadBalancerIP: '10.0.0.1' }), 'SERVICE_INVALID'],
    ['for something else than an address', service('x', { ips: '10.0.0.1.2' }), 'SERVICE_INVALID'],
    ['for something else than an address by the field', service('x', { loadBalancerIP: 'none' }), 'SERVICE_INVALID'],
    ['for an IPv4-mapped address', service('x', { ips: '::ffff:10.0.0.1' }), 'SERVICE_INVALID'],
    ['for two addresses of one family', service('x', { ips: '10.0.0.1,10.0.0.2' }), 'SERVICE_INVALID'],
    ['for three addresses', service('x', { ips: '10.0.1.1,fc00::1,fc00::2' }), 'SERVICE_INVALID'],
    ['for an address of the family it does not have', service('x', { ips: 'fc00::1', ipFamilies: ['IPv4'] }), 'SERVICE_INVALID'],
    [
      'for an address of the family its cluster IP has not',
      service('x', { ips: 'fc00::1', clusterIPs: ['10.96.0.1'] }),
      'SERVICE_INVALID',
    ],
    ['with a cluster IP that is none', service('x', { clusterIPs: ['None'] }), 'SERVICE_INVALID'],
  ])('%s', (_, asking, expected) => {
    expect(allocated(config, [asking])).toEqual({ x: expected });
  });
});

describe('a Service of both families', () => {
  const config = configOf({
    pools: [pool('dual', ['10.0.1.1/32', 'fc01::1/128']), pool('four', ['10.0.0.1-10.0.0.9']), pool('six', ['fc00::1-fc00::9'])],
  });
  const require = { ipFamilyPolicy: 'RequireDualStack' } as const;
  const prefer = { ipFamilyPolicy: 'PreferDualStack' } as const;
  const bothIps = { clusterIPs: ['10.96.0.1', 'fd00::1'] };

  test.each<[string, readonly ServiceView[], string[]]>([
    [
      'gets both from one pool, IPv4 first',
      [service('1', { ...require, ipFamilies: ['IPv6', 'IPv4'] })],
      ['10.0.1.1,fc01::1 from dual'],
    ],
    [
      'never gets them from two pools',
      [service('1', require), service('2', require)],
      ['10.0.1.1,fc01::1 from dual', 'POOL_EXHAUSTED'],
    ],
    [
      'gets IPv4 alone when it only prefers both',
      [service('1', require), service('2', prefer)],
      ['10.0.1.1,fc01::1 from dual', '10.0.0.1 from four'],
    ],
    [
      'gets IPv6 alone when that is its primary family',
      [service('1', require), service('2', { ...prefer, ipFamilies: ['IPv6', 'IPv4'] })],
      ['10.0.1.1,fc01::1 from dual', 'fc00::1 from six'],
    ],
    ['gets the other family from a requested pool', [service('1', { ...prefer, pool: 'six' })], ['fc00::1 from six']],
    ['cannot get both from a requested pool of one', [service('1', { ...require, pool: 'six' })], ['POOL_EXHAUSTED']],
    [
      'gets the addresses it requests, in the order of their text (Q-13)',
      [service('1', { ...require, ips: 'fc01::1,10.0.1.1' })],
      ['10.0.1.1,fc01::1 from dual'],
    ],
    [
      'gets the two it requests when nothing tells the families',
      [service('1', { ips: '10.0.1.1,fc01::1' })],
      ['10.0.1.1,fc01::1 from dual'],
    ],
    ['cannot request them from two pools', [service('1', { ...require, ips: '10.0.0.1,fc00::1' })], ['ADDRESS_NOT_IN_POOL']],
    ['cannot request one where it requires two', [service('1', { ...require, ips: '10.0.0.1' })], ['SERVICE_INVALID']],
    ['may request one in a folder where it prefers two', [service('1', { ...prefer, ips: 'fc00::4' })], ['fc00::4 from six']],
    [
      'cannot request one in a cluster that gave it two',
      [service('1', { ...prefer, ...bothIps, ips: '10.0.0.1' })],
      ['SERVICE_INVALID'],
    ],
    [
      'cannot request two with one cluster IP',
      [service('1', { clusterIPs: ['10.96.0.1'], ips: '10.0.1.1,fc01::1' })],
      ['SERVICE_INVALID'],
    ],
    [
      'gets one with one cluster IP, though it prefers two',
      [service('1', { ...prefer, clusterIPs: ['10.96.0.1'] })],
      ['10.0.1.1 from dual'],
    ],
    ['gets both with two cluster IPs', [service('1', { ...prefer, ...bothIps })], ['10.0.1.1,fc01::1 from dual']],
    [
      'is invalid when it requires two and has one cluster IP',
      [service('1', { ...require, clusterIPs: ['10.96.0.1'] })],
      ['SERVICE_INVALID'],
    ],
    ['is invalid when it has two cluster IPs and wants one', [service('1', bothIps)], ['SERVICE_INVALID']],
  ])('%s', (_, services, expected) => {
    expect(Object.values(allocated(config, services))).toEqual(expected);
  });

  test('stays with its pinned pool of one family rather than go to a general one of both', () => {
    const pools = [
      pool('dual', ['10.0.1.1/32', 'fc01::1/128']),
      pool('four', ['10.0.0.1/32'], { serviceAllocation: { priority: 1 } }),
    ];
    expect(allocated(configOf({ pools }), [service('x', prefer)])).toEqual({ x: '10.0.0.1 from four' });
  });
});

describe('two Services on one address', () => {
  const single = configOf({ pools: [pool('a', ['10.0.0.1/32'])] });
  const local = (app: string) => ({ externalTrafficPolicy: 'Local', selector: { app } }) as const;

  test.each<[string, ServiceView, ServiceView, string]>([
    [
      'share with one key and other ports',
      service('1', { share: 'k' }),
      service('2', { share: 'k', ports: [81] }),
      '10.0.0.1 from a',
    ],
    [
      'share one port of two protocols',
      service('1', { share: 'k' }),
      service('2', { share: 'k', ports: ['UDP/80'] }),
      '10.0.0.1 from a',
    ],
    [
      'share when both are Local with one selector',
      service('1', { share: 'k', ...local('x') }),
      service('2', { share: 'k', ports: [81], ...local('x') }),
      '10.0.0.1 from a',
    ],
    ['do not share one port', service('1', { share: 'k' }), service('2', { share: 'k' }), 'POOL_EXHAUSTED'],
    [
      'do not share with different keys',
      service('1', { share: 'k' }),
      service('2', { share: 'm', ports: [81] }),
      'POOL_EXHAUSTED',
    ],
    ['do not share without a key', service('1'), service('2', { ports: [81] }), 'POOL_EXHAUSTED'],
    ['do not share with an empty key', service('1', { share: '' }), service('2', { share: '', ports: [81] }), 'POOL_EXHAUSTED'],
    [
      'do not share when Local with two selectors',
      service('1', { share: 'k', ...local('x') }),
      service('2', { share: 'k', ports: [81], ...local('y') }),
      'POOL_EXHAUSTED',
    ],
    [
      'do not share when one is Local',
      service('1', { share: 'k', ...local('x') }),
      service('2', { share: 'k', ports: [81] }),
      'POOL_EXHAUSTED',
    ],
    [
      'share when the Local one selects no pods',
      service('1', { share: 'k', externalTrafficPolicy: 'Local' }),
      service('2', { share: 'k', ports: [81] }),
      '10.0.0.1 from a',
    ],
  ])('%s', (_, first, second, expected) => {
    expect(allocated(single, [first, second])).toEqual({ 1: '10.0.0.1 from a', 2: expected });
    const requesting = [first, second].map((one) => ({ ...one, loadBalancerIP: '10.0.0.1' }));
    expect(allocated(single, requesting)['2']).toBe(expected === 'POOL_EXHAUSTED' ? 'ADDRESS_IN_USE' : expected);
  });

  test('leave a requested address to whoever requests it, whatever their names', () => {
    expect(allocated(onePool, [service('a'), service('web', { ips: '10.0.0.1' })])).toEqual({
      a: '10.0.0.2 from a',
      web: '10.0.0.1 from a',
    });
  });

  test('do not meet when a lower address is free (Q-18)', () => {
    const services = [service('1', { share: 'k', ips: '10.0.0.2' }), service('2', { share: 'k', ports: [81] })];
    expect(allocated(onePool, services)).toEqual({ 1: '10.0.0.2 from a', 2: '10.0.0.1 from a' });
  });

  test('meet on the lowest address whose ports are free', () => {
    const services = [service('1', { share: 'k' }), service('2', { share: 'k' }), service('3', { share: 'k', ports: [81] })];
    expect(allocated(onePool, services)).toEqual({ 1: '10.0.0.1 from a', 2: '10.0.0.2 from a', 3: '10.0.0.1 from a' });
  });
});

describe('the reason', () => {
  const config = configOf({
    pools: [
      pool('primary-pool', ['10.0.0.1-10.0.0.2']),
      pool('pinned-pool', ['10.0.1.1/32'], { serviceAllocation: { priority: 3, namespaces: ['red'] } }),
    ],
  });

  test.each<[string, readonly ServiceView[], string, string]>([
    ['a free address', [service('x')], 'default/x', 'first free address of pool primary-pool'],
    ['a pinned pool', [service('red/x')], 'red/x', 'first free address of pinned (priority 3) pool pinned-pool'],
    [
      'a requested pool',
      [service('x', { pool: 'primary-pool' })],
      'default/x',
      'first free address of requested pool primary-pool',
    ],
    [
      'a requested address',
      [service('x', { ips: '10.0.0.2' })],
      'default/x',
      'requested by annotation metallb.io/loadBalancerIPs',
    ],
    [
      'a shared address',
      [service('x', { share: 'k' }), service('y', { share: 'k', ports: [1] })],
      'default/y',
      'shared with default/x',
    ],
    [
      'a held address',
      [service('x', { ips: '10.0.0.1' }), service('y', { ips: '10.0.0.1' })],
      'default/y',
      '"10.0.0.1" is held by default/x',
    ],
    [
      'a used port',
      [service('x', { ips: '10.0.0.1', share: 'k' }), service('y', { ips: '10.0.0.1', share: 'k' })],
      'default/y',
      'port TCP/80 is already in use on "10.0.0.1" by default/x',
    ],
    ['a mistyped pool', [service('x', { pool: 'primary-pol' })], 'default/x', 'did you mean "primary-pool"?'],
    [
      'a pinned pool requested',
      [service('x', { pool: 'pinned-pool' })],
      'default/x',
      'pinned to other namespaces, not to "default"',
    ],
    [
      'full pools',
      [service('x'), service('y'), service('z')],
      'default/z',
      'no available IPs for one IPv4 address: pool "primary-pool" is full; pool "pinned-pool" is pinned to other namespaces',
    ],
  ])('tells of %s', (_, services, key, message) => {
    expect(told(allocateAll(config, services).get(key))).toContain(message);
  });

  test('stands at the Service, where it was asked for', () => {
    const outcome = allocateAll(config, [service('x', { pool: 'zzz' })]).get('default/x');
    expect(outcome).toMatchObject({
      pending: [
        { code: 'REQUESTED_POOL_UNKNOWN', path: 'metadata.annotations["metallb.io/address-pool"]', source: { file: 'x.yaml' } },
      ],
    });
  });

  test('comes with a warning when there is no lock', () => {
    const outcomes = allocateAll(config, [service('x'), service('y')], lockOfTexts({ 'default/y': '10.0.0.2' }));
    expect(outcomes.get('default/x')).toMatchObject({
      warnings: [{ code: 'NOT_LOCKED', severity: 'warning', source: { file: 'x.yaml' } }],
    });
    expect(outcomes.get('default/y')).toMatchObject({ warnings: [], allocated: { reason: { code: 'LOCKED' } } });
  });
});

describe('a lock', () => {
  const config = configOf({
    pools: [pool('a', ['10.0.0.1-10.0.0.4', 'fc00::/126']), pool('b', ['10.0.1.0-10.0.1.1'], { avoidBuggyIPs: true })],
  });

  test.each<[string, readonly ServiceView[], Record<string, string>, Record<string, string>]>([
    [
      'is kept before anybody else chooses',
      [service('a'), service('z')],
      { 'default/z': '10.0.0.1' },
      { a: '10.0.0.2 from a', z: '10.0.0.1 from a' },
    ],
    [
      'of a Service that is gone keeps its address from others',
      [service('a'), service('b', { ips: '10.0.0.1' })],
      { 'default/gone': '10.0.0.1' },
      { a: '10.0.0.2 from a', b: 'ADDRESS_IN_USE' },
    ],
    [
      'of a Service that is no load balancer now keeps its address from others',
      [service('a'), service('z', { type: 'ClusterIP' })],
      { 'default/z': '10.0.0.1' },
      { a: '10.0.0.2 from a', z: 'not-a-load-balancer' },
    ],
    [
      'to one address for two keeps it for the one that still shares',
      [service('a'), service('b', { share: 'k', ports: [81] })],
      { 'default/a': '10.0.0.1', 'default/b': '10.0.0.1' },
      { a: 'LOCK_CONFLICT', b: '10.0.0.1 from a' },
    ],
    ['outside every pool is a conflict', [service('a')], { 'default/a': '10.9.9.9' }, { a: 'LOCK_CONFLICT' }],
    ['to a buggy address is a conflict', [service('a')], { 'default/a': '10.0.1.0' }, { a: 'LOCK_CONFLICT' }],
    [
      'beside another request is a conflict',
      [service('a', { ips: '10.0.0.2' })],
      { 'default/a': '10.0.0.1' },
      { a: 'LOCK_CONFLICT' },
    ],
    [
      'beside the same request is kept',
      [service('a', { ips: '10.0.0.1' })],
      { 'default/a': '10.0.0.1' },
      { a: '10.0.0.1 from a' },
    ],
    [
      'beside a request for another pool is a conflict',
      [service('a', { pool: 'b' })],
      { 'default/a': '10.0.0.1' },
      { a: 'LOCK_CONFLICT' },
    ],
    ['beside a request for no pool there is', [service('a', { pool: 'c' })], { 'default/a': '10.0.0.1' }, { a: 'LOCK_CONFLICT' }],
    [
      'to one address for two Services that do not share is a conflict',
      [service('a'), service('b')],
      { 'default/a': '10.0.0.1', 'default/b': '10.0.0.1' },
      { a: '10.0.0.1 from a', b: 'LOCK_CONFLICT' },
    ],
    [
      'to one address for two Services that share is kept',
      [service('a', { share: 'k' }), service('b', { share: 'k', ports: [81] })],
      { 'default/a': '10.0.0.1', 'default/b': '10.0.0.1' },
      { a: '10.0.0.1 from a', b: '10.0.0.1 from a' },
    ],
    [
      'for two that share keeps a third away while one is gone',
      [service('a', { share: 'k' }), service('c', { share: 'k', ports: [81] })],
      { 'default/a': '10.0.0.1', 'default/b': '10.0.0.1' },
      { a: '10.0.0.1 from a', c: '10.0.0.2 from a' },
    ],
    [
      'lets an unlocked Service share',
      [service('a', { share: 'k' }), service('c', { share: 'k', ports: [81] })],
      { 'default/a': '10.0.0.1' },
      { a: '10.0.0.1 from a', c: '10.0.0.1 from a' },
    ],
    [
      'to the wrong family is a conflict',
      [service('a', { ipFamilies: ['IPv6'] })],
      { 'default/a': '10.0.0.1' },
      { a: 'LOCK_CONFLICT' },
    ],
    [
      'to one address is a conflict where two are required',
      [service('a', { ipFamilyPolicy: 'RequireDualStack' })],
      { 'default/a': '10.0.0.1' },
      { a: 'LOCK_CONFLICT' },
    ],
    [
      'to one address is kept where two are preferred',
      [service('a', { ipFamilyPolicy: 'PreferDualStack' })],
      { 'default/a': '10.0.0.1' },
      { a: '10.0.0.1 from a' },
    ],
    [
      'to two addresses is a conflict where one is wanted',
      [service('a')],
      { 'default/a': '10.0.0.1,fc00::1' },
      { a: 'LOCK_CONFLICT' },
    ],
    [
      'gives a Service its address whose request cannot be read',
      [service('a', { ips: 'x' }), service('b')],
      { 'default/a': '10.0.0.1' },
      { a: '10.0.0.1 from a', b: '10.0.0.2 from a' },
    ],
    [
      'that is in conflict keeps its address from others',
      [service('a', { ips: '10.0.0.3' }), service('b')],
      { 'default/a': '10.0.0.1' },
      { a: 'LOCK_CONFLICT', b: '10.0.0.2 from a' },
    ],
  ])('%s', (_, services, lock, expected) => {
    expect(allocated(config, services, lockOfTexts(lock))).toEqual(expected);
  });

  test('in conflict says where it stands and what is in the way', () => {
    const lock = lockOfTexts({ 'default/a': '10.0.0.1', 'default/b': '10.0.0.1' });
    const message = told(allocateAll(config, [service('a'), service('b')], lock).get('default/b'));
    expect(message).toContain('default/b is locked to 10.0.0.1 (addresses.lock.yaml:5:3), but "10.0.0.1" is held by default/a');
  });
});
