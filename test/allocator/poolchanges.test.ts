/** What a change of the pools does to those who have addresses of them (metallb-behaviour §3.7, §9.8, §9.2 Pool Status). */
import { describe, expect, test } from 'vitest';
import { assign, release } from '../../src/allocator/assign.js';
import { settle } from '../../src/allocator/settle.js';
import { emptyState } from '../../src/allocator/state.js';
import { poolUsage } from '../../src/allocator/usage.js';
import type { IPAddressPool } from '../../src/api/ipaddresspool.js';
import type { Sourced } from '../../src/api/object.js';
import { configOf, pool } from '../config/objects.js';
import { type Change, CONTROLLERS, play, type Step } from './story.js';
import { address, requestOf, type ServiceFields, service } from './world.js';

type Pools = readonly Sourced<IPAddressPool>[];

const both = { clusterIPs: ['10.96.0.1', 'fd00::1'], ipFamilies: ['IPv4', 'IPv6'] as const };
const prefer = { ...both, ipFamilyPolicy: 'PreferDualStack' } as const;
const require = { ...both, ipFamilyPolicy: 'RequireDualStack' } as const;
const test4 = pool('test', ['10.0.0.1-10.0.0.4']);
const other = pool('other', ['10.0.1.1/32', 'fc01::1/128']);

/** The change, the Service, the pools before and after; what it has before and after. */
const TABLE: readonly [string, ServiceFields, Pools, string, Pools, string][] = [
  ['pool deleted, another suitable pool exists: moves', {}, [other, test4], '10.0.1.1 from other', [test4], '10.0.0.1 from test'],
  ['last pool deleted: cleared, stays pending', {}, [test4], '10.0.0.1 from test', [], 'POOL_EXHAUSTED'],
  [
    'pool renamed keeping the IPs: kept, from the new pool',
    { ips: '10.0.0.3' },
    [test4],
    '10.0.0.3 from test',
    [pool('new', ['10.0.0.1-10.0.0.4'])],
    '10.0.0.3 from new',
  ],
  [
    'pool split keeping the IPs: kept, from the new pool',
    { ips: '10.0.0.3' },
    [test4],
    '10.0.0.3 from test',
    [pool('test', ['10.0.0.1-10.0.0.2']), pool('second', ['10.0.0.3-10.0.0.4'])],
    '10.0.0.3 from second',
  ],
  [
    'dual pool split so v4 and v6 land in different pools: reallocated',
    require,
    [other],
    '10.0.1.1,fc01::1 from other',
    [pool('four', ['10.0.1.1/32']), pool('six', ['fc01::1/128'])],
    'POOL_EXHAUSTED',
  ],
  [
    'pool shrunk below the IP: reallocated',
    { ips: '' },
    [pool('test', ['10.0.0.4-10.0.0.4'])],
    '10.0.0.4 from test',
    [pool('test', ['10.0.0.1-10.0.0.3'])],
    '10.0.0.1 from test',
  ],
  [
    'autoAssign → false: kept',
    {},
    [test4],
    '10.0.0.1 from test',
    [pool('test', ['10.0.0.1-10.0.0.4'], { autoAssign: false })],
    '10.0.0.1 from test',
  ],
  [
    'avoidBuggyIPs → true and IP ends .0: reallocated',
    {},
    [pool('test', ['10.0.0.0/30'])],
    '10.0.0.0 from test',
    [pool('test', ['10.0.0.0/30'], { avoidBuggyIPs: true })],
    '10.0.0.1 from test',
  ],
  [
    'serviceAllocation now excludes the service: reallocated',
    {},
    [test4],
    '10.0.0.1 from test',
    [pool('test', ['10.0.0.1-10.0.0.4'], { serviceAllocation: { namespaces: ['red'] } }), other],
    '10.0.1.1 from other',
  ],
  [
    'serviceAllocation now includes the service: kept',
    {},
    [test4],
    '10.0.0.1 from test',
    [test4, pool('pinned', ['10.0.3.1/32'], { serviceAllocation: { priority: 1 } })],
    '10.0.0.1 from test',
  ],
  [
    'pool gains a second family: the extra IP joins',
    prefer,
    [pool('other', ['10.0.1.1/32'])],
    '10.0.1.1 from other',
    [other],
    '10.0.1.1,fc01::1 from other',
  ],
  [
    'dual pool loses one family, no other: falls back',
    prefer,
    [other],
    '10.0.1.1,fc01::1 from other',
    [pool('other', ['fc01::1/128'])],
    'fc01::1 from other',
  ],
  [
    'dual pool loses one family: moves to another dual pool',
    prefer,
    [other],
    '10.0.1.1,fc01::1 from other',
    [pool('other', ['10.0.1.1/32']), pool('third', ['10.0.2.1/32', 'fc02::1/128'])],
    '10.0.2.1,fc02::1 from third',
  ],
  ['a dual pool appears elsewhere: stays', prefer, [test4], '10.0.0.1 from test', [other, test4], '10.0.0.1 from test'],
  [
    'ranges of the pool change their order: kept',
    {},
    [pool('test', ['10.0.0.3-10.0.0.4', '10.0.0.1-10.0.0.2'])],
    '10.0.0.3 from test',
    [test4],
    '10.0.0.3 from test',
  ],
];

const four = { ipFamilies: ['IPv4'] as const };
const six = { ipFamilies: ['IPv6'] as const };

