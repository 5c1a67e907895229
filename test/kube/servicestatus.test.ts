import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../src/api/object.js';
import {
  announcedPatch,
  type Condition,
  gained,
  hasMarks,
  isAsWanted,
  servicePatch,
  shownService,
  wantedService,
} from '../../src/kube/servicestatus.js';

const POOL = 'metallb.io/ip-allocated-from-pool';
const wanted = (ips: readonly string[], code = 'GENERAL_POOL', message = 'first free address'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default', ...(ips.length === 0 ? {} : { annotations: { [POOL]: 'p' } }) },
  status: {
    conditions: [{ type: 'arpeggio/Allocated', status: ips.length === 0 ? 'False' : 'True', reason: code, message }],
    loadBalancer: ips.length === 0 ? {} : { ingress: ips.map((ip) => ({ ip, ipMode: 'VIP' })) },
  },
});

/** As an API server has it after `patch`, near enough. */
const stored = (ingress: readonly object[], rest: { pool?: string; conditions?: readonly object[] } = {}) => ({
  metadata: {
    name: 'web',
    namespace: 'default',
    resourceVersion: '7',
    uid: 'u',
    annotations: rest.pool === undefined ? {} : { [POOL]: rest.pool },
  },
  status: {
    loadBalancer: ingress.length === 0 ? {} : { ingress },
    ...(rest.conditions === undefined ? {} : { conditions: rest.conditions }),
  },
});
const HELD = {
  type: 'arpeggio/Allocated',
  status: 'True',
  reason: 'GENERAL_POOL',
  message: 'first free address',
  lastTransitionTime: 't0',
};
const ANSWERED = {
  type: 'arpeggio/Announced',
  status: 'True',
  reason: 'NODE_ANSWERS',
  message: 'n1',
  lastTransitionTime: 't0',
};
const OTHERS = { type: 'other', status: 'True', reason: 'x', message: '', lastTransitionTime: 't' };
const VIP = { ip: '192.0.2.1', ipMode: 'VIP' };

describe('what a Service shows', () => {
  test.each<[string, object, KubeObject, boolean]>([
    ['is what is wanted', stored([VIP], { pool: 'p', conditions: [OTHERS, HELD] }), wanted(['192.0.2.1']), true],
    [
      'without ipMode, as before Kubernetes 1.30, too',
      stored([{ ip: '192.0.2.1' }], { pool: 'p', conditions: [HELD] }),
      wanted(['192.0.2.1']),
      true,
    ],
    ['has no addresses yet', stored([]), wanted(['192.0.2.1']), false],
    ['has another address', stored([{ ip: '192.0.2.2' }], { pool: 'p', conditions: [HELD] }), wanted(['192.0.2.1']), false],
    [
      'has addresses in another order',
      stored([{ ip: '192.0.2.1' }, { ip: 'fd00::1' }], { pool: 'p', conditions: [HELD] }),
      wanted(['fd00::1', '192.0.2.1']),
      false,
    ],
    [
      'has another ipMode, which is the affair of others',
      stored([{ ip: '192.0.2.1', ipMode: 'Proxy' }], { pool: 'p', conditions: [HELD] }),
      wanted(['192.0.2.1']),
      true,
    ],
    ['has a host name', stored([{ ...VIP, hostname: 'x' }], { pool: 'p', conditions: [HELD] }), wanted(['192.0.2.1']), false],
    ['names another pool', stored([VIP], { pool: 'q', conditions: [HELD] }), wanted(['192.0.2.1']), false],
    ['names no pool', stored([VIP], { conditions: [HELD] }), wanted(['192.0.2.1']), false],
    ['comes from MetalLB, which says no reason', stored([VIP], { pool: 'p' }), wanted(['192.0.2.1']), false],
    [
      'has an older reason',
      stored([VIP], { pool: 'p', conditions: [{ ...HELD, message: 'before' }] }),
      wanted(['192.0.2.1']),
      false,
    ],
    [
      'has a reason that is not known after a restart',
      stored([VIP], { pool: 'p', conditions: [HELD] }),
      wanted(['192.0.2.1'], 'KEPT', 'it has it'),
      true,
    ],
    [
      'is pending for another reason',
      stored([], { conditions: [{ ...HELD, status: 'False' }] }),
      wanted([], 'POOL_EXHAUSTED', 'full'),
      false,
    ],
  ])('%s', (_, object, want, same) => {
    expect(isAsWanted(shownService({ ...object }), wantedService(want))).toBe(same);
  });

  test.each<[string, object, object, boolean]>([
    ['an address for none', stored([]), stored([VIP]), true],
    ['another address', stored([VIP]), stored([{ ip: '192.0.2.9' }]), true],
    ['one more, of a pool', stored([VIP], { pool: 'p' }), stored([VIP, { ip: '2001:db8::1' }], { pool: 'p' }), true],
    ['none any more', stored([VIP], { pool: 'p' }), stored([]), false],
    ['the same', stored([VIP]), stored([VIP]), false],
    ['another pool', stored([VIP]), stored([VIP], { pool: 'p' }), false],
    ['our condition', stored([VIP]), stored([VIP], { conditions: [HELD] }), false],
  ])('that has %s now has gained an address, or not', (_, before, after, isGain) => {
    expect(gained(shownService({ ...before }), shownService({ ...after }))).toBe(isGain);
  });

  test.each<[string, object, boolean]>([
    ['an address', stored([VIP]), false],
    ['a condition of others', stored([], { conditions: [OTHERS] }), false],
    ['the pool', stored([], { pool: 'p' }), true],
    ['our condition', stored([], { conditions: [HELD] }), true],
    ['who answers', stored([], { conditions: [ANSWERED] }), true],
  ])('that has %s is marked, or not', (_, object, marked) => {
    expect(hasMarks(shownService({ ...object }))).toBe(marked);
  });
});

