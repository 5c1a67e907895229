import { describe, expect, test } from 'vitest';
import { changesBetween } from '../../agents/controller/changes.js';
import { type InForce, NOTHING, reconcile } from '../../agents/controller/reconcile.js';
import { controllerStatus } from '../../agents/controller/status.js';
import { formatAddress } from '../../src/net/address.js';
import { snapshotOf } from '../support/source.js';

const pool = (name: string, addresses: readonly string[]): object => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { name, namespace: 'metallb-system' },
  spec: { addresses },
});
const advertisement = (name: string, spec: object): object => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'L2Advertisement',
  metadata: { name },
  spec,
});
const node = (name: string, address: string): object => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name },
  status: { addresses: [{ type: 'InternalIP', address }] },
});
const service = (name: string, spec: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec },
});
const lock = (services: object): object => ({ apiVersion: 'arpeggio.dev/v1alpha1', kind: 'AddressLock', services });

/** What each Service has, as one line. */
const held = ({ outcomes }: InForce): string[] =>
  [...outcomes].map(([key, outcome]) => {
    if ('allocated' in outcome) return `${key} ${outcome.allocated.addresses.map(formatAddress).join()}`;
    return 'pending' in outcome ? `${key} ${outcome.pending[0].code}` : `${key} ignored`;
  });

/** The reasons of the events between two states of the world. */
const events = (before: InForce, after: InForce): string[] =>
  [...changesBetween(before.outcomes, after.outcomes)].flatMap(({ event }) =>
    event === undefined ? [] : [`${event.service} ${event.type} ${event.reason}`],
  );

const GOOD = reconcile(NOTHING, snapshotOf([pool('p', ['192.0.2.1-192.0.2.2']), service('a')]));

describe('a snapshot', () => {
  test('is allocated', () => {
    expect(held(GOOD)).toEqual(['default/a 192.0.2.1']);
    expect(GOOD.usage).toMatchObject([{ pool: 'p', assignedIPv4: 1, availableIPv4: 1n }]);
    expect(GOOD.stale).toBe(false);
  });

  test('with a bad set of pools leaves the good one in force, and new Services still get addresses', () => {
    const overlapping = [pool('p', ['192.0.2.1-192.0.2.2']), pool('q', ['192.0.2.2/32'])];
    const after = reconcile(GOOD, snapshotOf([...overlapping, service('a'), service('b')]));
    expect(after.stale).toBe(true);
    expect(after.config).toBe(GOOD.config);
    expect(held(after)).toEqual(['default/a 192.0.2.1', 'default/b 192.0.2.2']);
    expect(after.issues.map(({ code }) => code)).toContain('POOL_OVERLAP');
    expect(reconcile(after, snapshotOf([pool('p', ['192.0.2.9/32']), service('a')]))).toMatchObject({ stale: false });
  });

  test('that is bad from the beginning puts nothing in force', () => {
    const first = reconcile(NOTHING, snapshotOf([pool('p', ['192.0.2.2-192.0.2.1']), service('a')]));
    expect(first).toMatchObject({ config: undefined, stale: true, usage: [] });
    expect(held(first)).toEqual([]);
  });

  test('whose lock file cannot be read changes no address', () => {
    const unlocked = [pool('p', ['192.0.2.1-192.0.2.2']), service('a')];
    const locked = reconcile(NOTHING, snapshotOf(unlocked, lock({ 'default/a': { addresses: ['192.0.2.2'] } })));
    expect(held(locked)).toEqual(['default/a 192.0.2.2']);
    const after = reconcile(locked, snapshotOf(unlocked, 'not a lock'));
    expect(held(after)).toEqual(['default/a 192.0.2.2']);
    expect(after.issues.map(({ code }) => code)).toContain('LOCK_MALFORMED');
    expect(held(reconcile(NOTHING, snapshotOf(unlocked, 'not a lock')))).toEqual([]);
  });
});

describe('events', () => {
  const next = (...objects: readonly object[]): InForce => reconcile(GOOD, snapshotOf(objects));
  const P = pool('p', ['192.0.2.1-192.0.2.2']);

  test.each([
    ['a new Service', next(P, service('a'), service('b')), ['default/b Normal IPAllocated']],
    ['nothing new', next(P, service('a')), []],
    ['a Service that is gone', next(P), ['default/a Normal ClearAssignment']],
    [
      'a Service that is no longer a load balancer',
      next(P, service('a', { type: 'ClusterIP' })),
      ['default/a Normal ClearAssignment'],
    ],
    [
      'an address that is moved',
      next(pool('p', ['198.51.100.1/32']), service('a')),
      ['default/a Normal ClearAssignment', 'default/a Normal IPAllocated'],
    ],
    [
      'a request that cannot be met',
      next(P, service('a'), service('b', { loadBalancerIP: '10.9.9.9' })),
      ['default/b Warning AllocationFailed'],
    ],
  ])('tell of %s', (_, then, expected) => {
    expect(events(GOOD, then)).toEqual(expected);
    expect(events(then, then)).toEqual([]);
  });
});

