import { describe, expect, test } from 'vitest';
import { takenAway } from '../../src/plan/verdict.js';
import {
  advertisement,
  announcementLine,
  ask,
  l2Status,
  live,
  node,
  pool,
  type Question,
  service,
  serviceLine,
  slice,
  type Tree,
} from './world.js';

const A = pool('a', ['10.0.0.1-10.0.0.4']);
const B = pool('b', ['10.0.1.1-10.0.1.4'], { autoAssign: false });
const web = service('web');
const api = service('api');

const services = (question: Question): string[] => ask(question).services.map(serviceLine);

describe('a Service in a cluster', () => {
  test.each<[string, Question, string[]]>([
    [
      'that nothing happens to keeps its address',
      { before: [A, web], after: [A, web], state: [live(web, '10.0.0.3')] },
      ['kept web: 10.0.0.3 a -> 10.0.0.3 a (KEPT)'],
    ],
    [
      'keeps it when a pool grows below it',
      { before: [pool('a', ['10.0.0.3/32']), web], after: [A, web], state: [live(web, '10.0.0.3')] },
      ['kept web: 10.0.0.3 a -> 10.0.0.3 a (KEPT)'],
    ],
    [
      'keeps it when its pool is renamed',
      { before: [A, web], after: [pool('z', ['10.0.0.1-10.0.0.4']), web], state: [live(web, '10.0.0.3')] },
      ['kept web: 10.0.0.3 a -> 10.0.0.3 z (KEPT)'],
    ],
    [
      'moves when its pool no longer has the address',
      { before: [A, web], after: [pool('a', ['10.0.0.1-10.0.0.2']), web], state: [live(web, '10.0.0.3')] },
      ['moved web: 10.0.0.3 a -> 10.0.0.1 a (GENERAL_POOL)'],
    ],
    [
      'moves when it requests another address',
      {
        before: [A, B, web],
        after: [A, B, service('web', { annotations: { 'metallb.io/loadBalancerIPs': '10.0.1.2' } })],
        state: [live(web, '10.0.0.1')],
      },
      ['moved web: 10.0.0.1 a -> 10.0.1.2 b (REQUESTED_ADDRESS)'],
    ],
    [
      'loses it when no pool is left',
      { before: [A, web], after: [web], state: [live(web, '10.0.0.1')] },
      ['lost web: 10.0.0.1 a -> - (POOL_EXHAUSTED)'],
    ],
    [
      'loses it when it is deleted',
      { before: [A, web], after: [A], state: [live(web, '10.0.0.1')] },
      ['lost web: 10.0.0.1 a -> - (DELETED)'],
    ],
    [
      'loses it when it is no load balancer any more',
      { before: [A, web], after: [A, service('web', { type: 'ClusterIP' })], state: [live(web, '10.0.0.1')] },
      ['lost web: 10.0.0.1 a -> - (NOT_A_LOAD_BALANCER)'],
    ],
    [
      'loses it when it goes to another class',
      { before: [A, web], after: [A, service('web', { loadBalancerClass: 'x/y' })], state: [live(web, '10.0.0.1')] },
      ['lost web: 10.0.0.1 a -> - (OTHER_CLASS)'],
    ],
    [
      'gains one when it is new, and takes none that is held by one that git does not know',
      { before: [A], after: [A, web], state: [live(api, '10.0.0.1')] },
      ['kept api: 10.0.0.1 a -> 10.0.0.1 a (KEPT)', 'gained web: - -> 10.0.0.2 a (GENERAL_POOL)'],
    ],
    [
      'that git takes in as it is keeps its address',
      { before: [A], after: [A, web], state: [live(web, '10.0.0.3')] },
      ['kept web: 10.0.0.3 a -> 10.0.0.3 a (KEPT)'],
    ],
    [
      'that git takes in with another request moves',
      {
        before: [A],
        after: [A, service('web', { annotations: { 'metallb.io/loadBalancerIPs': '10.0.0.4' } })],
        state: [live(web, '10.0.0.3')],
      },
      ['moved web: 10.0.0.3 a -> 10.0.0.4 a (REQUESTED_ADDRESS)'],
    ],
    [
      'moves when git takes in a live pool with other addresses',
      { before: [], after: [pool('a', ['10.0.2.1/32']), web], state: [A, live(web, '10.0.0.3')] },
      ['moved web: 10.0.0.3 a -> 10.0.2.1 a (GENERAL_POOL)'],
    ],
    [
      'keeps what it has while no set of pools is valid',
      {
        before: [pool('a', ['10.0.0.4-10.0.0.1']), web],
        after: [pool('a', ['10.0.0.5-10.0.0.1']), web, api],
        state: [live(web, '10.0.0.3')],
      },
      ['kept web: 10.0.0.3 -> 10.0.0.3 (KEPT)'],
    ],
    [
      'is what the state says when the old file is broken',
      {
        before: [A, service('web', { ports: 'none' })],
        after: [A, service('web', { annotations: { 'metallb.io/loadBalancerIPs': '10.0.0.4' } })],
        state: [live(web, '10.0.0.3')],
      },
      ['moved web: 10.0.0.3 a -> 10.0.0.4 a (REQUESTED_ADDRESS)'],
    ],
    [
      'waits when nothing is free',
      { before: [pool('a', ['10.0.0.1/32'])], after: [pool('a', ['10.0.0.1/32']), web], state: [live(api, '10.0.0.1')] },
      ['kept api: 10.0.0.1 a -> 10.0.0.1 a (KEPT)', 'pending web: - -> - (POOL_EXHAUSTED)'],
    ],
    [
      'gains a second address when its pool gets the other family',
      {
        before: [A, service('web', { ipFamilyPolicy: 'PreferDualStack' })],
        after: [pool('a', ['10.0.0.1-10.0.0.4', 'fc00::1/128']), service('web', { ipFamilyPolicy: 'PreferDualStack' })],
        state: [live(web, '10.0.0.1')],
      },
      ['gained web: 10.0.0.1 a -> 10.0.0.1,fc00::1 a (KEPT)'],
    ],
    [
      'that changes its sharing key while another shares with it loses the address, the other does not',
      {
        before: [A, ...sharing('k', 'k')],
        after: [A, ...sharing('m', 'k')],
        state: sharing('k', 'k').map((one) => live(one, '10.0.0.1')),
      },
      ['moved s0: 10.0.0.1 a -> 10.0.0.2 a (GENERAL_POOL)', 'kept s1: 10.0.0.1 a -> 10.0.0.1 a (KEPT)'],
    ],
    [
      'that changes its sharing key together with those it shares with keeps the address',
      {
        before: [A, ...sharing('k', 'k')],
        after: [A, ...sharing('m', 'm')],
        state: sharing('k', 'k').map((one) => live(one, '10.0.0.1')),
      },
      ['kept s0: 10.0.0.1 a -> 10.0.0.1 a (KEPT)', 'kept s1: 10.0.0.1 a -> 10.0.0.1 a (KEPT)'],
    ],
    [
      'keeps its address while the new pools are refused',
      { before: [A, web], after: [A, pool('b', ['10.0.0.4-10.0.0.9']), web], state: [live(web, '10.0.0.1')] },
      ['kept web: 10.0.0.1 a -> 10.0.0.1 a (KEPT)'],
    ],
    [
      'is what it was when the file is broken',
      { before: [A, web], after: [A, service('web', { ports: 'none' })], state: [live(web, '10.0.0.1')] },
      ['kept web: 10.0.0.1 a -> 10.0.0.1 a (KEPT)'],
    ],
    [
      'that is locked to another address than it has keeps the one it has',
      { before: [A, web], after: [A, web], state: [live(web, '10.0.0.1')], lock: { 'default/web': '10.0.0.4' } },
      ['kept web: 10.0.0.1 a -> 10.0.0.1 a (KEPT)'],
    ],
    [
      'that is new gets the address it is locked to',
      { before: [A, web], after: [A, web, api], state: [live(web, '10.0.0.1')], lock: { 'default/api': '10.0.0.4' } },
      ['gained api: - -> 10.0.0.4 a (LOCKED)', 'kept web: 10.0.0.1 a -> 10.0.0.1 a (KEPT)'],
    ],
    [
      'of another class is none of our business',
      {
        before: [A, service('web', { loadBalancerClass: 'x/y' })],
        after: [A, service('web', { loadBalancerClass: 'x/y' })],
        state: [live(service('web', { loadBalancerClass: 'x/y' }), '172.16.0.1')],
      },
      [],
    ],
  ])('%s', (_, question, lines) => {
    expect(services(question)).toEqual(lines);
  });

  test('is told why it cannot keep what it has', () => {
    const [change] = ask({ before: [A, web], after: [B, web], state: [live(web, '10.0.0.3')] }).services;
    expect(change?.reason.message).toContain('"10.0.0.3" is not allowed in config: it is in no pool');
  });
});

