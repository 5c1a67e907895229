/** Nobody loses an address that stays valid, whatever changes at the same time and whatever the names are. */
import { describe, test } from 'vitest';
import { pool } from '../config/objects.js';
import { CONTROLLERS, play, type Step } from './story.js';

const four = [pool('a', ['10.0.0.1-10.0.0.4'])];
const k = (...ports: number[]) => ({ share: 'k', ports });
const m = (...ports: number[]) => ({ share: 'm', ports });
const onLast = { ips: '10.0.0.4' };

/** `x` and `y` share the last address, and lower ones are free. */
const sharing = (x: object, y: object): Step[] => [
  [
    'x and y are put on the last address',
    { pools: four, services: { x: { ...k(80), ...onLast }, y: { ...k(81), ...onLast } } },
    { x: '10.0.0.4 from a', y: '10.0.0.4 from a' },
  ],
  [
    'they stay when they no longer ask for it',
    { services: { x: k(80), y: k(81) } },
    { x: '10.0.0.4 from a', y: '10.0.0.4 from a' },
  ],
  ['both change', { services: { x, y } }, { x: '10.0.0.4 from a', y: '10.0.0.4 from a' }],
];

describe.each(CONTROLLERS)('a controller %s takes no valid address', (controller) => {
  test.each<[string, Step[]]>([
    ['from two that change to one new key together', sharing(m(80), m(81))],
    ['from two that exchange their ports', sharing(k(81), k(80))],
    ['from two of which one takes the port that the other gives up', sharing(k(80, 81), k(82))],
    ['from two of which the later takes the port that the earlier gives up', sharing(k(82), k(80, 81))],
    [
      'from two that change to Local with the same selector',
      sharing(
        { ...k(80), externalTrafficPolicy: 'Local', selector: { app: 'x' } },
        { ...k(81), externalTrafficPolicy: 'Local', selector: { app: 'x' } },
      ),
    ],
    ...(['x', 'y'] as const).map((leaves): [string, Step[]] => {
      const stays = leaves === 'x' ? 'y' : 'x';
      return [
        `from ${stays}, which changes its key while ${leaves} leaves for another pool`,
        [
          ...sharing(k(80), k(81)),
          [
            `${leaves} asks for pool b`,
            {
              pools: [...four, pool('b', ['10.0.1.1/32'])],
              services: { [stays]: m(90), [leaves]: { ...k(80), pool: 'b' } },
            },
            { [stays]: '10.0.0.4 from a', [leaves]: '10.0.1.1 from b' },
          ],
        ],
      ];
    }),
  ])('%s', (_, steps) => {
    play(controller, steps);
  });
});

const prefer = { ipFamilyPolicy: 'PreferDualStack', clusterIPs: ['10.96.0.1', 'fd00::1'] } as const;
const lone = '10.0.0.4 from a';

