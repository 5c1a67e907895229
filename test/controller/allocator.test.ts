import { describe, expect, test } from 'vitest';
import { type Allocator, byStatus, ClusterAllocator } from '../../agents/controller/allocator.js';
import { changesBetween } from '../../agents/controller/changes.js';
import { type InForce, NOTHING, reconcile } from '../../agents/controller/reconcile.js';
import { controllerStatus } from '../../agents/controller/status.js';
import { formatAddress } from '../../src/net/address.js';
import { snapshotOf } from '../support/source.js';

const pool = (...addresses: readonly string[]): object => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { name: 'p', namespace: 'metallb-system' },
  spec: { addresses },
});
const SPEC = { type: 'LoadBalancer', clusterIPs: ['10.96.0.1'], ipFamilies: ['IPv4'], ports: [{ port: 80 }] };
const service = (name: string, ...ips: readonly string[]): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: SPEC,
  status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
});

/** What is in force after one state of the cluster after the other. */
const inForceAfter = (allocator: Allocator, ...states: readonly (readonly object[])[]): InForce =>
  states.reduce<InForce>((before, objects) => reconcile(before, snapshotOf(objects), allocator), NOTHING);
const held = ({ outcomes }: InForce): string[] =>
  [...outcomes].map(([key, outcome]) => {
    if ('allocated' in outcome) return `${key} ${outcome.allocated.addresses.map(formatAddress).join()}`;
    return 'pending' in outcome ? `${key} ${outcome.pending[0].code}` : `${key} ignored`;
  });
const events = (before: InForce, now: InForce): string[] =>
  [...changesBetween(before.outcomes, now.outcomes)].flatMap(({ event }) =>
    event === undefined ? [] : [`${event.service} ${event.reason}`],
  );

const messages = (before: InForce, now: InForce): string[] =>
  [...changesBetween(before.outcomes, now.outcomes, now.objects.services)].flatMap(({ event }) =>
    event === undefined ? [] : [`${event.type} ${event.reason} ${event.message}`],
  );

