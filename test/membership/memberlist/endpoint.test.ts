import { expect, test } from 'vitest';
import { endpointAt, familyOf, formatEndpoint, parseEndpoint } from '../../../src/membership/memberlist/endpoint.js';

test.each<[string, number[], string]>([
  ['IPv4', [192, 0, 2, 1], '192.0.2.1:7946'],
  ['IPv4 in its longer form', [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1], '192.0.2.1:7946'],
  ['IPv6', [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], '[2001:db8::1]:7946'],
])('an endpoint of %s as text', (_, address, text) => {
  expect(formatEndpoint({ address: Uint8Array.from(address), port: 7946 })).toBe(text);
});

test.each<[string, number[]]>([
  ['192.0.2.1:7946', [192, 0, 2, 1]],
  ['[2001:db8::1]:7946', [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
  ['[2001:DB8:0::1]:7946', [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
])('%s is an endpoint', (text, address) => {
  expect(parseEndpoint(text)).toEqual({ address: Uint8Array.from(address), port: 7946 });
});

test.each([
  '192.0.2.1',
  '192.0.2.1:0',
  '192.0.2.1:65536',
  '192.0.2.256:7946',
  '192.0.2:7946',
  'n1:7946',
  '2001:db8::1:7946',
  '[2001:db8::1]',
  '[192.0.2.1]:7946',
  '[fe80::1%eth0]:7946',
  'undefined:undefined',
  '',
])('%s is none', (text) => {
  expect(parseEndpoint(text)).toBeUndefined();
});

test.each([
  ['192.0.2.1', 'IPv4'],
  ['::ffff:192.0.2.1', 'IPv4'],
  ['2001:db8::1', 'IPv6'],
])('a socket to %s is of %s', (host, family) => {
  const endpoint = endpointAt(host, 7946);
  expect(endpoint === undefined ? undefined : familyOf(endpoint)).toBe(family);
});
