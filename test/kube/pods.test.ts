import { expect, onTestFinished, test } from 'vitest';
import { podAddresses } from '../../agents/kube/pods.js';
import { Transport } from '../../agents/kube/transport.js';
import type { Family } from '../../src/net/address.js';
import { answer, startHttps } from '../support/httpsserver.js';

const ips = (...all: readonly string[]): object => ({ podIP: all[0], podIPs: all.map((ip) => ({ ip })) });
const STATUSES = [
  ips('192.0.2.1'),
  ips('2001:db8::1'),
  ips('192.0.2.2', '2001:db8::2'),
  ips('2001:db8::3', '192.0.2.3'),
  // It has none yet.
  {},
  // An older API server tells one only.
  { podIP: '192.0.2.4' },
];

test.each<[Family, readonly string[]]>([
  ['IPv4', ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4']],
  ['IPv6', ['2001:db8::1', '2001:db8::2', '2001:db8::3']],
])('of each Pod its address of %s, if it has one', async (family, expected) => {
  const asked: (string | undefined)[] = [];
  const server = await startHttps((request, response) => {
    asked.push(request.url);
    answer(response, 200, { items: STATUSES.map((status) => ({ status })) });
  });
  const transport = new Transport({ access: server.access(), userAgent: 'test' });
  onTestFinished(() => transport.close());
  expect(await podAddresses(transport, 'metallb-system', 'component=speaker', family)).toEqual(expected);
  expect(asked).toEqual(['/api/v1/namespaces/metallb-system/pods?labelSelector=component%3Dspeaker']);
});
