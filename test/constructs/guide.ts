/**
 * Every pool and advertisement of the Layer 2 guide as a reader of it would write them in TypeScript, a chart a section.
 */
import { App, Chart } from 'cdk8s';
import { IPAddressPool, L2Advertisement } from '../../constructs/index.js';

const section = (): Chart => new Chart(new App(), 'guide', { disableResourceNameHashes: true });

export const GUIDE: Readonly<Record<string, () => Chart>> = {
  'a pool, and its advertisement on some interfaces': () => {
    const chart = section();
    const pool = new IPAddressPool(chart, 'local-network-pool', { addresses: ['192.168.1.240-192.168.1.255'] });
    new L2Advertisement(chart, 'local-network-advertisement', { ipAddressPools: [pool] });
    new L2Advertisement(chart, 'interface-specific-advertisement', { ipAddressPools: [pool], interfaces: ['eth0', 'bond0'] });
    return chart;
  },

  'several ranges, announced by edge nodes': () => {
    const chart = section();
    const pool = new IPAddressPool(chart, 'production-pool', {
      addresses: ['192.168.1.100-192.168.1.150', '192.168.1.200-192.168.1.220', '10.0.0.0/28'],
      autoAssign: true,
      avoidBuggyIPs: true,
    });
    new L2Advertisement(chart, 'edge-node-advertisement', {
      ipAddressPools: [pool],
      nodeSelectors: [
        { matchLabels: { 'node-role.kubernetes.io/edge': 'true' } },
        { matchExpressions: [{ key: 'topology.kubernetes.io/zone', operator: 'In', values: ['zone-a', 'zone-b'] }] },
      ],
    });
    return chart;
  },

  'a pool for Services that ask for it': () => {
    const chart = section();
    new IPAddressPool(chart, 'database-pool', { addresses: ['192.168.1.50-192.168.1.59'], autoAssign: false });
    return chart;
  },

  'the complete configuration': () => {
    const chart = section();
    const primary = new IPAddressPool(chart, 'primary-pool', {
      addresses: ['192.168.1.240-192.168.1.255'],
      autoAssign: true,
      avoidBuggyIPs: true,
    });
    const priority = new IPAddressPool(chart, 'priority-pool', {
      addresses: ['192.168.1.200-192.168.1.204'],
      autoAssign: false,
    });
    new L2Advertisement(chart, 'primary-l2-advertisement', { ipAddressPools: [primary] });
    new L2Advertisement(chart, 'priority-l2-advertisement', {
      ipAddressPools: [priority],
      nodeSelectors: [{ matchLabels: { 'node-role.kubernetes.io/worker': 'true' } }],
    });
    return chart;
  },

  'pools by purpose': () => {
    const chart = section();
    new IPAddressPool(chart, 'web-services-pool', {
      metadata: {
        labels: { purpose: 'web', environment: 'production' },
        annotations: { description: 'IP pool for public-facing web services' },
      },
      addresses: ['192.168.1.100-192.168.1.119'],
      autoAssign: true,
    });
    new IPAddressPool(chart, 'internal-services-pool', {
      metadata: {
        labels: { purpose: 'internal', environment: 'production' },
        annotations: { description: 'Reserved IPs for internal services' },
      },
      addresses: ['192.168.1.120-192.168.1.129'],
      autoAssign: false,
    });
    return chart;
  },
};
