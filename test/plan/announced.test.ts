import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../src/allocator/allocation.js';
import type { PlainObject } from '../../src/api/value.js';
import { issue } from '../../src/issue/issue.js';
import { candidatesIn, survey } from '../../src/layer2/announcements.js';
import type { Candidate, IneligibleReason } from '../../src/layer2/eligibility.js';
import { announcedCondition } from '../../src/plan/announced.js';
import { answeringIn, ownersIn, readAnswerer } from '../../src/plan/owners.js';
import { ad, address, config, node, service } from '../layer2/world.js';

const ALLOCATED: Outcome = {
  allocated: { addresses: [address('10.20.30.40')], pool: 'pool', reason: { code: 'GENERAL_POOL', message: '' } },
  warnings: [],
};
const PENDING: Outcome = { pending: [issue('POOL_EXHAUSTED', '', 'no pool has a free address')] };

const may = (name: string): Candidate => ({ node: name, eligible: true, score: 0 });
const mayNot = (name: string, reason: IneligibleReason): Candidate => ({ node: name, eligible: false, reason });
const many = Array.from({ length: 9 }, (_, i) => `n${i + 1}`);

describe('a Service', () => {
  test.each<[string, Outcome, nodes: string[], candidates: Candidate[] | undefined, said: string]>([
    [
      'that a node answers for',
      ALLOCATED,
      ['n1'],
      [may('n1'), may('n2')],
      'True NODE_ANSWERS announcing from node "n1" with protocol "layer2"',
    ],
    [
      'that two nodes answer for, as holders of one of two addresses may have it',
      ALLOCATED,
      ['n1', 'n2'],
      [may('n1'), may('n2')],
      'True NODE_ANSWERS announcing from nodes "n1" and "n2" with protocol "layer2"',
    ],
    [
      'whose node may not any more, and answers until another does',
      ALLOCATED,
      ['n1'],
      [mayNot('n1', 'noMatchingAdvertisement'), may('n2')],
      'True NODE_ANSWERS announcing from node "n1" with protocol "layer2"',
    ],
    [
      'whose node is gone, as if that had said nothing',
      ALLOCATED,
      ['n9'],
      [may('n1'), may('n2')],
      'False NOBODY_SAYS_SO n1, n2 may answer, and no speaker says that it does',
    ],
    [
      'that many may answer for and nobody does',
      ALLOCATED,
      [],
      many.map(may),
      'False NOBODY_SAYS_SO n1, n2, n3 and 6 more may answer, and no speaker says that it does',
    ],
    [
      'that nobody may answer for, for one reason',
      ALLOCATED,
      [],
      [mayNot('n1', 'noEndpoints'), mayNot('n2', 'noEndpoints')],
      'False NOBODY_ANSWERS no node may answer: noEndpoints on every node',
    ],
    [
      'that nobody may answer for, each for his own',
      ALLOCATED,
      [],
      [mayNot('n1', 'noLocalEndpoints'), mayNot('n2', 'nodeNetworkUnavailable'), mayNot('n3', 'noLocalEndpoints')],
      'False NOBODY_ANSWERS no node may answer: noLocalEndpoints on n1, n3; nodeNetworkUnavailable on n2',
    ],
    ['in a cluster without nodes', ALLOCATED, [], [], 'False NOBODY_ANSWERS no node may answer: there are no nodes'],
    [
      'whose addresses lie in two pools, whoever says so',
      ALLOCATED,
      ['n1'],
      undefined,
      'False NOBODY_ANSWERS its addresses do not all lie in one pool',
    ],
    [
      'without an address, whoever says so',
      PENDING,
      ['n1'],
      [may('n1')],
      'False NO_ADDRESS it has no address; arpeggio/Allocated says why',
    ],
  ])('%s', (_, outcome, nodes, candidates, said) => {
    const condition = announcedCondition(outcome, { nodes, candidates });
    expect(condition?.type).toBe('arpeggio/Announced');
    expect(`${condition?.status} ${condition?.reason} ${condition?.message}`).toBe(said);
  });

  test.each(['not-a-load-balancer', 'other-class'] as const)('that is %s is told nothing', (ignored) => {
    expect(announcedCondition({ ignored }, { nodes: ['n1'], candidates: [may('n1')] })).toBeUndefined();
  });

  test('is told the reasons of its own election', () => {
    const nodes = [node('n1'), node('n2', { networkUnavailable: true })];
    const web = service('web');
    const world = survey({
      config: config([ad('ad')]),
      services: [],
      nodes,
      endpointSlices: [],
      self: '',
      withoutSlices: 'cannot-serve',
    });
    const candidates = candidatesIn(world, { service: web, addresses: [address('10.20.30.40')] });
    expect(announcedCondition(ALLOCATED, { nodes: [], candidates })?.message).toBe(
      'no node may answer: noEndpoints on every node',
    );
  });
});

const said = (name: string, of: string): PlainObject => ({
  kind: 'ServiceL2Status',
  status: { node: of, serviceName: name, serviceNamespace: 'shop' },
});

test('who answers is what each node says of itself, in any order', () => {
  const objects = [said('web', 'n2'), said('web', 'n1'), said('db', 'n1'), said('web', 'n2')];
  expect([...answeringIn(objects.flatMap((one) => readAnswerer(one) ?? []))]).toEqual([
    ['shop/web', ['n1', 'n2']],
    ['shop/db', ['n1']],
  ]);
});

test('a status that was not written yet tells nothing', () => {
  expect(readAnswerer({ kind: 'ServiceL2Status', metadata: { labels: { 'metallb.io/node': 'n1' } } })).toBeUndefined();
});

test('of a folder, a Service that two nodes answer for has no owner', () => {
  const objects = [said('web', 'n2'), said('web', 'n1'), said('db', 'n1'), { kind: 'Pod' }, null];
  expect([...ownersIn(objects.map((object) => ({ object, locate: () => undefined })))]).toEqual([['shop/db', 'n1']]);
});