describe.each(CONTROLLERS)('a controller %s', (controller) => {
  test.each<[string, Step[]]>([
    [
      'lets choose who is locked, who asks for an address, who lost his own, and then who waits',
      [
        [
          'only b-lost has an address',
          {
            pools: [pool('a', ['10.0.0.1/32'])],
            services: { 'b-lost': {}, 'a-waits': {}, 'c-asks': { ips: '10.0.1.1' }, 'd-locked': {} },
            lock: { 'default/b-lost': '10.0.0.1', 'default/d-locked': '10.0.1.2' },
          },
          {
            'a-waits': 'POOL_EXHAUSTED',
            'b-lost': '10.0.0.1 from a',
            'c-asks': 'ADDRESS_OUTSIDE_POOLS',
            'd-locked': 'LOCK_CONFLICT',
          },
        ],
        [
          'another pool comes in place of its own',
          { pools: [pool('b', ['10.0.1.1-10.0.1.4'])], lock: { 'default/d-locked': '10.0.1.2' } },
          {
            'a-waits': '10.0.1.4 from b',
            'b-lost': '10.0.1.3 from b',
            'c-asks': '10.0.1.1 from b',
            'd-locked': '10.0.1.2 from b',
          },
        ],
      ],
    ],
    [
      'leaves an address to who has it though it is locked for another, who gets it in the end',
      [
        ['x has it', { pools: four, services: { x: onLast } }, { x: lone }],
        ['it is locked for y', { lock: { 'default/y': '10.0.0.4' } }, { x: lone }],
        ['y comes', { services: { y: {} } }, { x: lone, y: 'LOCK_CONFLICT' }],
        ['x leaves', { services: { x: 'gone' } }, { y: lone }],
      ],
    ],
    [
      'leaves a Service its address though it is locked to another, which nobody else gets',
      [
        ['x has the last', { pools: four, services: { x: onLast } }, { x: lone }],
        [
          'x is locked to the first, and z comes',
          { services: { x: {}, z: {} }, lock: { 'default/x': '10.0.0.1' } },
          { x: lone, z: '10.0.0.2 from a' },
        ],
      ],
    ],
    [
      'lets nobody share what is locked for one who is not there, until he is',
      [
        [
          'x holds it, and it is locked for x and y',
          {
            pools: [pool('a', ['10.0.0.4/32'])],
            services: { x: k(80) },
            lock: { 'default/x': '10.0.0.4', 'default/y': '10.0.0.4' },
          },
          { x: lone },
        ],
        ['z may not join', { services: { z: k(82) } }, { x: lone, z: 'POOL_EXHAUSTED' }],
        ['y comes, and z may', { services: { y: k(81) } }, { x: lone, y: lone, z: lone }],
        [
          'y goes, and z stays, but nobody else may',
          { services: { y: 'gone', w: k(83) } },
          { w: 'POOL_EXHAUSTED', x: lone, z: lone },
        ],
      ],
    ],
    [
      'gives a Service that prefers both the second address it is locked to, and no other',
      [
        [
          'it has one',
          { pools: [pool('a', ['10.0.0.4/32'])], services: { x: prefer }, lock: { 'default/x': '10.0.0.4,fc00::3' } },
          { x: 'LOCK_CONFLICT' },
        ],
        ['its lock names that one', { lock: { 'default/x': '10.0.0.4' } }, { x: lone }],
        ['its pool gains a family', { pools: [pool('a', ['10.0.0.4/32', 'fc00::/126'])] }, { x: lone }],
        ['its lock names both', { lock: { 'default/x': '10.0.0.4,fc00::3' } }, { x: '10.0.0.4,fc00::3 from a' }],
        ['its lock is gone', { lock: {} }, { x: '10.0.0.4,fc00::3 from a' }],
      ],
    ],
    [
      'takes nothing from a Service whose request cannot be read',
      [
        ['x has the last', { pools: four, services: { x: onLast } }, { x: lone }],
        ['its annotation is garbled', { services: { x: { ips: '10.0.0.4.' } } }, { x: lone }],
        ['it has field and annotation', { services: { x: { ips: '10.0.0.3', loadBalancerIP: '10.0.0.3' } } }, { x: lone }],
      ],
    ],
    [
      'lets of two that change so that they no longer go together the one stay that is locked',
      [
        [
          'x and y share',
          {
            pools: four,
            services: { x: { ...k(80), ...onLast }, y: { ...k(81), ...onLast } },
            lock: { 'default/y': '10.0.0.4' },
          },
          { x: lone, y: lone },
        ],
        ['both change to one port', { services: { x: k(82), y: k(82) } }, { x: '10.0.0.1 from a', y: lone }],
      ],
    ],
    [
      'lets of two that share the one stay that has not changed, though the other is locked',
      [
        [
          'x and y share',
          {
            pools: four,
            services: { x: { ...k(80), ...onLast }, y: { ...k(81), ...onLast } },
            lock: { 'default/y': '10.0.0.4' },
          },
          { x: lone, y: lone },
        ],
        ['y takes the port of x', { services: { x: k(80), y: k(80) } }, { x: lone, y: 'LOCK_CONFLICT' }],
      ],
    ],
    [
      'lets two exchange what they request',
      [
        [
          'x and y have one each',
          { pools: four, services: { x: { ips: '10.0.0.1' }, y: onLast } },
          { x: '10.0.0.1 from a', y: lone },
        ],
        [
          'each asks for that of the other',
          { services: { x: onLast, y: { ips: '10.0.0.1' } } },
          { x: lone, y: '10.0.0.1 from a' },
        ],
      ],
    ],
  ])('%s', (_, steps) => {
    play(controller, steps);
  });
});

describe('of two that status gives one address', () => {
  const shared = { ingress: ['10.0.0.4'] };
  test.each<[string, Record<string, object>, Record<string, string>, Record<string, string>?]>([
    [
      'the one that is locked to it keeps it',
      { a: { ...k(81), ...shared }, z: shared },
      { a: '10.0.0.1 from a', z: lone },
      { 'default/z': '10.0.0.4' },
    ],
    [
      'of two that are locked to it the one that shares keeps it',
      { a: shared, z: { ...k(81), ...shared } },
      { a: 'LOCK_CONFLICT', z: lone },
      { 'default/a': '10.0.0.4', 'default/z': '10.0.0.4' },
    ],
    ['the one that shares keeps it', { a: shared, z: { ...k(81), ...shared } }, { a: '10.0.0.1 from a', z: lone }],
    [
      'the older one keeps it',
      { a: { ...shared, createdAt: '2026-01-02T00:00:00Z' }, z: { ...shared, createdAt: '2026-01-01T00:00:00Z' } },
      { a: '10.0.0.1 from a', z: lone },
    ],
    ['the first by name keeps it where nothing else tells', { a: shared, z: shared }, { a: lone, z: '10.0.0.1 from a' }],
    ['both keep it when they go together', { a: { ...k(80), ...shared }, z: { ...k(81), ...shared } }, { a: lone, z: lone }],
    ['the other keeps it when one leaves', { a: { ...shared, pool: 'b' }, z: shared }, { a: 'REQUESTED_POOL_UNKNOWN', z: lone }],
  ])('%s', (_, services, expected, lock = {}) => {
    play('that runs', [['they are imported', { pools: four, services, lock }, expected]]);
  });
});
