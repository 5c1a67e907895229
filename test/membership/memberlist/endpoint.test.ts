import { expect, test } from 'vitest';
import { formatEndpoint, ipv4Endpoint } from '../../../src/membership/memberlist/endpoint.js';

test.each<[string, number[], string]>([
  ['IPv4', [192, 0, 2, 1], '192.0.2.1:7946'],
  ['IPv4 in its longer form', [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1], '192.0.2.1:7946'],
  ['IPv6', [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], '[2001:db8::1]:7946'],
])('an endpoint of %s as text', (_, address, text) => {
  expect(formatEndpoint({ address: Uint8Array.from(address), port: 7946 })).toBe(text);
});

test('an endpoint of IPv4 from text', () => {
  expect(ipv4Endpoint('192.0.2.1:7946')).toEqual({ address: Uint8Array.of(192, 0, 2, 1), port: 7946 });
});

test.each([
  '192.0.2.1',
  '192.0.2.1:0',
  '192.0.2.1:65536',
  '192.0.2.256:7946',
  '192.0.2:7946',
  'n1:7946',
  '[2001:db8::1]:7946',
  'undefined:undefined',
  '',
])('%s is none', (text) => {
  expect(ipv4Endpoint(text)).toBeUndefined();
});