describe('the patch', () => {
  const condition = { type: 'arpeggio/Allocated', status: 'True', reason: 'GENERAL_POOL', message: 'first free address' };

  test('writes addresses, pool and reason, if the Service is still what it was', () => {
    expect(servicePatch(wanted(['192.0.2.1']), shownService(stored([])), 'now')).toEqual({
      metadata: { resourceVersion: '7', annotations: { [POOL]: 'p' } },
      status: { loadBalancer: { ingress: [VIP] }, conditions: [{ ...condition, lastTransitionTime: 'now' }] },
    });
  });

  test('leaves the time of a condition that goes on holding', () => {
    const shown = shownService(stored([VIP], { pool: 'p', conditions: [HELD] }));
    expect(servicePatch(wanted(['192.0.2.2']), shown, 'now')).toMatchObject({
      status: { conditions: [{ lastTransitionTime: 't0' }] },
    });
    expect(servicePatch(wanted([]), shown, 'now')).toMatchObject({ status: { conditions: [{ lastTransitionTime: 'now' }] } });
  });

  test('leaves the ipMode that somebody else gave an address, as long as it has that', () => {
    const shown = shownService(
      stored(
        [
          { ip: '192.0.2.1', ipMode: 'Proxy' },
          { ip: 'fd00::1', ipMode: 'VIP' },
        ],
        { pool: 'p' },
      ),
    );
    const ingressOf = (...ips: readonly string[]): unknown => servicePatch(wanted(ips), shown, 'now');
    const [v4, v6] = [
      { ip: '192.0.2.1', ipMode: 'Proxy' },
      { ip: 'fd00::1', ipMode: 'VIP' },
    ];
    expect(ingressOf('192.0.2.1', 'fd00::1')).toMatchObject({ status: { loadBalancer: { ingress: [v4, v6] } } });
    expect(ingressOf('192.0.2.2')).toMatchObject({ status: { loadBalancer: { ingress: [{ ip: '192.0.2.2', ipMode: 'VIP' }] } } });
  });

  test('of a Service that has nothing any more takes everything out', () => {
    const shown = shownService(stored([VIP], { pool: 'p', conditions: [HELD] }));
    expect(servicePatch(wanted([]), shown, 'now')).toMatchObject({
      metadata: { annotations: { [POOL]: null } },
      status: { loadBalancer: { ingress: null }, conditions: [{ status: 'False' }] },
    });
    expect(servicePatch(undefined, shown, 'now')).toEqual({
      metadata: { resourceVersion: '7', annotations: { [POOL]: null } },
      status: {
        loadBalancer: { ingress: null },
        conditions: ['arpeggio/Allocated', 'arpeggio/Announced'].map((type) => ({ $patch: 'delete', type })),
      },
    });
  });
});

describe('the patch of who answers', () => {
  const says = (status: Condition['status'], message: string): Condition => ({
    ...{ type: 'arpeggio/Announced', status, message },
    reason: status === 'True' ? 'NODE_ANSWERS' : 'NOBODY_ANSWERS',
  });
  const answered = shownService(stored([VIP], { conditions: [HELD, ANSWERED] }));

  test.each<[string, Condition, ReturnType<typeof shownService>, object]>([
    ['begins now', says('True', 'n1'), shownService(stored([VIP])), { lastTransitionTime: 'now' }],
    ['ends now', says('False', 'nobody'), answered, { lastTransitionTime: 'now' }],
    ['goes on as of when it began, whoever it is', says('True', 'n2'), answered, {}],
  ])('%s, and is about this very Service', (_, condition, shown, time) => {
    expect(announcedPatch(condition, shown, 'now')).toEqual({
      metadata: { uid: 'u' },
      status: { conditions: [{ ...condition, ...time }] },
    });
  });
});