describe('status', () => {
  test('shows each Service, each pool and the configuration as Kubernetes would', () => {
    expect([...controllerStatus(GOOD)]).toMatchObject([
      {
        kind: 'Service',
        metadata: { name: 'a', namespace: 'default', annotations: { 'metallb.io/ip-allocated-from-pool': 'p' } },
        status: { loadBalancer: { ingress: [{ ip: '192.0.2.1', ipMode: 'VIP' }] } },
      },
      { kind: 'IPAddressPool', metadata: { name: 'p' }, status: { assignedIPv4: 1, availableIPv4: 1n } },
      {
        kind: 'ConfigurationState',
        metadata: { name: 'controller' },
        status: {
          result: 'Valid',
          conditions: [{ type: 'poolReconcilerValid', status: 'True', reason: 'Reconciled', message: '' }],
        },
      },
    ]);
  });

  test('of a refused configuration says so as MetalLB does', () => {
    const refused = reconcile(GOOD, snapshotOf([pool('p', ['192.0.2.2-192.0.2.1'])]));
    expect([...controllerStatus(refused)].at(-1)).toMatchObject({
      status: {
        result: 'Invalid',
        errorSummary: expect.stringMatching(/^RANGE_REVERSED /),
        conditions: [
          {
            status: 'False',
            reason: 'ConfigurationError',
            message: expect.stringMatching(/^configuration error: RANGE_REVERSED /),
          },
        ],
      },
    });
  });

  const P = pool('p', ['192.0.2.1-192.0.2.20']);
  const all = advertisement('all', {});
  const bad = { ...P, spec: { addresses: 'many' } };

  test.each<[sentence: string, objects: readonly object[], ready: readonly string[]]>([
    ['what is right is ready', [P, all], ['p True Valid', 'all True Valid']],
    ['a pool that nobody answers for is not', [P], ['p False POOL_UNADVERTISED']],
    [
      'an advertisement that matches nothing is not',
      [P, all, advertisement('x', { ipAddressPoolSelectors: [{ matchLabels: { a: 'b' } }] })],
      ['p True Valid', 'all True Valid', 'x False NO_POOL_MATCHED'],
    ],
    [
      'nor is one that names what does not exist',
      [P, all, advertisement('x', { ipAddressPools: ['q'] })],
      ['p True Valid', 'all True Valid', 'x False UNKNOWN_POOL'],
    ],
    [
      'one with a warning is ready, and says it',
      [P, all, node('n1', '10.0.0.1'), node('n2', '192.0.2.7')],
      ['p True POOL_HAS_NODE', 'all True Valid'],
    ],
    [
      'a pool that is wrong is not ready, and gives nobody an address',
      [pool('p', ['192.0.2.9-192.0.2.1']), all],
      ['p False RANGE_REVERSED', 'all True Valid'],
    ],
    ['nor is one that cannot be read', [bad], ['p False FIELD_INVALID']],
  ])('in conditions: %s', (_, objects, ready) => {
    const state = reconcile(NOTHING, snapshotOf(objects));
    const told = [...controllerStatus(state)].flatMap(({ kind, metadata: { name }, status }) =>
      kind === 'IPAddressPool' || kind === 'L2Advertisement' ? [{ name, ...Object(status).conditions[0] }] : [],
    );
    expect(told.map(({ name, status, reason }) => `${name} ${status} ${reason}`)).toEqual(ready);
    for (const { type, reason, message } of told) {
      expect(type).toBe('Ready');
      expect(message).toMatch(reason === 'Valid' ? /^$/ : new RegExp(`^${reason}: `));
    }
  });

  test.each<[sentence: string, object: object, result: string]>([
    ['a Service that cannot be read is no matter of the configuration', service('b', { type: 'Loadbalancer' }), 'Valid'],
    ['nor is a node', { ...node('n1', '10.0.0.1'), metadata: { name: 'n1', labels: 5 } }, 'Valid'],
    ['a pool that cannot be read is', { ...bad, metadata: { name: 'b' } }, 'Invalid'],
    ['so is an object nobody can tell what it is', { kind: 'IPAddressPool' }, 'Invalid'],
  ])('%s', (_, object, result) => {
    const state = reconcile(NOTHING, snapshotOf([P, all, object]));
    expect(state.issues.map(({ severity }) => severity)).toContain('error');
    expect([...controllerStatus(state)].at(-1)).toMatchObject({ kind: 'ConfigurationState', status: { result } });
  });

  test('what checks find is logged with the rest', () => {
    expect(reconcile(NOTHING, snapshotOf([P])).issues.map(({ code }) => code)).toEqual(['POOL_UNADVERTISED']);
    expect(reconcile(NOTHING, snapshotOf([P, all])).issues).toEqual([]);
  });

  test('says why a Service has no address, and is the same whenever it is computed', () => {
    const pending = reconcile(NOTHING, snapshotOf([pool('p', ['192.0.2.1/32']), service('a', { loadBalancerIP: '10.9.9.9' })]));
    expect([...controllerStatus(pending)][0]).toMatchObject({
      status: { conditions: [{ status: 'False', reason: 'ADDRESS_OUTSIDE_POOLS' }] },
    });
    expect([...controllerStatus(pending)]).toEqual([...controllerStatus(pending)]);
  });
});
