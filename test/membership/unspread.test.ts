import { expect, test } from 'vitest';
import type { Member, MemberState } from '../../src/membership/membership.js';
import { formatUnspread, unspread } from '../../src/membership/unspread.js';

const member = (name: string, spreads: boolean | undefined, state: MemberState = 'alive'): Member => ({
  ...{ name, address: '10.0.0.7:7946', state, ready: true, returning: false, stale: false, spreads, macs: [], since: 0 },
  speaks: 'arpeggio',
  evidence: { kind: 'heard' },
});
const stock: Member = { ...member('m1', false), speaks: 'memberlist' };
const IS_NOT = 'addresses are not spread over the nodes';

test.each<[string, boolean, readonly Member[], string | undefined]>([
  ['all members do', true, [member('n2', true), member('n3', true)], undefined],
  ['nobody was told to', false, [member('n2', false), stock], undefined],
  ['one does not', true, [member('n2', false), member('n3', true)], `${IS_NOT}: n2 does not do so`],
  ['two do not', true, [member('n2', false), stock], `${IS_NOT}: n2, m1 do not do so`],
  ['one that is gone did not', true, [member('n2', false, 'silent'), member('n3', false, 'left')], undefined],
  ['of one it is not known yet', true, [member('n2', undefined)], undefined],
  [
    'only this node was not told to',
    false,
    [member('n2', true), member('n3', true)],
    `${IS_NOT}, though n2, n3 would: this node was started without --spread`,
  ],
  ['one has no Node', true, [member('n9', true)], `${IS_NOT}: there is no Node for n9`],
  ['one that is gone has none', true, [member('n9', true, 'silent')], undefined],
  ['one has no Node, and nobody was told to', false, [member('n9', false)], undefined],
])('%s', (_, isAsked, members, expected) => {
  const membership = { self: 'n1', settled: true, ready: true, members };
  const found = unspread(isAsked, membership, new Set(['n1', 'n2', 'n3', 'm1']));
  expect(found === undefined ? undefined : formatUnspread(isAsked, found)).toBe(expected);
});

test('this node has no Node itself', () => {
  const membership = { self: 'n1', settled: true, ready: true, members: [] };
  expect(unspread(true, membership, new Set())).toEqual({ because: 'nodeless', members: ['n1'] });
});
