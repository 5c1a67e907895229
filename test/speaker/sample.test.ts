import { expect, test } from 'vitest';
import { sampleOf } from '../../agents/speaker/sample.js';
import { Counters } from '../../agents/speaker/wire/counters.js';
import { addressKey, parseAddress } from '../../src/net/address.js';

const keyOf = (text: string) => {
  const read = parseAddress(text);
  if (!read.ok) throw new Error(text);
  return addressKey(read.value);
};
const REST = {
  refreshesSent: 1,
  framesDropped: {},
  beats: { sent: 1, received: 2, rejected: 3 },
  interfaces: [],
  gossip: { packets: {}, streams: {}, dropped: {}, nodes: {}, health: 0 },
  takeoversRefused: 0,
};

test('what was counted by key is told by text, over to the other thread', () => {
  const counters = new Counters();
  Object.assign(counters.of(keyOf('192.168.1.240')), { requests: 3, responses: 2, gratuitous: 10 });
  Object.assign(counters.of(keyOf('fd00::d800')), { requests: 2 ** 40, responses: 1, gratuitous: 5, conflicts: 7 });
  expect(sampleOf(structuredClone({ ...REST, ...counters.byAddress() }))).toEqual({
    ...REST,
    requestsReceived: { '192.168.1.240': 3, 'fd00::d800': 2 ** 40 },
    responsesSent: { '192.168.1.240': 2, 'fd00::d800': 1 },
    gratuitousSent: { '192.168.1.240': 10, 'fd00::d800': 5 },
    conflictClaims: { 'fd00::d800': 7 },
  });
});
