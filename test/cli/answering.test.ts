import { describe, expect, test } from 'vitest';
import { gossipAddress, gossipFamily } from '../../agents/cli/answering.js';

describe('the address to gossip from', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:DB8:0::1', '2001:db8::1'],
    ['fd00::1', 'fd00::1'],
    ['::1', '::1'],
  ])('may be %s', (text, written) => {
    expect(gossipAddress(text)).toBe(written);
  });

  test.each(['', '0.0.0.0', '::', 'n1', '192.0.2', '::ffff:192.0.2.1', 'fe80::1', 'febf::1', 'fe80::1%eth0', '[::1]'])(
    'may not be %j',
    (text) => {
      expect(() => gossipAddress(text)).toThrow('Write one address of this host that others reach');
    },
  );
});

test.each<[string, string | undefined, readonly string[], string]>([
  ['its own address', '2001:db8::1', [], 'IPv6'],
  ['its own address, whatever the peers', '192.0.2.1', ['2001:db8::1'], 'IPv4'],
  ['the first peer that is an address', undefined, ['n1', '2001:db8::1', '192.0.2.1'], 'IPv6'],
  ['nothing', undefined, ['n1'], 'IPv4'],
])('the family of gossip follows from %s', (_, address, hosts, family) => {
  const peers = hosts.map((host) => ({ host, port: 7946 }));
  expect(gossipFamily(address, peers)).toBe(family);
});
