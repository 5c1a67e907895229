/** Every way of getting an address and every way of not getting one says what decided, in words that help at night. */
import { describe, expect, test } from 'vitest';
import { settle } from '../../src/allocator/settle.js';
import type { ServiceView } from '../../src/api/views.js';
import { formatIssue } from '../../src/issue/issue.js';
import { configOf, namespace, pool } from '../config/objects.js';
import { lockOfTexts, service } from './world.js';

const config = configOf({
  pools: [
    pool('all', ['10.0.0.0-10.0.0.3', 'fc00::/127'], { avoidBuggyIPs: true }),
    pool('asked', ['10.0.1.1/32', 'fc01::1/128'], { autoAssign: false }),
    pool('nobody', ['10.0.2.1/32'], { serviceAllocation: { namespaceSelectors: [{ matchLabels: { team: 'zzz' } }] } }),
    pool('red', ['10.0.3.1/32'], { serviceAllocation: { priority: 7, namespaces: ['red'] } }),
    pool('six', ['fc04::1/128'], { autoAssign: false }),
    pool('web', ['10.0.5.1/32'], { serviceAllocation: { serviceSelectors: [{ matchLabels: { tier: 'web' } }] } }),
  ],
  namespaces: [namespace('red'), namespace('default')],
});

interface Given {
  /** Settled before `x` is. */
  readonly others?: readonly ServiceView[];
  readonly lock?: Readonly<Record<string, string>>;
}

/** What `x` is told: the reason's code and message, or the issue as a line, and what it lost. */
function tell(x: ServiceView, { others = [], lock = {} }: Given): string[] {
  const before = settle({ config, services: others, lock: lockOfTexts(lock), statusCounts: true });
  const services = [...others, x];
  const { outcomes } = settle({ config, services, lock: lockOfTexts(lock), statusCounts: true, before: before.state });
  const outcome = outcomes.get(`${x.namespace}/${x.name}`);
  if (outcome === undefined || 'ignored' in outcome) return [outcome?.ignored ?? 'absent'];
  const lost = outcome.lost === undefined ? [] : [`lost: ${outcome.lost.code} ${outcome.lost.message}`];
  if ('pending' in outcome) return [...outcome.pending.map(formatIssue), ...lost];
  const { code, message } = outcome.allocated.reason;
  return [`${code} ${message}`, ...outcome.warnings.map(formatIssue), ...lost];
}

const dual = { clusterIPs: ['10.96.0.1', 'fd00::1'] };
const prefer = { ...dual, ipFamilyPolicy: 'PreferDualStack' } as const;
const require = { ...dual, ipFamilyPolicy: 'RequireDualStack' } as const;
const four = { clusterIPs: ['10.96.0.1'] };
const local = { externalTrafficPolicy: 'Local', selector: { app: 'x' } } as const;
const IPS = 'metadata.annotations["metallb.io/loadBalancerIPs"]';
const POOL = 'metadata.annotations["metallb.io/address-pool"]';
const elsewhere =
  'pool "asked" has autoAssign false; pool "nobody" is open to no namespace, as its namespaceSelectors match none';
const rest =
  'pool "red" is pinned to other namespaces; pool "six" has autoAssign false; pool "web" is pinned to Services with other labels';

