/**
 * One app that uses every construct that writes configuration, as its author would write it.
 */
import { ApiObject, App, Chart } from 'cdk8s';
import { IPAddressPool, L2Advertisement, LoadBalancerService, RequestAddress, Subnet } from '../../constructs/index.js';

export function example(): Chart {
  const chart = new Chart(new App(), 'example', { disableResourceNameHashes: true });
  const lan = new Subnet(chart, 'lan', {
    cidr: '192.168.1.0/24',
    gateway: '192.168.1.1',
    dhcp: ['192.168.1.100-192.168.1.199'],
    nodes: ['192.168.1.10-192.168.1.12'],
    reserved: ['192.168.1.250'],
  });
  const six = new Subnet(chart, 'six', { cidr: 'fd00:1::/64', gateway: 'fd00:1::1' });

  const open = new IPAddressPool(chart, 'open', { subnet: lan, size: 16, metadata: { labels: { tier: 'web' } } });
  open.exclude('192.168.1.240/31', '192.168.1.245');
  const web = open.reserve('web');
  const dual = new IPAddressPool(chart, 'dual', {
    subnet: six,
    addresses: ['fd00:1::100-fd00:1::1ff', '192.168.1.200-192.168.1.215'],
    autoAssign: false,
    avoidBuggyIPs: true,
    serviceAllocation: { priority: 1, namespaces: ['shop'] },
  });

  new L2Advertisement(chart, 'lan-advertisement', { ipAddressPools: [open, dual], interfaces: ['eth0'] });

  new LoadBalancerService(chart, 'web', {
    selector: { app: 'web' },
    ports: [{ name: 'http', port: 80, targetPort: 'http' }],
    address: web,
    sharingKey: 'web',
  });
  new LoadBalancerService(chart, 'shop', {
    metadata: { namespace: 'shop' },
    selector: { app: 'shop' },
    ports: [{ port: 443, targetPort: 8443, protocol: 'TCP' }],
    ipFamilyPolicy: 'RequireDualStack',
    ipFamilies: ['IPv6', 'IPv4'],
    address: [dual.reserve('shop', { family: 'IPv4' }), dual.reserve('shop-v6', { family: 'IPv6' })],
    externalTrafficPolicy: 'Local',
  });
  const dns = new ApiObject(chart, 'dns', {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'dns' },
    spec: { type: 'LoadBalancer', selector: { app: 'dns' }, ports: [{ port: 53, protocol: 'UDP' }] },
  });
  dns.with(new RequestAddress({ address: web, sharingKey: 'web' }));
  return chart;
}
