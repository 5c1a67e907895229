/**
 * The scenarios of MetalLB's end-to-end suite about assignment (metallb-behaviour §9.2), by their names, as steps: what changes, and who
 * has what afterwards.
 */
import type { IPAddressPool } from '../../src/api/ipaddresspool.js';
import type { LabelSelector } from '../../src/api/labelselector.js';
import type { Sourced } from '../../src/api/object.js';
import { type configOf, namespace, pool } from '../config/objects.js';
import type { Step } from './story.js';
import type { ServiceFields } from './world.js';

const team = (value: string) => [{ matchLabels: { team: value } }];
export const four: ServiceFields = { clusterIPs: ['10.96.0.1'], ipFamilies: ['IPv4'] };
const both: ServiceFields = { clusterIPs: ['10.96.0.1', 'fd00::1'], ipFamilies: ['IPv4', 'IPv6'] };
export const prefer: ServiceFields = { ...both, ipFamilyPolicy: 'PreferDualStack' };
const preferSix: ServiceFields = { ...prefer, clusterIPs: ['fd00::1', '10.96.0.1'], ipFamilies: ['IPv6', 'IPv4'] as const };
export const require: ServiceFields = { ...both, ipFamilyPolicy: 'RequireDualStack' };
const k = (port: number, more: ServiceFields = {}): ServiceFields => ({
  share: 'k',
  ports: [port],
  selector: { app: 'x' },
  ...more,
});
export const local: ServiceFields = { externalTrafficPolicy: 'Local' };
export const one: readonly Sourced<IPAddressPool>[] = [pool('one', ['10.0.0.1/32'])];
export const lone = '10.0.0.1 from one';

export const ASSIGNMENT: readonly [string, readonly Step[]][] = [
  [
    'should remove the ip from a service assign it to a free one when changing the service type to clusterIP',
    [
      ['of two Services one waits', { pools: one, services: { a: {}, b: {} } }, { a: lone, b: 'POOL_EXHAUSTED' }],
      ['the first becomes ClusterIP', { services: { a: { type: 'ClusterIP' } } }, { a: 'not-a-load-balancer', b: lone }],
    ],
  ],
  [
    'should remove the ip from a service assign it to a free one when deleting the service',
    [
      ['of two Services one waits', { pools: one, services: { a: {}, b: {} } }, { a: lone, b: 'POOL_EXHAUSTED' }],
      ['the first is deleted', { services: { a: 'gone' } }, { b: lone }],
    ],
  ],
  [
    'should preseve the same external ip after controller restart',
    [
      ...['b and c have one', 'again', 'again', 'again', 'again', 'again'].map(
        (title, i): Step => [
          title,
          i > 0
            ? { services: { a: {} } }
            : {
                pools: [pool('one', ['10.0.0.1-10.0.0.1', '10.0.0.5-10.0.0.5'])],
                services: { a: {}, b: { ips: '10.0.0.5' }, c: { ips: '10.0.0.1' }, d: {} },
              },
          { a: 'POOL_EXHAUSTED', b: '10.0.0.5 from one', c: lone, d: 'POOL_EXHAUSTED' },
        ],
      ),
    ],
  ],
  [
    'should reconsider services when sharing the ip and conditions change',
    [
      ['both share', { pools: one, services: { a: k(80), b: k(81) } }, { a: lone, b: lone }],
      ['the second becomes Local and loses it', { services: { b: k(81, local) } }, { a: lone, b: 'POOL_EXHAUSTED' }],
      ['the first becomes Local, and both share again', { services: { a: k(80, local) } }, { a: lone, b: lone }],
      [
        "the first's selector changes, and it loses it",
        { services: { a: k(80, { ...local, selector: { app: 'y' } }) } },
        { a: 'POOL_EXHAUSTED', b: lone },
      ],
      [
        'the second is aligned, and both get it',
        { services: { b: k(81, { ...local, selector: { app: 'y' } }) } },
        { a: lone, b: lone },
      ],
    ],
  ],
  [
    'removes all pools',
    [
      ['a Service is served', { pools: one, services: { a: {} } }, { a: lone }],
      ['all pools are deleted', { pools: [] }, { a: 'POOL_EXHAUSTED' }],
    ],
  ],
  [
    'reallocates svc after deleting a pool',
    [
      [
        'a pinned pool of priority comes first',
        {
          pools: [...one, pool('pinned', ['10.0.1.1/32'], { serviceAllocation: { priority: 20, namespaces: ['red'] } })],
          services: { 'red/a': {} },
        },
        { 'red/a': '10.0.1.1 from pinned' },
      ],
      ['it is deleted', { pools: one }, { 'red/a': lone }],
    ],
  ],
];

