import { expect, test } from 'vitest';
import { shownByStatus } from '../../src/allocator/shown.js';
import { readService } from '../../src/api/service.js';
import type { ServiceView } from '../../src/api/views.js';
import { compileConfig } from '../../src/config/compile.js';
import { formatAddress } from '../../src/net/address.js';
import { snapshotOf } from '../support/source.js';

const pool = (name: string, ...addresses: readonly string[]): object => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { name },
  spec: { addresses, avoidBuggyIPs: true },
});
const { config } = compileConfig(snapshotOf([pool('p', '192.0.2.0/24', 'fd00::/120'), pool('q', '198.51.100.0/24')]).objects);

function service(ingress: readonly object[], spec: object = {}): ServiceView {
  const read = readService({
    metadata: { name: 'web' },
    spec: { type: 'LoadBalancer', ...spec },
    status: { loadBalancer: { ingress } },
  });
  if (!read.ok) throw new Error('it is a Service');
  return read.value;
}
const ips = (...texts: readonly string[]): readonly object[] => texts.map((ip) => ({ ip }));

test.each<[string, ServiceView, string]>([
  ['an address', service(ips('192.0.2.1')), 'p 192.0.2.1'],
  ['two of one pool, in their order', service(ips('fd00::1', '192.0.2.1')), 'p fd00::1 192.0.2.1'],
  ['one that its pool would not give today', service(ips('192.0.2.255')), 'p 192.0.2.255'],
  ['none yet', service([]), ''],
  ['one of no pool', service(ips('203.0.113.1')), ''],
  ['two of two pools', service(ips('192.0.2.1', '198.51.100.1')), ''],
  ['one of a pool and one of none', service(ips('192.0.2.1', '203.0.113.1')), ''],
  ['one that cannot be read', service(ips('192.0.2.1', '192.0.2.x')), ''],
  ['an address, and is no load balancer', service(ips('192.0.2.1'), { type: 'NodePort' }), ''],
  ['an address, and another class', service(ips('192.0.2.1'), { loadBalancerClass: 'other' }), ''],
])('a Service whose status shows %s', (_, one, expected) => {
  if (config === undefined) throw new Error('the pools are valid');
  const outcome = shownByStatus(config, [one], undefined).get('default/web');
  const held = outcome === undefined ? '' : [outcome.allocated.pool, ...outcome.allocated.addresses.map(formatAddress)].join(' ');
  expect(held).toBe(expected);
});
