import { expect, test } from 'vitest';
import type { NodeState, Versions } from '../../../src/membership/memberlist/message.js';
import { claimOf, type RefusalReason, refusal } from '../../../src/membership/memberlist/pushpull.js';
import { VERSIONS } from '../../../src/membership/memberlist/settings.js';

const told = (name: string, state: NodeState['state'], versions: Partial<Versions> = {}): NodeState => ({
  ...{ name, state, address: Uint8Array.of(10, 0, 0, 1), port: 7946, incarnation: 3, meta: new Uint8Array() },
  versions: { ...VERSIONS, ...versions },
});
const { min, max, current } = VERSIONS;
const known = [{ ...told('a', 'alive'), state: 'alive' as const, since: 0 }];

test.each([
  ['alive', { kind: 'alive', node: 'b', incarnation: 3 }],
  ['suspect', { kind: 'suspect', node: 'b', incarnation: 3, from: 'a' }],
  // It may be cut off itself: it is heard as a suspicion of our own.
  ['dead', { kind: 'suspect', node: 'b', incarnation: 3, from: 'a' }],
  ['left', { kind: 'dead', node: 'b', incarnation: 3, from: 'b' }],
] as const)('a node that is %s in the table of another', (state, claim) => {
  expect(claimOf(told('b', state), 'a')).toMatchObject(claim);
});

test.each<[string, readonly NodeState[], RefusalReason | undefined]>([
  ['nobody', [], undefined],
  ['a node like us', [told('b', 'alive')], undefined],
  ['a node that speaks the newest', [told('b', 'alive', { current: max })], undefined],
  ['a node without versions', [told('b', 'dead', { min: 0, max: 0, current: 0 })], { kind: 'protocol', node: 'b', version: 0 }],
  [
    'a dead node that spoke a newer one',
    [told('b', 'dead', { current: max + 1 })],
    { kind: 'protocol', node: 'b', version: max + 1 },
  ],
  [
    'a node that does not understand us',
    [told('b', 'alive', { min: 3, max: 5, current: 3 })],
    { kind: 'protocol', node: 'a', version: current },
  ],
  ['a dead node that did not', [told('b', 'dead', { min: 3, max: 5, current: 3 })], undefined],
  [
    'a node whose application is another',
    [told('b', 'alive', { delegateMax: 1, delegateCurrent: 1 })],
    { kind: 'application', node: 'b', version: 1 },
  ],
  [
    'more nodes than we remember',
    Array.from({ length: 11 }, (_, i) => told(`n${i}`, 'alive')),
    { kind: 'too-many-nodes', count: 11, most: 10 },
  ],
])('who tells of %s', (_, nodes, expected) => {
  expect(min).toBe(1);
  expect(refusal(known, nodes, 10)).toEqual(expected);
});