/** Each Service comes after the other. */
const oneByOne = (
  first: Parameters<typeof configOf>[0],
  services: readonly (readonly [string, ServiceFields, string])[],
): Step[] =>
  services.map(
    ([name, fields], i): Step => [
      `${name} comes`,
      { ...(i === 0 ? first : {}), services: { [name]: fields } },
      Object.fromEntries(
        services
          .slice(0, i + 1)
          .map(([key, , expected]) => [key, expected] as const)
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      ),
    ],
  );

export const web: ServiceFields = { labels: { tier: 'web' } };
export const tier: LabelSelector[] = [{ matchLabels: { tier: 'web' } }];
export const pinned = (name: string, third: number, serviceAllocation: object): Sourced<IPAddressPool> =>
  pool(name, [`10.0.${third}.1/32`], { serviceAllocation });

export const ALLOCATION: readonly [string, readonly Step[]][] = [
  [
    'with namespace',
    oneByOne(
      {
        pools: [
          pinned('a', 1, { namespaces: ['red'] }),
          pinned('b', 2, { priority: 20, namespaces: ['red'] }),
          pinned('c', 3, { priority: 10, namespaces: ['red'] }),
        ],
      },
      [
        ['red/1', {}, '10.0.3.1 from c'],
        ['red/2', {}, '10.0.2.1 from b'],
        ['red/3', {}, '10.0.1.1 from a'],
      ],
    ),
  ],
  [
    'with only priority',
    oneByOne({ pools: [pinned('a', 1, { priority: 20 }), pinned('b', 2, { priority: 10 })] }, [
      ['red/1', {}, '10.0.2.1 from b'],
      ['red/2', {}, '10.0.1.1 from a'],
    ]),
  ],
  [
    'with namespace and namespace labels',
    oneByOne(
      {
        pools: [
          pinned('a', 1, { namespaces: ['red'] }),
          pinned('b', 2, { priority: 20, namespaces: ['red'] }),
          pinned('c', 3, { priority: 10, namespaceSelectors: team('x') }),
        ],
        namespaces: [namespace('red', { team: 'x' })],
      },
      [
        ['red/1', {}, '10.0.3.1 from c'],
        ['red/2', {}, '10.0.2.1 from b'],
        ['red/3', {}, '10.0.1.1 from a'],
      ],
    ),
  ],
  [
    'with service label',
    oneByOne(
      {
        pools: [
          pinned('a', 1, { namespaces: ['red'] }),
          pinned('b', 2, { priority: 20, serviceSelectors: tier }),
          pinned('c', 3, { priority: 10, serviceSelectors: tier }),
        ],
      },
      [
        ['red/1', web, '10.0.3.1 from c'],
        ['red/2', web, '10.0.2.1 from b'],
        ['red/3', web, '10.0.1.1 from a'],
      ],
    ),
  ],
  [
    'with namespace and service label',
    oneByOne(
      {
        pools: [
          pinned('a', 1, { namespaces: ['red'] }),
          pinned('b', 2, { priority: 20, namespaces: ['red'], serviceSelectors: tier }),
          pinned('c', 3, { priority: 10, serviceSelectors: tier }),
        ],
      },
      [
        ['red/1', web, '10.0.3.1 from c'],
        ['red/2', web, '10.0.2.1 from b'],
        ['red/3', web, '10.0.1.1 from a'],
        ['red/4', {}, 'POOL_EXHAUSTED'],
      ],
    ),
  ],
  [
    'with namespace with labels',
    [
      ...oneByOne(
        {
          pools: [
            pinned('a', 1, { priority: 20, namespaceSelectors: team('a') }),
            pinned('b', 2, { priority: 10, namespaceSelectors: team('b') }),
            pool('general', ['10.0.3.1/32']),
          ],
          namespaces: [namespace('red', { team: 'a' })],
        },
        [
          ['red/1', {}, '10.0.1.1 from a'],
          ['red/2', {}, '10.0.3.1 from general'],
        ],
      ),
      [
        'the namespace is relabelled, so a closes to 1, which gets the newly matching pool',
        { namespaces: [namespace('red', { team: 'b' })] },
        { 'red/1': '10.0.2.1 from b', 'red/2': '10.0.3.1 from general' },
      ],
    ],
  ],
];

