/**
 * The scenarios of MetalLB's own end-to-end suite and of its controller's unit tests (metallb-behaviour §9.2, §9.10), by their
 * names.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Settled, settle } from '../../src/allocator/settle.js';
import { configOf, pool } from '../config/objects.js';
import {
  ALLOCATION,
  ASSIGNMENT,
  DUAL,
  dualPool,
  four,
  fourPool,
  local,
  lone,
  one,
  pinned,
  prefer,
  require,
  sixPool,
  tier,
  web,
} from './assignmentstories.js';
import { CONTROLLERS, play, type Step } from './story.js';
import { type ServiceFields, service, shortly } from './world.js';

const CONTROLLER: readonly [string, readonly Step[]][] = [
  [
    'TestPoolAllocation: PreferDualStack takes what the requested pool has',
    [
      [
        'from a pool of both, of IPv4, of IPv6, of none such',
        {
          pools: [dualPool, fourPool, sixPool],
          services: {
            s1: { ...prefer, pool: 'dual' },
            s2: { ...prefer, pool: 'four' },
            s3: { ...prefer, pool: 'six' },
            s4: { ...prefer, pool: 'unknown' },
          },
        },
        { s1: '10.0.5.1,fc05::1 from dual', s2: '10.0.4.1 from four', s3: 'fc06::1 from six', s4: 'REQUESTED_POOL_UNKNOWN' },
      ],
      [
        's1 goes',
        { services: { s1: 'gone' } },
        { s2: '10.0.4.1 from four', s3: 'fc06::1 from six', s4: 'REQUESTED_POOL_UNKNOWN' },
      ],
      [
        's3 asks for the pool of both',
        { services: { s3: { ...prefer, pool: 'dual' } } },
        { s2: '10.0.4.1 from four', s3: '10.0.5.1,fc05::1 from dual', s4: 'REQUESTED_POOL_UNKNOWN' },
      ],
    ],
  ],
  [
    'TestControllerConfig: pools come, and go',
    [
      ['no pool', { pools: [], services: { a: four } }, { a: 'POOL_EXHAUSTED' }],
      ['a pool', { pools: one }, { a: lone }],
      ['no pool again', { pools: [] }, { a: 'POOL_EXHAUSTED' }],
    ],
  ],
  [
    'TestDeleteRecyclesIP',
    [
      ['the first has it', { pools: one, services: { b: four } }, { b: lone }],
      ['the second waits, whatever its name', { services: { a: four } }, { a: 'POOL_EXHAUSTED', b: lone }],
      ['the first goes', { services: { b: 'gone' } }, { a: lone }],
    ],
  ],
  [
    'TestControllerReassign',
    [
      ['it has an address', { pools: [pool('b', ['10.0.1.1/32'])], services: { x: four } }, { x: '10.0.1.1 from b' }],
      [
        'another pool comes and does not move it',
        { pools: [pool('b', ['10.0.1.1/32']), pool('a', ['10.0.0.1/32'])] },
        { x: '10.0.1.1 from b' },
      ],
      ['its pool goes', { pools: [pool('a', ['10.0.0.1/32'])] }, { x: '10.0.0.1 from a' }],
    ],
  ],
  [
    'TestControllerDualStackConfig',
    [
      ['no pool', { pools: [], services: { a: require } }, { a: 'POOL_EXHAUSTED' }],
      ['a pool of one family', { pools: one }, { a: 'POOL_EXHAUSTED' }],
      ['a pool of both', { pools: [dualPool] }, { a: '10.0.5.1,fc05::1 from dual' }],
      ['no pool again', { pools: [] }, { a: 'POOL_EXHAUSTED' }],
    ],
  ],
];

describe.each(CONTROLLERS)('by a controller %s', (controller) => {
  describe.each([
    ['IP Assignment', ASSIGNMENT],
    ['Validate service allocation in address pools', ALLOCATION],
    ['PREFER DUALSTACK', DUAL],
    ['controller tests', CONTROLLER],
  ])('%s', (_, stories) => {
    test.each(stories)('%s', (_, steps) => {
      play(controller, steps);
    });
  });
});

describe('TestControllerMutation', () => {
  const config = configOf({
    pools: [
      pool('pool1', ['1.2.3.0/31']),
      pool('pool2', ['3.4.5.6/32'], { autoAssign: false }),
      pool('pool3', ['1000::/127']),
      pool('pool4', ['2000::1/128'], { autoAssign: false }),
      pool('pool5', ['1.2.4.0/30', '2000::4/126'], { autoAssign: false }),
      pinned('pool6', 6, { priority: 20, namespaces: ['ns-pinned'] }),
      pinned('pool7', 7, { priority: 10, namespaces: ['ns-pinned'] }),
      pinned('pool8', 8, { namespaces: ['ns-last'] }),
      pinned('pool9', 9, { priority: 8, serviceSelectors: tier }),
      pinned('pool10', 10, { priority: 5, namespaces: ['ns-both'], serviceSelectors: tier }),
      pool('dual', ['1.2.5.0/31', '3000::/127'], { serviceAllocation: { namespaces: ['ns-dual'] } }),
    ],
  });
  const six = { clusterIPs: ['fd00::1'], ipFamilies: ['IPv6'] as const };
  const invalid = 'SERVICE_INVALID';

  /** Fields, among them what the status says, and what comes of it; `lost` when something is taken away. */
  const ROWS: readonly [string, ServiceFields, string, ('lost' | undefined)?, string?][] = [
    ['simple non-LoadBalancer', { type: 'NodePort', ...four }, 'not-a-load-balancer'],
    ['simple LoadBalancer', four, '1.2.3.0 from pool1'],
    ['request specific IP', { ...four, loadBalancerIP: '1.2.3.1' }, '1.2.3.1 from pool1'],
    ['request specific IP via custom annotation', { ...four, ips: '1.2.3.1' }, '1.2.3.1 from pool1'],
    [
      'request IP from both svc.spec.LoadBalancerIP and custom annotation',
      { ...four, loadBalancerIP: '1.2.3.1', ips: '1.2.3.1' },
      invalid,
    ],
    ['request invalid IP', { ...four, loadBalancerIP: 'please sir may I have an IP address thank you' }, invalid],
    ['incompatible ip and address pool annotations', { ...four, ips: '1.2.3.1', pool: 'pool2' }, 'ADDRESS_NOT_IN_POOL'],
    ['request invalid IP via custom annotation', { ...four, ips: 'please sir may I have an IP address thank you' }, invalid],
    ['request two IPs from same ip family via custom annotation', { ...require, ips: '1.2.3.0,1.2.3.1' }, invalid],
    ['request infeasible IP', { ...four, loadBalancerIP: '1.2.3.4', ingress: ['1.2.3.0'] }, 'ADDRESS_OUTSIDE_POOLS', 'lost'],
    ['request IP from specific pool', { ...four, pool: 'pool1' }, '1.2.3.0 from pool1'],
    ['switch to a different specific pool', { ...four, pool: 'pool2', ingress: ['1.2.3.0'] }, '3.4.5.6 from pool2', 'lost'],
    ['unknown pool requested', { ...four, pool: 'does-not-exist' }, 'REQUESTED_POOL_UNKNOWN'],
    ['invalid IP assigned', { ...four, ingress: ['2.3.4.5'] }, '1.2.3.0 from pool1', 'lost'],
    ['invalid ingress state', { ...four, ingress: ['2.3.4.5', '2.3.4.6'] }, '1.2.3.0 from pool1', 'lost'],
    ['former LoadBalancer, now NodePort', { type: 'NodePort', ...four, ingress: ['1.2.3.0'] }, 'not-a-load-balancer'],
    ['Layer2 service with local traffic policy', { ...four, ...local }, '1.2.3.0 from pool1'],
    // Ours differs: a folder has no cluster IPs, so a Service without one is served (its family is told by ipFamilies, or any).
    ['No ClusterIP', {}, '1.2.3.0 from pool1'],
    ['request IP from wrong ip-family (ipv4)', { ...four, loadBalancerIP: '1000::' }, invalid],
    ['request IP from wrong ip-family (ipv6)', { ...six, loadBalancerIP: '1.2.3.1' }, invalid],
    ['request IP from wrong ip-family via custom annotation (ipv4)', { ...four, ips: '1000::' }, invalid],
    ['request IP from wrong ip-family via custom annotation (ipv6)', { ...six, ips: '1.2.3.1' }, invalid],
    ['IP from wrong ip-family assigned (ipv6)', { ...six, ingress: ['1.2.3.0'] }, '1000:: from pool3', 'lost'],
    ['IP from wrong ip-family assigned (ipv4)', { ...four, ingress: ['1000::'] }, '1.2.3.0 from pool1', 'lost'],
    ['simple dual-stack LoadBalancer', require, '1.2.5.0,3000:: from dual', undefined, 'ns-dual'],
    ['request IPs from specific pool', { ...require, pool: 'pool5' }, '1.2.4.0,2000::4 from pool5'],
    ['PreferDualStack', prefer, '1.2.5.0,3000:: from dual', undefined, 'ns-dual'],
    ['PreferDualStack in a namespace without dual pool', prefer, '1.2.3.0 from pool1'],
    ['PreferDualStack, requested dual pool', { ...prefer, pool: 'pool5' }, '1.2.4.0,2000::4 from pool5'],
    ['PreferDualStack, requested v4 pool', { ...prefer, pool: 'pool1' }, '1.2.3.0 from pool1'],
    ['PreferDualStack, requested v6 pool', { ...prefer, pool: 'pool3' }, '1000:: from pool3'],
    [
      'PreferDualStack, dual pool but single clusterIP',
      { ...four, ipFamilyPolicy: 'PreferDualStack', pool: 'pool5' },
      '1.2.4.0 from pool5',
    ],
    ['RequireDualStack with single stack clusterIP', { ...four, ipFamilyPolicy: 'RequireDualStack' }, invalid],
    ['request specific loadbalancer IP with dual-stack', { ...require, loadBalancerIP: '1.2.4.0' }, invalid],
    ['request specific loadbalancer IP with dual-stack via custom annotation', { ...require, ips: '1.2.4.0' }, invalid],
    [
      'request dual-stack loadbalancer IPs via custom annotation',
      { ...require, ips: '1.2.4.1,2000::5' },
      '1.2.4.1,2000::5 from pool5',
    ],
    [
      'dual-stack with invalid ingress',
      { ...require, clusterIPs: ['fd00::1', '10.96.0.1'], ingress: ['1.2.5.0'] },
      '1.2.5.0,3000:: from dual',
      'lost',
      'ns-dual',
    ],
    ['dual annotation in a single stack cluster', { ...four, ips: '1.2.4.1,2000::5' }, invalid],
    ['request IP for service from namespace specific ip pool', four, '10.0.7.1 from pool7', undefined, 'ns-pinned'],
    ['no priority namespace pool', four, '10.0.8.1 from pool8', undefined, 'ns-last'],
    ['service label pool', { ...four, ...web }, '10.0.9.1 from pool9'],
    ['pool having both namespace and service label', { ...four, ...web }, '10.0.10.1 from pool10', undefined, 'ns-both'],
    [
      "simple LoadBalancer, ips already assigned but can't determine family",
      { ...four, ingress: ['1.2.3.0', '1.2.3.1', '1000::'] },
      '1.2.3.0 from pool1',
      'lost',
    ],
  ];

  test('gives each Service what it should have, in whatever order they come and go', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...ROWS], { minLength: ROWS.length }), (rows) => {
        let before: Settled | undefined;
        for (const [title, fields, expected, lost, where = 'test'] of rows) {
          const known = before === undefined ? {} : { before: before.state };
          // One name for all: so that its status counts, the one before it must be gone.
          before = settle({ config, services: [], statusCounts: true, ...known });
          before = settle({ config, services: [service(`${where}/x`, fields)], statusCounts: true, before: before.state });
          const outcome = before.outcomes.get(`${where}/x`);
          expect(shortly(outcome), title).toBe(expected);
          expect(outcome !== undefined && 'lost' in outcome, title).toBe(lost === 'lost');
        }
      }),
    );
  });
});