// metallb-behaviour §9.8; here who lost an address looks for another, where there TestConfigReload only looks at who lost it.
const CONFIG_RELOAD: readonly Step[] = [
  [
    's1 and s2 have one each',
    { pools: [pool('test', ['1.2.3.0/31', '1000::/127'])], services: { s1: four, s2: six } },
    { s1: '1.2.3.0 from test', s2: '1000:: from test' },
  ],
  [
    'set same config is no-op',
    { pools: [pool('test', ['1.2.3.0/31', '1000::/127'])] },
    { s1: '1.2.3.0 from test', s2: '1000:: from test' },
  ],
  ['expand pool', { pools: [pool('test', ['1.2.3.0/30', '1000::/126'])] }, { s1: '1.2.3.0 from test', s2: '1000:: from test' }],
  ['shrink pool', { pools: [pool('test', ['1.2.3.0/31', '1000::/127'])] }, { s1: '1.2.3.0 from test', s2: '1000:: from test' }],
  [
    "can't shrink further, removing the service allocation",
    { pools: [pool('test', ['1000::/127'])] },
    { s1: 'POOL_EXHAUSTED', s2: '1000:: from test' },
  ],
  [
    "can't shrink further ipv6, removing the service allocation",
    { pools: [pool('test', ['1.2.3.0/31'])] },
    { s1: '1.2.3.0 from test', s2: 'POOL_EXHAUSTED' },
  ],
  [
    'both families again',
    { pools: [pool('test', ['1.2.3.0/31', '1000::/127'])] },
    { s1: '1.2.3.0 from test', s2: '1000:: from test' },
  ],
  [
    'rename the pool',
    { pools: [pool('test2', ['1.2.3.0/31', '1000::/127'])] },
    { s1: '1.2.3.0 from test2', s2: '1000:: from test2' },
  ],
  [
    'split pool',
    { pools: [pool('test', ['1.2.3.0/31']), pool('test2', ['1000::/127'])] },
    { s1: '1.2.3.0 from test', s2: '1000:: from test2' },
  ],
  [
    'enable buggy IPs not allowed',
    { pools: [pool('test', ['1.2.3.0/32'], { avoidBuggyIPs: true }), pool('test2', ['1000::/127'], { avoidBuggyIPs: true })] },
    { s1: 'POOL_EXHAUSTED', s2: '1000:: from test2' },
  ],
];

describe.each(CONTROLLERS)('by a controller %s', (controller) => {
  test.each(TABLE)('%s', (_, fields, before, had, after, has) => {
    play(controller, [
      ['it has one', { pools: before, services: { x: fields } }, { x: had }],
      ['the pools change', { pools: after }, { x: has }],
    ]);
  });

  test('TestConfigReload', () => {
    play(controller, CONFIG_RELOAD);
  });
});

test.each([
  ['IPv4', four, '10.0.0.1 from auto', '10.0.9.1 from manual'],
  ['IPv6', six, 'fc00::1 from auto', 'fc09::1 from manual'],
  ['both', require, '10.0.0.1,fc00::1 from auto', '10.0.9.1,fc09::1 from manual'],
])('TestAutoAssign: a pool without autoAssign is used for %s only when it is asked for', (_, fields, automatic, asked) => {
  const pools = [
    pool('auto', ['10.0.0.1/32', 'fc00::1/128']),
    pool('manual', ['10.0.9.1/32', 'fc09::1/128'], { autoAssign: false }),
  ];
  const services: Change['services'] = { a: fields, b: fields, c: { ...fields, pool: 'manual' } };
  play('that runs', [['three come', { pools, services }, { a: automatic, b: 'POOL_EXHAUSTED', c: asked }]]);
});

describe('counters', () => {
  // metallb-behaviour §9.8, TestPoolMetrics.
  test('TestPoolMetrics: a shared address counts once, and none is left when all are gone', () => {
    const state = emptyState(configOf({ pools: [pool('test', ['1.2.3.4/30', '1000::4/126'])] }));
    const k = (port: number): ServiceFields => ({ share: 'k', ports: [port] });
    const steps: readonly [string, string, string | undefined, ServiceFields, number][] = [
      ['assign s1', 's1', '1.2.3.4', {}, 1],
      ['assign s2', 's2', '1.2.3.5', {}, 2],
      ['unassign s1', 's1', undefined, {}, 1],
      ['unassign s2', 's2', undefined, {}, 0],
      ['assign s1 shared', 's1', '1.2.3.4', k(80), 1],
      ['assign s2 shared', 's2', '1.2.3.4', k(81), 1],
      ['assign s3 shared', 's3', '1.2.3.4', k(82), 1],
      ['unassign s1', 's1', undefined, {}, 1],
      ['unassign s2', 's2', undefined, {}, 1],
      ['unassign s3', 's3', undefined, {}, 0],
    ];
    for (const [title, key, text, fields, inUse] of steps) {
      const request = requestOf(service(key, fields));
      if (text === undefined) release(state, request.service);
      else assign(state, request, [address(text)]);
      expect(state.tenants.size, title).toBe(inUse);
    }
  });

  test('Pool Status: 4/4/0/0, with a Service 3/3/1/1, expanded 7/7/1/1, deleted 8/8/0/0', () => {
    const [small, large] = [pool('p', ['10.0.0.0/30', 'fc00::/126']), pool('p', ['10.0.0.0/29', 'fc00::/125'])].map((one) =>
      configOf({ pools: [one] }),
    );
    if (small === undefined || large === undefined) throw new Error('no pools');
    const counted = (config: typeof small, services: readonly ReturnType<typeof service>[]): string => {
      const [only] = poolUsage(config, settle({ config, services, statusCounts: false }).outcomes);
      return `${only?.availableIPv4}/${only?.availableIPv6}/${only?.assignedIPv4}/${only?.assignedIPv6}`;
    };
    const x = [service('x', require)];
    expect([counted(small, []), counted(small, x), counted(large, x), counted(large, [])]).toEqual([
      '4/4/0/0',
      '3/3/1/1',
      '7/7/1/1',
      '8/8/0/0',
    ]);
  });
});
