import { expect, test } from 'vitest';
import { concernedBy } from '../../agents/controller/concerned.js';
import { type InForce, NOTHING } from '../../agents/controller/reconcile.js';
import type { Outcome } from '../../src/allocator/allocation.js';
import { issue } from '../../src/issue/issue.js';
import { node, service } from '../layer2/world.js';

const PENDING: Outcome = { pending: [issue('POOL_EXHAUSTED', '', '')] };
const [a, b] = [service('a'), service('b')];
const n1 = node('n1');
const before: InForce = {
  ...NOTHING,
  objects: { ...NOTHING.objects, services: [a, b], nodes: [n1] },
  outcomes: new Map([
    [a.key, PENDING],
    [b.key, PENDING],
  ]),
};
const withObjects = (objects: Partial<InForce['objects']>): InForce => ({
  ...before,
  objects: { ...before.objects, ...objects },
});

test.each<[string, InForce, readonly string[]]>([
  ['nothing, nobody', before, []],
  ['a Service, that one', withObjects({ services: [{ ...a }, b] }), [a.key]],
  ['an outcome, that one', { ...before, outcomes: new Map([...before.outcomes, [b.key, { ...PENDING }]]) }, [b.key]],
  ['a node that only tells that it lives, nobody', withObjects({ nodes: [{ ...n1 }] }), []],
  ['a node, all', withObjects({ nodes: [node('n1', { networkUnavailable: true })] }), [a.key, b.key]],
  ['the number of nodes, all', withObjects({ nodes: [n1, node('n2')] }), [a.key, b.key]],
  ['pools, all', withObjects({ pools: [] }), [a.key, b.key]],
  ['advertisements, all', withObjects({ advertisements: [] }), [a.key, b.key]],
  ['whether the newest configuration is in force, all', { ...before, stale: true }, [a.key, b.key]],
])('a change of %s', (_, after, concerned) => {
  expect([...concernedBy(before, after)]).toEqual(concerned);
});