describe('a Service is told how its address was chosen', () => {
  test.each<[string, ServiceView, Given, string[]]>([
    ['the lowest of a general pool', service('x', four), {}, ['GENERAL_POOL first free address of pool all']],
    ['one of each family', service('x', require), {}, ['GENERAL_POOL first free address of each family of pool all']],
    [
      'the lowest of a pinned pool',
      service('red/x', four),
      {},
      ['PINNED_POOL first free address of pinned (priority 7) pool red'],
    ],
    [
      'the lowest of a requested pool',
      service('x', { ...four, pool: 'asked' }),
      {},
      ['REQUESTED_POOL first free address of requested pool asked'],
    ],
    [
      'the requested address',
      service('x', { ...four, ips: '10.0.0.3' }),
      {},
      ['REQUESTED_ADDRESS requested by annotation metallb.io/loadBalancerIPs'],
    ],
    [
      'the requested address, by the field',
      service('x', { ...four, loadBalancerIP: '10.0.0.3' }),
      {},
      ['REQUESTED_ADDRESS requested by spec.loadBalancerIP'],
    ],
    [
      'a shared one',
      service('x', { ...four, share: 'k', ports: [81] }),
      { others: [service('a', { ...four, share: 'k' })] },
      ['GENERAL_POOL lowest acceptable address of pool all: 10.0.0.1 is shared with default/a'],
    ],
    ['the locked one', service('x', four), { lock: { 'default/x': '10.0.0.2' } }, ['LOCKED locked by addresses.lock.yaml:5:3']],
    ['the one it has', service('x', { ...four, ingress: ['10.0.0.3'] }), {}, ['KEPT it has 10.0.0.3 already']],
    [
      'the one it has, and another family joins',
      service('x', { ...prefer, ingress: ['10.0.0.3'] }),
      {},
      ['KEPT it has 10.0.0.3 already; fc00:: of the same pool joins it'],
    ],
    [
      'the one it has, against the lock',
      service('x', { ...four, ingress: ['10.0.0.3'] }),
      { lock: { 'default/x': '10.0.0.2' } },
      [
        'KEPT it has 10.0.0.3 already',
        'LOCK_CONFLICT x.yaml default/x is locked to 10.0.0.2 (addresses.lock.yaml:5:3), but it has 10.0.0.3, which it keeps',
      ],
    ],
    [
      'the one it has, though it is locked for another',
      service('x', { ...four, ingress: ['10.0.0.3'] }),
      { lock: { 'default/gone': '10.0.0.3' } },
      [
        'KEPT it has 10.0.0.3 already',
        'LOCK_CONFLICT x.yaml default/gone is locked to 10.0.0.3 (addresses.lock.yaml:5:3), but default/x has 10.0.0.3 and keeps it',
      ],
    ],
    [
      'the one it has, as its request cannot be read',
      service('x', { ...four, ips: '10.0.0.300', ingress: ['10.0.0.3'] }),
      {},
      [
        'KEPT it has 10.0.0.3 already',
        `SERVICE_INVALID x.yaml ${IPS}: invalid annotation metallb.io/loadBalancerIPs: "10.0.0.300" is not an IP address: 300 is more than 255`,
      ],
    ],
    ['nothing, for it is no load balancer', service('x', { type: 'NodePort' }), {}, ['not-a-load-balancer']],
    ['nothing, for it is of another class', service('x', { loadBalancerClass: 'other' }), {}, ['other-class']],
  ])('%s', (_, x, given, expected) => {
    expect(tell(x, given)).toEqual(expected);
  });
});

