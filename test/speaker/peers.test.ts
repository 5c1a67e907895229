import { expect, test } from 'vitest';
import { endpointTextOf, parsePeer } from '../../agents/speaker/wire/peers.js';

test.each<[string, string, number, string | undefined]>([
  ['n2', 'n2', 7946, undefined],
  ['n2:7000', 'n2', 7000, undefined],
  ['192.0.2.1', '192.0.2.1', 7946, '192.0.2.1:7946'],
  ['192.0.2.1:7000', '192.0.2.1', 7000, '192.0.2.1:7000'],
  ['2001:db8::1', '2001:db8::1', 7946, '[2001:db8::1]:7946'],
  ['[2001:db8::1]', '2001:db8::1', 7946, '[2001:db8::1]:7946'],
  ['[2001:DB8:0:0::1]:7000', '2001:DB8:0:0::1', 7000, '[2001:db8::1]:7000'],
])('%s is a peer', (text, host, port, endpoint) => {
  const read = parsePeer(text, 7946);
  expect(read).toEqual({ ok: true, value: { host, port } });
  expect(read.ok && endpointTextOf(read.value)).toBe(endpoint);
});

test.each(['', 'n2:0', 'n2:65536', 'n 2', '[2001:db8::1', '[2001:db8::g]:7946', '[::1]:', 'fe80::1%eth0', '[192.0.2.1]:7946'])(
  '%j is none',
  (text) => {
    const read = parsePeer(text, 7946);
    expect(read.ok ? read.value : read.issues.map(({ code }) => code)).toEqual(['PEER_UNRESOLVED']);
  },
);
