/**
 * When a node claims its first address, and when it has to look again.
 */
import { expect, test } from 'vitest';
import { ballotOf } from '../../src/layer2/ballot.js';
import { Authority } from '../../src/ownership/authority.js';

test('without a table there is nothing to wake up for, however long ago the wait for members was over', () => {
  const authority = new Authority({
    self: 'n1',
    bootId: '00000000000000aa',
    failbackMs: 0,
    onConflict: 'defend',
    canAnswer: () => true,
  });
  authority.setMembership({ self: 'n1', settled: true, ready: true, members: [] }, 0);
  authority.settled({ isDoubtful: false, isReturn: false }, 0);
  authority.tick(2000);
  expect(authority.wakeAt).toBe(Number.POSITIVE_INFINITY);
  const ballot = ballotOf([{ address: '192.0.2.1', services: [], pool: 'p', interfaces: 'all', ranking: ['n1'] }]);
  expect(authority.setTable(ballot, [], false, 3000)).toContainEqual({ kind: 'claim', keys: ballot.keys });
});