describe('a Service is told why it has no address', () => {
  const full = ['a', 'b', 'c'].map((name) => service(name, { ...four, share: 'k' }));
  test.each<[string, ServiceView, Given, string, string?]>([
    [
      'it is in no pool',
      service('x', { ...four, ips: '10.9.9.9' }),
      {},
      `ADDRESS_OUTSIDE_POOLS x.yaml ${IPS}: "10.9.9.9" is not allowed in config: it is in no pool`,
    ],
    [
      'it is buggy',
      service('x', { ...four, ips: '10.0.0.0' }),
      {},
      `ADDRESS_BUGGY x.yaml ${IPS}: "10.0.0.0" ends in .0 or .255, and pool "all" has avoidBuggyIPs`,
    ],
    [
      'they are in two pools',
      service('x', { ...require, ips: '10.0.0.1,fc01::1' }),
      {},
      `ADDRESS_NOT_IN_POOL x.yaml ${IPS}: the addresses are in two pools, "all" and "asked"; both must come from one`,
    ],
    [
      'it is in another pool than the requested one',
      service('x', { ...four, ips: '10.0.0.1', pool: 'asked' }),
      {},
      `ADDRESS_NOT_IN_POOL x.yaml ${POOL}: requested loadBalancer IP "10.0.0.1" is in pool "all", which is not the requested address pool "asked"`,
    ],
    [
      'it is held',
      service('x', { ...four, ips: '10.0.0.1' }),
      { others: full },
      `ADDRESS_IN_USE x.yaml ${IPS}: "10.0.0.1" is held by default/a; to share it, both need the same annotation metallb.io/allow-shared-ip`,
    ],
    [
      'it is held with another key',
      service('x', { ...four, ips: '10.0.0.1', share: 'm' }),
      { others: full },
      `ADDRESS_IN_USE x.yaml ${IPS}: "10.0.0.1" is held by default/a, with another sharing key (annotation metallb.io/allow-shared-ip)`,
    ],
    [
      'it is held with other backends',
      service('x', { ...four, ips: '10.0.0.1', share: 'k', ports: [81], ...local }),
      { others: full },
      `ADDRESS_IN_USE x.yaml ${IPS}: "10.0.0.1" is held by default/a; with externalTrafficPolicy Local only Services with the same selector and policy can share it`,
    ],
    [
      'its port is used',
      service('x', { ...four, ips: '10.0.0.1', share: 'k' }),
      { others: full },
      `ADDRESS_IN_USE x.yaml ${IPS}: port TCP/80 is already in use on "10.0.0.1" by default/a`,
    ],
    [
      'it is held by many',
      service('x', { ...four, ips: '10.0.0.1' }),
      { others: [1, 2, 3, 4, 5].map((port) => service(`a${port}`, { ...four, share: 'k', ports: [port] })) },
      `ADDRESS_IN_USE x.yaml ${IPS}: "10.0.0.1" is held by default/a1, default/a2, default/a3 and 2 more; to share it, both need the same annotation metallb.io/allow-shared-ip`,
    ],
    [
      'it is locked for another',
      service('x', { ...four, ips: '10.0.0.1' }),
      { lock: { 'default/gone': '10.0.0.1' } },
      `ADDRESS_IN_USE x.yaml ${IPS}: "10.0.0.1" is kept for default/gone by the lock file; remove that entry if the Service is gone for good`,
    ],
    [
      'there is no such pool',
      service('x', { ...four, pool: 'askd' }),
      {},
      `REQUESTED_POOL_UNKNOWN x.yaml ${POOL}: unknown pool "askd" (did you mean "asked"?)`,
    ],
    [
      'the pool is pinned to other namespaces',
      service('x', { ...four, pool: 'red' }),
      {},
      `POOL_NOT_COMPATIBLE x.yaml ${POOL}: pool "red" not compatible for ip assignment: it is pinned to other namespaces, not to "default"`,
    ],
    [
      'the pool is pinned to other labels',
      service('x', { ...four, ips: '10.0.5.1' }),
      {},
      `POOL_NOT_COMPATIBLE x.yaml ${IPS}: pool "web" not compatible for ip assignment: it is pinned to Services with other labels`,
    ],
    [
      'the pool is open to nobody',
      service('x', { ...four, pool: 'nobody' }),
      {},
      `POOL_NOT_COMPATIBLE x.yaml ${POOL}: pool "nobody" not compatible for ip assignment: it is open to no namespace, as its namespaceSelectors match none`,
    ],
    [
      'every pool has its own reason, those that were tried first',
      service('x', four),
      { others: full },
      `POOL_EXHAUSTED x.yaml no available IPs for one IPv4 address: pool "all" is full; ${elsewhere}; ${rest}`,
    ],
    [
      'pinned pools come before general ones',
      service('red/x', four),
      { others: [...full, service('red/a', four)] },
      `POOL_EXHAUSTED x.yaml no available IPs for one IPv4 address: pool "red" is full; pool "all" is full; ${elsewhere}; pool "six" has autoAssign false; pool "web" is pinned to Services with other labels`,
    ],
    [
      'it could share with nobody',
      service('x', { ...four, share: 'k' }),
      { others: full },
      `POOL_EXHAUSTED x.yaml no available IPs for one IPv4 address: pool "all" is full; ${elsewhere}; ${rest}; and no address with the sharing key "k" has its ports free`,
    ],
    [
      'a pool has one family left of two',
      service('x', require),
      { others: full },
      `POOL_EXHAUSTED x.yaml no available IPs for an IPv4 and an IPv6 address: pool "all" has no free IPv4 address; ${elsewhere}; ${rest}`,
    ],
    [
      'the requested pool is full',
      service('x', { ...four, pool: 'asked' }),
      { others: [service('a', { ...four, pool: 'asked' })] },
      `POOL_EXHAUSTED x.yaml ${POOL}: no available IPs for one IPv4 address: pool "asked" is full`,
    ],
    [
      'the requested pool lacks the family',
      service('x', { ...four, pool: 'six' }),
      {},
      `POOL_EXHAUSTED x.yaml ${POOL}: no available IPs for one IPv4 address: pool "six" has no IPv4 addresses`,
    ],
    [
      'the requested pool lacks one family of two',
      service('x', { ...require, pool: 'six' }),
      {},
      `POOL_EXHAUSTED x.yaml ${POOL}: no available IPs for an IPv4 and an IPv6 address: pool "six" has no IPv4 addresses`,
    ],
    [
      'what is left is kept by the lock',
      service('x', { ...four, pool: 'asked' }),
      { lock: { 'default/gone': '10.0.1.1' } },
      `POOL_EXHAUSTED x.yaml ${POOL}: no available IPs for one IPv4 address: pool "asked" is full, as the lock file keeps 1 address for Services that do not have it`,
    ],
    [
      'what the lock keeps is had by whom it is for',
      service('x', { ...four, pool: 'asked' }),
      { others: [service('a', { ...four, pool: 'asked' })], lock: { 'default/a': '10.0.1.1' } },
      `POOL_EXHAUSTED x.yaml ${POOL}: no available IPs for one IPv4 address: pool "asked" is full`,
    ],
    [
      'it is locked to what it cannot have',
      service('x', four),
      { others: [service('a', { ...four, ips: '10.0.0.2' })], lock: { 'default/x': '10.0.0.9' } },
      'LOCK_CONFLICT x.yaml default/x is locked to 10.0.0.9 (addresses.lock.yaml:5:3), but "10.0.0.9" is not allowed in config: it is in no pool',
    ],
    [
      'its request cannot be read, and its lock cannot be kept either',
      service('x', { ...four, ips: 'x' }),
      { lock: { 'default/x': '10.9.9.9' } },
      `SERVICE_INVALID x.yaml ${IPS}: invalid annotation metallb.io/loadBalancerIPs: "x" is not an IP address: IPv4 has four numbers between dots, this has 1`,
      'LOCK_CONFLICT x.yaml default/x is locked to 10.9.9.9 (addresses.lock.yaml:5:3), but "10.9.9.9" is not allowed in config: it is in no pool',
    ],
    [
      'it is locked to one and requests another',
      service('x', { ...four, ips: '10.0.0.3' }),
      { lock: { 'default/x': '10.0.0.2' } },
      'LOCK_CONFLICT x.yaml default/x is locked to 10.0.0.2 (addresses.lock.yaml:5:3), but annotation metallb.io/loadBalancerIPs requests 10.0.0.3',
    ],
    [
      'it is locked to one and needs two',
      service('x', require),
      { lock: { 'default/x': '10.0.0.2' } },
      'LOCK_CONFLICT x.yaml default/x is locked to 10.0.0.2 (addresses.lock.yaml:5:3), but the Service needs an IPv4 and an IPv6 address',
    ],
    [
      'it is locked to an address and requests a pool there is not',
      service('x', { ...four, pool: 'zzz' }),
      { lock: { 'default/x': '10.0.0.2' } },
      'LOCK_CONFLICT x.yaml default/x is locked to 10.0.0.2 (addresses.lock.yaml:5:3), but the requested pool "zzz" does not exist',
    ],
  ])('%s', (_, x, given, ...expected) => {
    expect(tell(x, given)).toEqual(expected);
  });

  test('of many pools it is told of those that were tried, and how many more there are', () => {
    const many = configOf({
      pools: Array.from({ length: 11 }, (_, i) => pool(`p${i + 10}`, [`10.0.${i}.0/32`], { autoAssign: i > 8 })),
    });
    const services = ['a', 'b', 'x'].map((name) => service(name, four));
    const outcome = settle({ config: many, services, statusCounts: false }).outcomes.get('default/x');
    const manual = [10, 11, 12, 13, 14, 15].map((i) => `pool "p${i}" has autoAssign false`).join('; ');
    expect(outcome).toMatchObject({
      pending: [
        { message: `no available IPs for one IPv4 address: pool "p19" is full; pool "p20" is full; ${manual}; and 3 more pools` },
      ],
    });
  });
});