export const fourPool: Sourced<IPAddressPool> = pool('four', ['10.0.4.1-10.0.4.3']);
export const sixPool: Sourced<IPAddressPool> = pool('six', ['fc06::1-fc06::3']);
export const dualPool: Sourced<IPAddressPool> = pool('dual', ['10.0.5.1/32', 'fc05::1/128']);

export const DUAL: readonly [string, readonly Step[]][] = [
  [
    'Should select dual-stack pool if available',
    [['it does', { pools: [fourPool, sixPool, dualPool], services: { a: prefer } }, { a: '10.0.5.1,fc05::1 from dual' }]],
  ],
  [
    'Should prefer primary ip ipv4 family among single-stack pools by default',
    [['it does', { pools: [fourPool, sixPool], services: { a: prefer } }, { a: '10.0.4.1 from four' }]],
  ],
  [
    'Should prefer primary ipv6 ip family among single-stack pools',
    [['it does', { pools: [fourPool, sixPool], services: { a: preferSix } }, { a: 'fc06::1 from six' }]],
  ],
  [
    'Additional ip should be assigned when the assigned 1-stack pool becomes dual-stack',
    [
      ['it has one', { pools: [fourPool], services: { a: prefer } }, { a: '10.0.4.1 from four' }],
      ['the second joins it', { pools: [pool('four', ['10.0.4.1-10.0.4.3', 'fc04::/126'])] }, { a: '10.0.4.1,fc04:: from four' }],
    ],
  ],
  [
    'Single-stack pool should assign based on svc changes between PreferDualStack and RequireDualStack',
    [
      ['it prefers both', { pools: [fourPool], services: { a: prefer } }, { a: '10.0.4.1 from four' }],
      ['it requires both', { services: { a: require } }, { a: 'POOL_EXHAUSTED' }],
      ['it prefers both again', { services: { a: prefer } }, { a: '10.0.4.1 from four' }],
    ],
  ],
  [
    "Svc assigned from single-stack pool should not jump to dual-stack pool when it's available",
    [
      ['it has one', { pools: [fourPool], services: { a: prefer } }, { a: '10.0.4.1 from four' }],
      ['a dual pool comes', { pools: [dualPool, fourPool] }, { a: '10.0.4.1 from four' }],
    ],
  ],
  [
    'When current dualstack pool becomes single-stack, svc should pick another dualstack pool if possible',
    [
      ['it has both', { pools: [dualPool], services: { a: prefer } }, { a: '10.0.5.1,fc05::1 from dual' }],
      [
        'its pool loses IPv6, and another has both',
        { pools: [pool('dual', ['10.0.5.1/32']), pool('other', ['10.0.6.1/32', 'fc06::1/128'])] },
        { a: '10.0.6.1,fc06::1 from other' },
      ],
      [
        'that loses IPv4, and nobody else has both',
        { pools: [pool('dual', ['10.0.5.1/32']), pool('other', ['fc06::1/128'])] },
        { a: '10.0.5.1 from dual' },
      ],
    ],
  ],
];
