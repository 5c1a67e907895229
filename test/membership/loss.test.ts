import { expect, test } from 'vitest';
import { isLoss } from '../../src/membership/loss.js';
import type { Member, Membership } from '../../src/membership/membership.js';
import { member } from '../support/member.js';

const membership = (members: readonly Member[], ready = true): Membership => ({ self: 'n1', settled: true, ready, members });
const before = membership([member('n2')]);

test.each([
  ['a peer is silent', membership([member('n2', { state: 'silent', evidence: { kind: 'silence', missed: 3, silentMs: 310 } })])],
  ['a peer leaves', membership([member('n2', { state: 'left', evidence: { kind: 'left' } })])],
  ['a peer is not ready any more', membership([member('n2', { ready: false })])],
  ['a peer is forgotten', membership([])],
  ['a peer lives another life', membership([member('n2', { evidence: { kind: 'restarted', bootId: '0000000000000001' } })])],
  ['a peer came back', membership([member('n2', { returning: true })])],
  ['a peer knows that its view is old', membership([member('n2', { stale: true })])],
  ['this node is not ready any more', membership([member('n2')], false)],
])('%s: addresses may be without an owner', (_, now) => {
  expect(isLoss(before, now)).toBe(true);
});

test.each([
  ['nothing', before],
  ['a peer comes', membership([member('n2'), member('n3')])],
])('%s: nobody waits for anything', (_, now) => {
  expect(isLoss(before, now)).toBe(false);
});

test('a peer is heard again, or is ready: nobody waits for anything', () => {
  expect(
    isLoss(
      membership([member('n2', { ready: false }), member('n3', { state: 'silent' })]),
      membership([member('n2'), member('n3')]),
    ),
  ).toBe(false);
});