describe('a Service is told why it could not keep its address', () => {
  const ingress = ['10.0.0.3'];
  const has = (fields: Parameters<typeof service>[1]): ServiceView => service('x', { ...four, ingress, ...fields });
  test.each<[string, ServiceView, Given, string]>([
    [
      'another is requested',
      has({ ips: '10.0.0.2' }),
      {},
      'OTHER_ADDRESS_REQUESTED annotation metallb.io/loadBalancerIPs requests 10.0.0.2, and it has 10.0.0.3',
    ],
    [
      'another pool is requested',
      has({ pool: 'asked' }),
      {},
      'OTHER_POOL_REQUESTED annotation metallb.io/address-pool requests pool "asked", and it is in pool "all"',
    ],
    [
      'another family is needed',
      has({ clusterIPs: ['fd00::1'] }),
      {},
      'OTHER_FAMILY_NEEDED it has 10.0.0.3, and needs one IPv6 address',
    ],
    ['two are needed', has(require), {}, 'OTHER_FAMILY_NEEDED it has 10.0.0.3, and needs an IPv4 and an IPv6 address'],
    [
      'it is in no pool any more',
      has({ ingress: ['10.9.9.9'] }),
      {},
      'ADDRESS_OUTSIDE_POOLS "10.9.9.9" is not allowed in config: it is in no pool',
    ],
    [
      'it is avoided now',
      has({ ingress: ['10.0.0.0'] }),
      {},
      'ADDRESS_BUGGY "10.0.0.0" ends in .0 or .255, and pool "all" has avoidBuggyIPs',
    ],
    [
      'its pool is closed to it now',
      has({ ingress: ['10.0.3.1'] }),
      {},
      'POOL_NOT_COMPATIBLE pool "red" not compatible for ip assignment: it is pinned to other namespaces, not to "default"',
    ],
    [
      'its two are in two pools now',
      service('x', { ...prefer, ingress: ['10.0.0.1', 'fc01::1'] }),
      {},
      'ADDRESS_NOT_IN_POOL the addresses are in two pools, "all" and "asked"; both must come from one',
    ],
    [
      'another has it',
      has({}),
      { others: [service('a', { ...four, ips: '10.0.0.3' })] },
      'ADDRESS_IN_USE "10.0.0.3" is held by default/a; to share it, both need the same annotation metallb.io/allow-shared-ip',
    ],
    [
      'its status has something else',
      has({ ingress: ['10.0.0.3', 'lb.example'] }),
      {},
      'STATUS_UNREADABLE its status has "lb.example", which is no address',
    ],
    [
      'its status has three',
      has({ ingress: ['10.0.0.1', '10.0.0.2', 'fc00::'] }),
      {},
      'STATUS_UNREADABLE its status has 10.0.0.1, 10.0.0.2, fc00::, which are not one address or one of each family',
    ],
    [
      'its cluster IPs make no sense',
      has({ clusterIPs: ['10.96.0.1'], ipFamilyPolicy: 'RequireDualStack' }),
      {},
      'SERVICE_INVALID RequireDualStack needs two cluster IPs, and the Service has one',
    ],
  ])('%s', (_, x, given, expected) => {
    expect(tell(x, given).at(-1)).toBe(`lost: ${expected}`);
  });
});
