import { expect, test } from 'vitest';
import { standingRecord } from '../../agents/speaker/view/standing.js';
import type { Member, MemberState } from '../../src/membership/membership.js';

const member = (name: string, state: MemberState): Member => ({
  ...{ name, state, address: '192.0.2.1:7946', ready: true, returning: false, stale: false },
  ...{ spreads: false, speaks: 'arpeggio', macs: [], evidence: { kind: 'heard' }, since: 0 },
});
const said = (owned: readonly string[], ...members: readonly Member[]): string =>
  standingRecord({ self: 'n2', settled: true, ready: true, members }, owned).msg;

test.each<[string, readonly string[], readonly Member[], string]>([
  ['nothing, alone', [], [], 'n2 announces no address; memberlist: alive n2'],
  [
    'an address, with another',
    ['192.0.2.9'],
    [member('n1', 'alive')],
    'n2 is leader of 192.0.2.9 and announces it; memberlist: alive n1, n2',
  ],
  [
    'two, with some that are gone',
    ['192.0.2.8', '192.0.2.9'],
    [member('n1', 'left'), member('n3', 'silent')],
    'n2 is leader of 192.0.2.8, 192.0.2.9 and announces them; memberlist: alive n2; silent n3; left n1',
  ],
])('how things stand is told: %s', (_, owned, members, expected) => {
  expect(said(owned, ...members)).toBe(expected);
});

test('a line has an end, however many addresses there are', () => {
  const many = Array.from({ length: 5000 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
  expect(said(many)).toContain('10.0.0.99 and 4900 more and announces them; ');
});