/** Two Services with these sharing keys and different ports. */
function sharing(...keys: readonly string[]): Tree {
  return keys.map((key, i) =>
    service(`s${i}`, { annotations: { 'metallb.io/allow-shared-ip': key }, ports: [{ port: 80 + i }] }),
  );
}

describe('what an API server assigns', () => {
  const assigned = service('web', { clusterIPs: ['10.96.0.1'], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' });
  const DUAL = pool('a', ['10.0.0.1-10.0.0.4', 'fc00::/126']);

  test.each<[string, Tree[number], string]>([
    ['is taken over where the author says nothing', service('web'), 'kept web: 10.0.0.1 a -> 10.0.0.1 a (KEPT)'],
    [
      'is not known any more when the author changes the families',
      service('web', { ipFamilyPolicy: 'RequireDualStack' }),
      'gained web: 10.0.0.1 a -> 10.0.0.1,fc00:: a (GENERAL_POOL)',
    ],
  ])('%s', (_, written, line) => {
    const before = [DUAL, service('web')];
    expect(services({ before, after: [DUAL, written], state: [live(assigned, '10.0.0.1')] })).toEqual([line]);
  });
});

test('a Service that is no longer dual stack keeps its first cluster IP, and cannot keep two addresses', () => {
  const DUAL = pool('a', ['10.0.0.1-10.0.0.4', 'fc00::/126']);
  const both = { clusterIPs: ['10.96.0.1', 'fd00::1'], ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'PreferDualStack' };
  const question = {
    before: [DUAL, service('web', { ipFamilyPolicy: 'PreferDualStack' })],
    after: [DUAL, service('web', { ipFamilyPolicy: 'SingleStack' })],
    state: [live(service('web', both), '10.0.0.3', 'fc00::2')],
  };
  expect(services(question)).toEqual(['moved web: 10.0.0.3,fc00::2 a -> 10.0.0.1 a (GENERAL_POOL)']);
});

describe('a Service in a folder', () => {
  test.each<[string, Question, string[]]>([
    [
      'moves when one that comes first is added',
      { before: [A, web], after: [A, web, api] },
      ['gained api: - -> 10.0.0.1 a (GENERAL_POOL)', 'moved web: 10.0.0.1 a -> 10.0.0.2 a (GENERAL_POOL)'],
    ],
    [
      'does not move when it is locked',
      { before: [A, web], after: [A, web, api], lock: { 'default/web': '10.0.0.1' } },
      ['gained api: - -> 10.0.0.2 a (GENERAL_POOL)', 'kept web: 10.0.0.1 a -> 10.0.0.1 a (LOCKED)'],
    ],
  ])('%s', (_, question, lines) => {
    expect(services(question)).toEqual(lines);
  });

  test('is told that a lock would have kept it, or that the pool is gone', () => {
    const [, moved] = ask({ before: [A, web], after: [A, web, api] }).services;
    expect(moved?.reason.message).toContain('it cannot keep 10.0.0.1: it has no lock');
    const [gone] = ask({ before: [A, web], after: [pool('a', ['10.0.0.2-10.0.0.4']), web] }).services;
    expect(gone?.reason.message).toContain('10.0.0.1 is in no pool any more');
  });
});

const NODES = ['n1', 'n2', 'n3'].map((name) => node(name, { labels: { name } }));
const ALL = advertisement('all');
const announcements = (question: Question): string[] => ask(question).announcements.map(announcementLine);

describe('an address', () => {
  const tree = [A, ALL, web];
  const state = [...NODES, live(web, '10.0.0.1')];

  test.each<[string, Question, string[]]>([
    [
      'that nothing happens to is announced as before',
      { before: tree, after: tree, state },
      ['same 10.0.0.1: n2,n3,n1 -> n2,n3,n1 (UNCHANGED)'],
    ],
    [
      'moves when its first node is gone',
      { before: tree, after: tree, state, withoutNodes: ['n2'] },
      ['moves 10.0.0.1: n2,n3,n1 -> n3,n1 (NODE_GONE)'],
    ],
    [
      'stays when another node is gone',
      { before: tree, after: tree, state, withoutNodes: ['n1'] },
      ['same 10.0.0.1: n2,n3,n1 -> n2,n3 (SUCCESSORS_CHANGED)'],
    ],
    [
      'moves when its first node is cordoned, which comes last then',
      { before: tree, after: tree, state, cordoned: ['n2'] },
      ['moves 10.0.0.1: n2,n3,n1 -> n3,n1,n2 (NODE_CORDONED)'],
    ],
    [
      'stays on a cordoned node when there is no other',
      { before: tree, after: tree, state, cordoned: ['n2'], withoutNodes: ['n3', 'n1'] },
      ['same 10.0.0.1: n2,n3,n1 -> n2 (SUCCESSORS_CHANGED)'],
    ],
    [
      'moves when its advertisement excludes its first node',
      { before: tree, after: [A, advertisement('all', { nodeSelectors: [{ matchLabels: { name: 'n1' } }] }), web], state },
      ['moves 10.0.0.1: n2,n3,n1 -> n1 (NODE_NOT_ELIGIBLE)'],
    ],
    [
      'moves to a node that is preferred',
      {
        before: tree,
        after: [
          A,
          advertisement('all', { preferredNodeSelectors: [{ weight: 5, preference: { matchLabels: { name: 'n1' } } }] }),
          web,
        ],
        state,
      },
      ['moves 10.0.0.1: n2,n3,n1 -> n1,n2,n3 (NODE_PREFERRED)'],
    ],
    [
      'does not move when the node that answers becomes the first',
      { before: tree, after: tree, state: [...state, l2Status('web', 'n3')], withoutNodes: ['n2'] },
      ['same 10.0.0.1: n2,n3,n1 -> n3,n1 [n3] (SUCCESSORS_CHANGED)'],
    ],
    [
      'moves when the node that answers, though not the first, is gone',
      { before: tree, after: tree, state: [...state, l2Status('web', 'n1')], withoutNodes: ['n1'] },
      ['moves 10.0.0.1: n2,n3,n1 -> n2,n3 [n1] (NODE_GONE)'],
    ],
    [
      'moves when the node that answers, though not the first, is cordoned and comes later',
      { before: tree, after: tree, state: [...state, l2Status('web', 'n3')], cordoned: ['n3'] },
      ['moves 10.0.0.1: n2,n3,n1 -> n2,n1,n3 [n3] (NODE_CORDONED)'],
    ],
    [
      'stays while the node that answers, though not the first, does',
      { before: tree, after: tree, state: [...state, l2Status('web', 'n3')], withoutNodes: ['n1'] },
      ['same 10.0.0.1: n2,n3,n1 -> n2,n3 [n3] (UNCHANGED)'],
    ],
    [
      'that two nodes are said to answer for has no known owner',
      { before: tree, after: tree, state: [...state, l2Status('web', 'n3'), l2Status('web', 'n1')] },
      ['same 10.0.0.1: n2,n3,n1 -> n2,n3,n1 (UNCHANGED)'],
    ],
    [
      'is unserved without an advertisement',
      { before: tree, after: [A, web], state },
      ['unserved 10.0.0.1: n2,n3,n1 ->  (NO_ELIGIBLE_NODE)'],
    ],
    [
      'is unserved when the only node with an endpoint goes away, under the policy Local',
      {
        before: [A, ALL, service('web', { externalTrafficPolicy: 'Local' })],
        after: [A, ALL, service('web', { externalTrafficPolicy: 'Local' })],
        state: [...state, slice('web', 'n1')],
        withoutNodes: ['n1'],
      },
      ['unserved 10.0.0.1: n1 ->  (NO_ELIGIBLE_NODE)'],
    ],
    [
      'stops with its Service, and another starts with a new one',
      { before: tree, after: [A, ALL, service('new', { annotations: { 'metallb.io/loadBalancerIPs': '10.0.0.2' } })], state },
      ['stops 10.0.0.1: n2,n3,n1 ->  (ADDRESS_RELEASED)', 'starts 10.0.0.2:  -> n1,n3,n2 (NEWLY_ANNOUNCED)'],
    ],
    ['is not told of where no node is known', { before: tree, after: tree, state: [live(web, '10.0.0.1')] }, []],
  ])('%s', (_, question, lines) => {
    expect(announcements(question)).toEqual(lines);
  });

  test('tells every node’s reason when none may answer', () => {
    const after = [A, advertisement('all', { nodeSelectors: [{ matchLabels: { name: 'nosuch' } }] }), web];
    const [change] = ask({ before: tree, after, state }).announcements;
    expect(change?.reason.message).toBe('no node may answer: noMatchingAdvertisement on every node');
  });
});

describe('what is taken away', () => {
  const state = [...NODES, live(web, '10.0.0.3')];
  const moving = { before: [A, ALL, web], after: [pool('a', ['10.0.0.1-10.0.0.2']), ALL, web], state };
  const losing = { before: [A, ALL, web], after: [A, ALL], state };
  const silent = { before: [A, ALL, web], after: [A, web], state };

  test.each<[string, Question, ('renumber' | 'loss')[], number]>([
    ['a moved address', moving, [], 1],
    ['a moved address that is allowed', moving, ['renumber'], 0],
    ['a moved address where loss is allowed', moving, ['loss'], 1],
    ['a lost address', losing, [], 1],
    ['a lost address that is allowed', losing, ['loss'], 0],
    ['an address nobody answers for', silent, [], 1],
    [
      'a moved address that is allowed, but that nobody answers for',
      { before: [A, ALL, web], after: [B, service('web', { annotations: { 'metallb.io/address-pool': 'b' } })], state },
      ['renumber'],
      1,
    ],
    ['nothing', { before: [A, ALL, web], after: [A, ALL, web, api], state }, [], 0],
  ])('%s', (_, question, allowed, count) => {
    expect(takenAway(ask(question), new Set(allowed))).toHaveLength(count);
  });
});

test('a state without EndpointSlices leaves open who answers for a Local Service', () => {
  const local = service('web', { externalTrafficPolicy: 'Local' });
  const state = [...NODES, live(local, '10.0.0.1')];
  const codes = (more: Tree): string[] =>
    ask({ before: [A, ALL, local], after: [A, ALL, local], state: [...state, ...more] }).issues.map(({ code }) => code);
  expect(codes([])).toEqual(['ENDPOINTS_UNKNOWN']);
  expect(codes([slice('web', 'n1')])).toEqual([]);
});

test('what is locked to another address is not told that it has no lock', () => {
  const [, moved] = ask({
    before: [A, api, web],
    after: [A, api, web],
    lockBefore: { 'default/web': '10.0.0.3' },
    lock: { 'default/web': '10.0.0.4' },
  }).services;
  expect(moved?.reason.message).toContain('it cannot keep 10.0.0.3: it is locked to another address');
});

describe('with addresses spread over the nodes', () => {
  const at = (name: string, address: string) => live(service(name), address);
  const three = [at('a', '10.0.0.2'), at('b', '10.0.0.3'), at('c', '10.0.0.4')];
  const two = three.slice(0, 2);
  const bare = (services: Tree): Tree => services.map(({ status: _, ...rest }) => rest);
  const tree = (...services: Tree): Tree => [A, ALL, ...bare(services)];

  test.each<[string, Question, string[]]>([
    [
      'none is first for more than its share',
      { before: tree(...three), after: tree(...three), state: [...NODES, ...three], spread: true },
      [
        'same 10.0.0.2: n3,n1,n2 -> n3,n1,n2 (UNCHANGED)',
        'same 10.0.0.3: n2,n1,n3 -> n2,n1,n3 (UNCHANGED)',
        'same 10.0.0.4: n1,n3,n2 -> n1,n3,n2 (UNCHANGED)',
      ],
    ],
    [
      'as it is without',
      { before: tree(...three), after: tree(...three), state: [...NODES, ...three] },
      [
        'same 10.0.0.2: n1,n3,n2 -> n1,n3,n2 (UNCHANGED)',
        'same 10.0.0.3: n1,n2,n3 -> n1,n2,n3 (UNCHANGED)',
        'same 10.0.0.4: n1,n3,n2 -> n1,n3,n2 (UNCHANGED)',
      ],
    ],
    [
      'another may move when one goes, and the reason says so',
      { before: tree(...three), after: tree(...two), state: [...NODES, ...three], spread: true },
      [
        'moves 10.0.0.2: n3,n1,n2 -> n1,n3,n2 (SPREAD)',
        'same 10.0.0.3: n2,n1,n3 -> n2,n1,n3 (UNCHANGED)',
        'stops 10.0.0.4: n1,n3,n2 ->  (ADDRESS_RELEASED)',
      ],
    ],
    [
      'a cordoned node is first for nothing',
      { before: tree(...three), after: tree(...three), state: [...NODES, ...three], cordoned: ['n3'], spread: true },
      [
        'moves 10.0.0.2: n3,n1,n2 -> n1,n2,n3 (NODE_CORDONED)',
        'same 10.0.0.3: n2,n1,n3 -> n2,n1,n3 (UNCHANGED)',
        'same 10.0.0.4: n1,n3,n2 -> n1,n2,n3 (SUCCESSORS_CHANGED)',
      ],
    ],
  ])('%s', (_, question, expected) => {
    expect(announcements(question)).toEqual(expected);
  });
});