describe('in a cluster', () => {
  const P = pool('192.0.2.1-192.0.2.3');

  test('everybody has what his status says when a controller begins, and nobody is told so', () => {
    const first = inForceAfter(new ClusterAllocator(), [P, service('a'), service('b', '192.0.2.1')]);
    expect(held(first)).toEqual(['default/a 192.0.2.2', 'default/b 192.0.2.1']);
    expect(events(NOTHING, first)).toEqual(['default/a IPAllocated']);
  });

  test('before there was a pool nobody loses what he has, and afterwards he keeps it', () => {
    const [allocator, services] = [new ClusterAllocator(), [service('a'), service('b', '192.0.2.1'), service('c', '192.0.2.3')]];
    const early = inForceAfter(allocator, services);
    expect(held(early)).toEqual(['default/a POOL_EXHAUSTED', 'default/b ignored', 'default/c ignored']);
    expect([...controllerStatus(early)].filter(({ kind }) => kind === 'Service').map(({ metadata }) => metadata.name)).toEqual([
      'a',
    ]);
    expect(early.issues.map(({ code, message }) => `${code} ${message}`)).toContain(
      'POOLS_MISSING there is no IPAddressPool yet: Services keep the addresses that they have, and nobody is given one',
    );
    const now = reconcile(early, snapshotOf([P, ...services]), allocator);
    expect(held(now)).toEqual(['default/a 192.0.2.2', 'default/b 192.0.2.1', 'default/c 192.0.2.3']);
    expect([events(early, now), now.issues.map(({ code }) => code)]).toEqual([
      ['default/a IPAllocated'],
      expect.not.arrayContaining(['POOLS_MISSING']),
    ]);
    // The last pool is deleted, which is somebody's will.
    const late = reconcile(now, snapshotOf(services), allocator);
    expect(held(late)).toEqual(['default/a POOL_EXHAUSTED', 'default/b POOL_EXHAUSTED', 'default/c POOL_EXHAUSTED']);
  });

  test('what was given counts before the status shows it, and whatever the status shows instead', () => {
    const allocator = new ClusterAllocator();
    const states = [
      [P, service('b')],
      [P, service('a'), service('b')],
      [P, service('a'), service('b', '192.0.2.3')],
    ];
    expect(held(inForceAfter(allocator, ...states))).toEqual(['default/a 192.0.2.2', 'default/b 192.0.2.1']);
  });

  test('a Service that keeps its address keeps the reason why it has it', () => {
    const allocator = new ClusterAllocator();
    const first = inForceAfter(allocator, [P, service('a')]);
    const second = reconcile(first, snapshotOf([P, service('a', '192.0.2.1'), service('b')]), allocator);
    expect(second.outcomes.get('default/a')).toBe(first.outcomes.get('default/a'));
    expect(events(first, second)).toEqual(['default/b IPAllocated']);
  });

  test.each<[string, object, readonly string[]]>([
    [
      'has a second address beside the one it keeps',
      { ipFamilyPolicy: 'PreferDualStack', clusterIPs: ['10.96.0.1', 'fd01::1'], ipFamilies: ['IPv4', 'IPv6'] },
      ['Normal IPAllocated Assigned additional IP "fd00::"'],
    ],
    [
      'keeps its address though nobody can read what it asks for',
      { loadBalancerIP: '192.0.2.x' },
      [expect.stringMatching(/^Warning LoadBalancerFailed SERVICE_INVALID: /)],
    ],
    [
      'has cluster IPs that are none',
      { clusterIPs: ['None'] },
      [
        expect.stringMatching(/^Normal ClearAssignment default\/a no longer has 192.0.2.1: .*"None" is not an address/),
        expect.stringMatching(/^Warning noclusterIPsIPFamily .*the cluster IP "None" is not an address/),
      ],
    ],
    [
      'requires two families and has one cluster IP',
      { ipFamilyPolicy: 'RequireDualStack' },
      [
        expect.stringMatching(/^Normal ClearAssignment .*: RequireDualStack needs two cluster IPs/),
        expect.stringMatching(/^Warning not enough clusterips .*RequireDualStack needs two cluster IPs/),
      ],
    ],
  ])('a Service that %s is told so once, as MetalLB tells it', (_, spec, told) => {
    const allocator = new ClusterAllocator();
    const pools = pool('192.0.2.1-192.0.2.3', 'fd00::/120');
    const changed = { ...service('a', '192.0.2.1'), spec: { ...SPEC, ...spec } };
    const first = inForceAfter(allocator, [pools, service('a', '192.0.2.1')]);
    const second = reconcile(first, snapshotOf([pools, changed]), allocator);
    const third = reconcile(second, snapshotOf([pools, changed]), allocator);
    expect(messages(first, second)).toEqual(told);
    expect(messages(second, third)).toEqual([]);
  });

  describe('a Service that prefers two families', () => {
    const DUAL = {
      ...SPEC,
      ipFamilyPolicy: 'PreferDualStack',
      clusterIPs: ['10.96.0.1', 'fd01::1'],
      ipFamilies: ['IPv4', 'IPv6'],
    };
    const dual = (name: string, ...ips: readonly string[]): object => ({ ...service(name, ...ips), spec: DUAL });
    const failed = (why: string): string =>
      `Normal AdditionalAssignFailed cannot assign additional IP in PreferDualStack: ${why}`;

    test('and has one is told why, once, until there is another reason or a second address', () => {
      const allocator = new ClusterAllocator();
      const small = pool('192.0.2.1-192.0.2.3', 'fd00::/128');
      const first = inForceAfter(allocator, [P, dual('a')]);
      expect(messages(NOTHING, first)).toEqual([
        'Normal IPAllocated Assigned IP ["192.0.2.1"]',
        failed('pool "p" has no IPv6 addresses'),
      ]);
      const same = reconcile(first, snapshotOf([P, dual('a'), service('b')]), allocator);
      expect(messages(first, same)).toEqual(['Normal IPAllocated Assigned IP ["192.0.2.2"]']);
      const taken = { ...service('6'), spec: { ...SPEC, clusterIPs: ['fd01::2'], ipFamilies: ['IPv6'] } };
      const moved = reconcile(
        NOTHING,
        snapshotOf([small, { ...taken, status: { loadBalancer: { ingress: [{ ip: 'fd00::' }] } } }, dual('a', '192.0.2.1')]),
        allocator,
      );
      const other = reconcile(moved, snapshotOf([small, taken, dual('a')]), allocator);
      expect(messages(same, moved).filter((one) => one.includes('Additional'))).toEqual([
        failed('pool "p" has no free IPv6 address'),
      ]);
      expect(messages(moved, other)).toEqual([]);
      const whole = reconcile(other, snapshotOf([small, dual('a')]), allocator);
      expect(messages(other, whole)).toContain('Normal IPAllocated Assigned additional IP "fd00::"');
    });

    test('is not told after a restart what it was told before', () => {
      expect(events(NOTHING, inForceAfter(new ClusterAllocator(), [P, dual('a', '192.0.2.1')]))).toEqual([]);
    });

    test('and asks for one address is told nothing', () => {
      const asks = {
        ...dual('a', '192.0.2.1'),
        spec: { ...DUAL, clusterIPs: ['10.96.0.1'], ipFamilies: ['IPv4'], loadBalancerIP: '192.0.2.2' },
      };
      expect(events(NOTHING, inForceAfter(new ClusterAllocator(), [P, asks]))).toEqual([
        'default/a ClearAssignment',
        'default/a IPAllocated',
      ]);
    });
  });

  test('deprecated annotations are named whenever something else is told of their Service', () => {
    const annotations = {
      'metallb.universe.tf/address-pool': 'p',
      'metallb.universe.tf/other': '',
      'metallb.io/allow-shared-ip': 'k',
    };
    const a = { ...service('a'), metadata: { name: 'a', annotations } };
    const first = inForceAfter(new ClusterAllocator(), [P, a]);
    const told = [...changesBetween(new Map(), first.outcomes, first.objects.services)];
    expect(told.map(({ event }) => `${event?.type} ${event?.reason} ${event?.message}`)).toEqual([
      'Normal IPAllocated Assigned IP ["192.0.2.1"]',
      'Warning deprecatedAnnotation Service uses deprecated annotation metallb.universe.tf/address-pool',
      'Warning deprecatedAnnotation Service uses deprecated annotation metallb.universe.tf/other',
    ]);
    expect([...changesBetween(first.outcomes, first.outcomes, first.objects.services)]).toEqual([]);
  });

  test('a status that nobody here wrote is said to be none', () => {
    const first = inForceAfter(new ClusterAllocator(), [P, service('a', '192.0.2.1', '192.0.2.2')]);
    expect(events(NOTHING, first)).toEqual(['default/a nolbIPsIPFamily', 'default/a IPAllocated']);
  });

  test('who cannot keep what his status says is told, also after a restart', () => {
    const first = inForceAfter(new ClusterAllocator(), [P, service('a', '203.0.113.9')]);
    expect(held(first)).toEqual(['default/a 192.0.2.1']);
    expect(events(NOTHING, first)).toEqual(['default/a ClearAssignment', 'default/a IPAllocated']);
  });
});

describe('by status', () => {
  const states = [pool('192.0.2.0/28'), service('a', '192.0.2.1'), service('b')];

  test('a speaker has what a controller gave, and gives nothing', () => {
    expect(held(inForceAfter(byStatus(), states))).toEqual(['default/a 192.0.2.1']);
  });

  test('pools without an announced address wait until the controller has moved it', () => {
    const moved = pool('198.51.100.0/28');
    const waiting = inForceAfter(byStatus(), states, [moved, service('a', '192.0.2.1')]);
    expect([held(waiting), waiting.stale]).toEqual([['default/a 192.0.2.1'], true]);
    const over = reconcile(waiting, snapshotOf([moved, service('a', '198.51.100.1')]), byStatus());
    expect([held(over), over.stale]).toEqual([['default/a 198.51.100.1'], false]);
    const gone = reconcile(waiting, snapshotOf([moved, service('a')]), byStatus());
    expect([held(gone), gone.stale]).toEqual([[], false]);
  });
});
