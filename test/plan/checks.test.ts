import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Chart, Testing } from 'cdk8s';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseManifests, yamlFiles } from '../api/manifests.js';
import { GUIDE } from '../constructs/guide.js';
import { advertisement, endpoints, findingsIn, namespace, node, pool, service, told } from './objects.js';

type Row = readonly [sentence: string, objects: readonly object[], expected: readonly string[]];

/** Two nodes, a pool that is advertised on both, and nothing to say about it. */
const P = pool('p', { addresses: ['192.0.2.10-192.0.2.30'] });
const ALL = advertisement('all');
const N1 = node('n1', { zone: 'a' });
const N2 = node('n2', { zone: 'b' });

const rowsOfAll: Row[] = [];

function table(name: string, rows: readonly Row[]): void {
  rowsOfAll.push(...rows);
  describe(name, () => {
    test.each(rows)('%s', (_, objects, expected) => {
      expect(told(objects)).toEqual(expected.map((text) => expect.stringContaining(text)));
    });
  });
}

table('coverage', [
  ['a pool that an advertisement covers is right', [P, ALL], []],
  ['a pool without any advertisement is told', [P], ['POOL_UNADVERTISED p: no L2Advertisement covers pool "p"']],
  [
    'a pool that the only advertisement leaves out is told',
    [P, pool('q', { addresses: ['198.51.100.0/24'] }), advertisement('some', { ipAddressPools: ['p'] })],
    ['POOL_UNADVERTISED q'],
  ],
]);

table('reach', [
  [
    'pool selectors that match none are told',
    [
      pool('p', { addresses: ['192.0.2.0/24'] }, { labels: { tier: 'web' } }),
      ALL,
      advertisement('x', {
        ipAddressPoolSelectors: [
          { matchLabels: { tier: 'web' }, matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['web'] }] },
        ],
      }),
    ],
    ['NO_POOL_MATCHED x spec.ipAddressPoolSelectors: L2Advertisement "x" announces no pool: its selectors match none'],
  ],
  ['an advertisement where there is no pool is told', [ALL], ['NO_POOL_MATCHED all: L2Advertisement "all" announces no pool']],
  ['a pool name that does not exist is told elsewhere', [P, ALL, advertisement('x', { ipAddressPools: ['q'] })], []],
  [
    'node selectors that match none are told',
    [
      P,
      N1,
      N2,
      ALL,
      advertisement('x', {
        nodeSelectors: [{ matchLabels: { zone: 'a' }, matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['a'] }] }],
      }),
    ],
    ['NO_NODE_MATCHED x spec.nodeSelectors: L2Advertisement "x" covers none of the 2 known nodes'],
  ],
  ['nodes that nobody knows are not asked for', [P, advertisement('x', { nodeSelectors: [{ matchLabels: { zone: 'a' } }] })], []],
  [
    'a single node is told',
    [P, N1, N2, advertisement('x', { nodeSelectors: [{ matchLabels: { zone: 'a' } }] })],
    ['NO_FAILOVER x spec.nodeSelectors: only node n1 may answer for pool "p"'],
  ],
  [
    'a single node is no matter when another advertisement has another',
    [
      P,
      N1,
      N2,
      advertisement('x', { nodeSelectors: [{ matchLabels: { zone: 'a' } }] }),
      advertisement('y', { nodeSelectors: [{ matchLabels: { zone: 'b' } }] }),
    ],
    [],
  ],
  ['a cluster of one node needs not be told', [P, N1, ALL], []],
  [
    'a node that may not announce does not count',
    [P, N1, node('n2', { 'node.kubernetes.io/exclude-from-external-load-balancers': '' }), ALL],
    ['NO_FAILOVER all: only node n1 may answer'],
  ],
  [
    'nor does one without a network',
    [P, N1, node('n2', {}, { status: { conditions: [{ type: 'NetworkUnavailable', status: 'True' }] } }), ALL],
    ['NO_FAILOVER all'],
  ],
]);

const selecting = (spec: object): object[] => [P, ALL, N1, N2, advertisement('x', spec)];
const pinned = (serviceAllocation: object): object => pool('r', { addresses: ['198.51.100.0/24'], serviceAllocation });

table('selectors', [
  [
    'a mistyped key is told with the right one',
    selecting({ nodeSelectors: [{ matchLabels: { zonee: 'a' } }] }),
    [
      'NO_NODE_MATCHED x',
      'SELECTOR_UNMATCHED x spec.nodeSelectors[0].matchLabels.zonee: no Node has the label "zonee" (did you mean "zone"?)',
    ],
  ],
  [
    'a mistyped value is told with the right one',
    [
      P,
      ALL,
      node('n1', { zone: 'east' }),
      node('n2', { zone: 'west' }),
      advertisement('x', { preferredNodeSelectors: [{ weight: 1, preference: { matchLabels: { zone: 'eest' } } }] }),
    ],
    [
      'SELECTOR_UNMATCHED x spec.preferredNodeSelectors[0].preference.matchLabels.zone: no Node has the label "zone" with the value "eest" (did you mean "east"?)',
    ],
  ],
  [
    'one value of several that exists is enough',
    selecting({ nodeSelectors: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['c', 'a', 'b'] }] }] }),
    [],
  ],
  [
    'values of which none exists are told',
    selecting({ nodeSelectors: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['c', 'd'] }] }, {}] }),
    [
      'SELECTOR_UNMATCHED x spec.nodeSelectors[0].matchExpressions[0]: no Node has the label "zone" with the value any of "c", "d"',
    ],
  ],
  [
    'Exists of a key nobody has is told',
    selecting({ nodeSelectors: [{ matchExpressions: [{ key: 'rack', operator: 'Exists' }] }, {}] }),
    ['SELECTOR_UNMATCHED x spec.nodeSelectors[0].matchExpressions[0]: no Node has the label "rack"'],
  ],
  [
    'DoesNotExist usually means what is not there',
    selecting({ nodeSelectors: [{ matchExpressions: [{ key: 'rack', operator: 'DoesNotExist' }] }] }),
    [],
  ],
  [
    'DoesNotExist of nearly a key that is there is doubted',
    selecting({ nodeSelectors: [{ matchExpressions: [{ key: 'zome', operator: 'DoesNotExist' }] }] }),
    ['SELECTOR_UNMATCHED x spec.nodeSelectors[0].matchExpressions[0]: no Node has the label "zome" (did you mean "zone"?)'],
  ],
  [
    'a key with a slash is quoted in the path',
    selecting({ nodeSelectors: [{ matchLabels: { 'x.io/zone': 'a' } }, {}] }),
    ['SELECTOR_UNMATCHED x spec.nodeSelectors[0].matchLabels["x.io/zone"]'],
  ],
  [
    'pool selectors are held against pools',
    [
      pool('p', { addresses: ['192.0.2.0/24'] }, { labels: { tier: 'web' } }),
      ALL,
      advertisement('x', { ipAddressPoolSelectors: [{ matchLabels: { tier: 'wab' } }] }),
    ],
    [
      'NO_POOL_MATCHED x',
      'SELECTOR_UNMATCHED x spec.ipAddressPoolSelectors[0].matchLabels.tier: no IPAddressPool has the label "tier" with the value "wab" (did you mean "web"?)',
    ],
  ],
  [
    'service selectors are held against load balancers',
    [
      P,
      ALL,
      service('a', {}, { labels: { app: 'web' } }),
      service('b', { type: 'ClusterIP' }, { labels: { app: 'wab' } }),
      advertisement('x', { serviceSelectors: [{ matchLabels: { app: 'wab' } }] }),
    ],
    ['SELECTOR_UNMATCHED x spec.serviceSelectors[0].matchLabels.app: no Service has the label "app" with the value "wab"'],
  ],
  [
    'Services that nobody knows are not asked for',
    [P, ALL, advertisement('x', { serviceSelectors: [{ matchLabels: { app: 'web' } }] })],
    [],
  ],
  [
    'namespace selectors are held against Namespaces',
    [
      P,
      ALL,
      pinned({ namespaces: ['shop'], namespaceSelectors: [{ matchLabels: { team: 'x' } }] }),
      namespace('shop', { team: 'y' }),
    ],
    ['SELECTOR_UNMATCHED r spec.serviceAllocation.namespaceSelectors[0].matchLabels.team'],
  ],
  [
    'every Namespace has its name as a label',
    [P, ALL, pinned({ namespaceSelectors: [{ matchLabels: { 'kubernetes.io/metadata.name': 'shop' } }] }), namespace('shop')],
    [],
  ],
]);

table('namespaces', [
  [
    'a namespace that does not exist is told with the right one',
    [P, ALL, pinned({ namespaces: ['shop', 'shopp'] }), namespace('shop')],
    ['UNKNOWN_NAMESPACE r spec.serviceAllocation.namespaces[1]: there is no namespace "shopp" (did you mean "shop"?)'],
  ],
  ['Namespaces that nobody wrote down are not asked for', [P, ALL, pinned({ namespaces: ['shop'] }), service('a')], []],
  [
    'Q-04: namespace selectors that match none admit nobody',
    [P, ALL, pinned({ namespaceSelectors: [{ matchLabels: { team: 'x' } }] }), namespace('shop', { team: 'y' })],
    ['POOL_ADMITS_NOBODY r spec.serviceAllocation.namespaceSelectors: no namespace matches', 'SELECTOR_UNMATCHED r'],
  ],
]);

const withAddress = (...texts: readonly string[]): object =>
  node('n1', {}, { status: { addresses: texts.map((address) => ({ type: 'InternalIP', address })) } });

table('addresses of others', [
  ['a node outside every pool is right', [P, ALL, withAddress('192.0.2.9', '192.0.2.31')], []],
  [
    'a node on the first address of a range is told',
    [P, ALL, withAddress('192.0.2.10')],
    ['POOL_HAS_NODE p spec.addresses[0]: pool "p" ("192.0.2.10-192.0.2.30") has addresses which its nodes have: 192.0.2.10 (n1)'],
  ],
  ['a node on the last address of a range is told', [P, ALL, withAddress('192.0.2.30')], ['POOL_HAS_NODE p']],
  [
    'a node on a single address is told',
    [pool('p', { addresses: ['198.51.100.0/24', '192.0.2.7/32'] }), ALL, withAddress('192.0.2.7')],
    ['POOL_HAS_NODE p spec.addresses[1]'],
  ],
  [
    'a node beside a single address is right',
    [pool('p', { addresses: ['192.0.2.7/32'] }), ALL, withAddress('192.0.2.6', '192.0.2.8')],
    [],
  ],
  [
    'an IPv6 node in a prefix is told',
    [pool('p', { addresses: ['2001:db8::/64'] }), ALL, withAddress('2001:db8::5', '192.0.2.1')],
    ['POOL_HAS_NODE p spec.addresses[0]: pool "p" ("2001:db8::/64") has addresses which its nodes have: 2001:db8::5 (n1)'],
  ],
  [
    'an IPv6 node beside a range is right',
    [pool('p', { addresses: ['2001:db8::10-2001:db8::20'] }), ALL, withAddress('2001:db8::21')],
    [],
  ],
  [
    'an address that the pool never gives is right',
    [pool('p', { addresses: ['192.0.2.0/24'], avoidBuggyIPs: true }), ALL, withAddress('192.0.2.0', '192.0.2.255')],
    [],
  ],
  ['a host name is no address', [P, ALL, withAddress('node-1.example')], []],
  [
    'several nodes are told once',
    [P, ALL, withAddress('192.0.2.11', '192.0.2.12', '192.0.2.13', '192.0.2.14', '192.0.2.15')],
    ['192.0.2.13 (n1) and 2 more'],
  ],
  [
    'Pods of a node are told',
    [P, ALL, node('n1', {}, { spec: { podCIDRs: ['192.0.2.0/28'] } })],
    ['POOL_HAS_PODS p spec.addresses[0]: pool "p" ("192.0.2.10-192.0.2.30") has addresses which Pods have: 192.0.2.0/28 (n1)'],
  ],
  ['Pods elsewhere are right', [P, ALL, node('n1', {}, { spec: { podCIDRs: ['10.244.0.0/24', 'fd00::/64'] } })], []],
  [
    'cluster IPs are told',
    [P, ALL, service('a', { type: 'ClusterIP', clusterIP: '192.0.2.20' })],
    [
      'POOL_HAS_CLUSTER_IP p spec.addresses[0]: pool "p" ("192.0.2.10-192.0.2.30") has addresses which Services have inside the cluster: 192.0.2.20 (default/a)',
    ],
  ],
  [
    'the range that cluster IPs are taken from, of either family',
    [
      pool('p', { addresses: ['10.96.255.0/24', 'fd00:96::/120'] }),
      ALL,
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'ServiceCIDR',
        metadata: { name: 'kubernetes' },
        spec: { cidrs: ['10.96.0.0/16', 'fd00:96::/112'] },
      },
    ],
    [
      'POOL_HAS_CLUSTER_IP p spec.addresses[0]: pool "p" ("10.96.255.0/24") has addresses which Services have inside the cluster: 10.96.0.0/16 (ServiceCIDR kubernetes), fd00:96::/112 (ServiceCIDR kubernetes)',
    ],
  ],
  ['a headless Service has no cluster IP', [P, ALL, service('a', { type: 'ClusterIP', clusterIP: 'None' })], []],
]);

const inSubnet = (addresses: readonly string[], annotations: Readonly<Record<string, string>>): object =>
  pool('p', { addresses }, { annotations: { 'arpeggio.dev/subnet': '192.0.2.0/24', ...annotations } });

table('subnets', [
  ['a pool inside its subnet is right', [inSubnet(['192.0.2.10-192.0.2.30'], { 'arpeggio.dev/gateway': '192.0.2.1' }), ALL], []],
  [
    'a pool that leaves its subnet is told',
    [inSubnet(['192.0.2.250-192.0.3.5'], {}), ALL],
    ['OUTSIDE_SUBNET p spec.addresses[0]', 'SUBNET_OVERLAP p spec.addresses[0]'],
  ],
  [
    'a pool with the gateway is told',
    [inSubnet(['192.0.2.1-192.0.2.30'], { 'arpeggio.dev/gateway': '192.0.2.1' }), ALL],
    ['SUBNET_OVERLAP p spec.addresses[0]'],
  ],
  [
    'a pool with the network and broadcast addresses is told',
    [inSubnet(['192.0.2.0/24'], {}), ALL],
    ['SUBNET_OVERLAP p spec.addresses[0]', 'SUBNET_OVERLAP p spec.addresses[0]'],
  ],
  [
    'a pool that says nothing of the subnet has DHCP addresses of it',
    [
      inSubnet(['192.0.2.10-192.0.2.30'], { 'arpeggio.dev/dhcp': '192.0.2.100-192.0.2.199' }),
      pool('q', { addresses: ['192.0.2.150/32'] }),
      ALL,
    ],
    ['SUBNET_OVERLAP q spec.addresses[0]'],
  ],
  [
    'two pools that say the same of a subnet are told once each',
    [
      inSubnet(['192.0.2.1/32'], { 'arpeggio.dev/gateway': '192.0.2.1' }),
      pool(
        'q',
        { addresses: ['192.0.2.20/32'] },
        { annotations: { 'arpeggio.dev/subnet': '192.0.2.0/24', 'arpeggio.dev/gateway': '192.0.2.1' } },
      ),
      ALL,
    ],
    ['SUBNET_OVERLAP p'],
  ],
  [
    'an annotation that cannot be is told',
    [inSubnet(['192.0.2.10/31'], { 'arpeggio.dev/gateway': '10.0.0.1' }), ALL],
    ['FIELD_INVALID p metadata.annotations["arpeggio.dev/gateway"]'],
  ],
]);

const services = (count: number, spec: object = {}): object[] => Array.from({ length: count }, (_, i) => service(`s${i}`, spec));
const sized = (size: number, more: object = {}): object => pool('p', { addresses: [`192.0.2.1-192.0.2.${size}`], ...more });

table('fullness', [
  ['a pool with room is right', [sized(10), ALL, ...services(8)], []],
  [
    'a pool of which nine of ten are given is told',
    [sized(10), ALL, ...services(9)],
    ['POOL_NEARLY_FULL p spec.addresses: nine of ten of the 10 IPv4 addresses of pool "p" are given'],
  ],
  [
    'a full pool is told',
    [sized(2), ALL, ...services(2)],
    ['POOL_FULL p spec.addresses: all 2 IPv4 addresses of pool "p" are given'],
  ],
  ['a pool of one address is meant to be full', [sized(1), ALL, ...services(1)], []],
  ['a small pool is never nearly full', [sized(9), ALL, ...services(8)], []],
  [
    'a full pool is no matter while another has room',
    [sized(2), pool('q', { addresses: ['198.51.100.0/24'] }), ALL, ...services(2)],
    [],
  ],
  [
    'several full pools are told together',
    [sized(2), pool('q', { addresses: ['198.51.100.0/31'] }), ALL, ...services(4)],
    ['POOL_FULL q spec.addresses: all 4 IPv4 addresses of the pools p, q are given'],
  ],
  [
    'a pool that is given on request only may be full',
    [
      sized(2, { autoAssign: false }),
      ALL,
      service('a', { loadBalancerIP: '192.0.2.1' }),
      service('b', { loadBalancerIP: '192.0.2.2' }),
    ],
    [],
  ],
  [
    'families are counted apart',
    [pool('p', { addresses: ['192.0.2.1-192.0.2.2', 'fd00::/64'] }), ALL, ...services(2)],
    ['POOL_FULL p spec.addresses: all 2 IPv4 addresses'],
  ],
]);

const sharing = (name: string, port: number, spec: object = {}, key = 'k'): object =>
  service(name, { ports: [{ port }], ...spec }, { annotations: { 'metallb.io/allow-shared-ip': key } });

table('sharing', [
  ['Services that share are right', [P, ALL, sharing('a', 80), sharing('b', 443)], []],
  ['another key is another address', [P, ALL, sharing('a', 80), sharing('b', 80, {}, 'other')], []],
  [
    'a port that both use keeps them apart',
    [P, ALL, sharing('a', 80), sharing('b', 80)],
    [
      'SHARED_KEY_APART b metadata.annotations["metallb.io/allow-shared-ip"]: default/b has the sharing key "k" of default/a, but not its address (192.0.2.11, not 192.0.2.10): port TCP/80 is used by default/a',
    ],
  ],
  [
    'other Pods keep Local Services apart',
    [
      P,
      ALL,
      sharing('a', 80, { externalTrafficPolicy: 'Local', selector: { app: 'a' } }),
      sharing('b', 443, { externalTrafficPolicy: 'Local', selector: { app: 'b' } }),
    ],
    ['only Services with the same selector and policy can share'],
  ],
  [
    'a request keeps them apart',
    [
      P,
      ALL,
      sharing('a', 80),
      sharing('b', 443, { loadBalancerIP: '192.0.2.20' }),
      sharing('c', 444, { loadBalancerIP: '192.0.2.21' }),
    ],
    ['SHARED_KEY_APART b', 'SHARED_KEY_APART c'],
  ],
  [
    'one that shares with one of several is right',
    [P, ALL, sharing('a', 80), sharing('b', 80), sharing('c', 81, { loadBalancerIP: '192.0.2.11' })],
    ['SHARED_KEY_APART b'],
  ],
  [
    'an advertisement that selects Services announces nothing that is shared',
    [
      P,
      advertisement('x', { serviceSelectors: [{ matchLabels: { app: 'web' } }] }),
      service('a', {}, { labels: { app: 'web' }, annotations: { 'metallb.universe.tf/allow-shared-ip': '' } }),
    ],
    [
      'SHARED_UNANNOUNCED a metadata.annotations["metallb.universe.tf/allow-shared-ip"]: default/a may share its address, and L2Advertisement "x" selects Services',
    ],
  ],
]);

const LOCAL = { externalTrafficPolicy: 'Local' };

table('endpoints', [
  ['a Local Service with endpoints on two nodes is right', [P, ALL, N1, N2, service('a', LOCAL), endpoints('a', 'n1', 'n2')], []],
  [
    'a Local Service with one endpoint is told',
    [P, ALL, N1, N2, service('a', LOCAL), endpoints('a', 'n1')],
    [
      'LOCAL_ONE_NODE a spec.externalTrafficPolicy: default/a has externalTrafficPolicy Local, and its only endpoint is on node n1',
    ],
  ],
  [
    'so is one with all endpoints on one node',
    [P, ALL, N1, N2, service('a', LOCAL), endpoints('a', 'n1', 'n1')],
    ['all its 2 endpoints are on node n1'],
  ],
  ['one endpoint is enough for a Cluster Service', [P, ALL, N1, N2, service('a'), endpoints('a', 'n1')], []],
  ['endpoints that nobody knows are not asked for', [P, ALL, N1, N2, service('a', LOCAL)], []],
  ['nor are endpoints of which none can serve', [P, ALL, N1, N2, service('a', LOCAL), endpoints('a')], []],
  [
    'a Local Service whose endpoints are where no advertisement is',
    [
      P,
      N1,
      N2,
      node('n3', { zone: 'c' }),
      advertisement('x', { nodeSelectors: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a', 'b'] }] }] }),
      service('a', LOCAL),
      endpoints('a', 'n3'),
    ],
    [
      'NOBODY_ANSWERS a spec.externalTrafficPolicy: nobody answers for default/a: with externalTrafficPolicy Local only nodes with an endpoint may (n3)',
    ],
  ],
  [
    'a Service that no advertisement of its pool selects',
    [
      P,
      advertisement('x', { serviceSelectors: [{ matchLabels: { app: 'web' } }] }),
      service('a', {}, { labels: { app: 'web' } }),
      service('b', {}, { labels: { app: 'db' } }),
    ],
    ['NOBODY_ANSWERS b metadata.labels: nobody answers for default/b: every L2Advertisement of pool "p" has serviceSelectors'],
  ],
]);

table('classes', [
  ['a Service without a class is right', [P, ALL, service('a')], []],
  [
    'a class that is not served is told once',
    [P, ALL, service('a', { loadBalancerClass: 'x.io/y' }), service('b', { loadBalancerClass: 'x.io/y' })],
    ['CLASS_UNHANDLED a spec.loadBalancerClass: default/a, default/b have loadBalancerClass "x.io/y"'],
  ],
  ['a class means nothing to other types', [P, ALL, service('a', { type: 'ClusterIP', loadBalancerClass: 'x.io/y' })], []],
]);

const annotated = (annotations: Readonly<Record<string, string>>, spec: object = {}): object[] => [
  P,
  ALL,
  service('a', spec, { annotations }),
];

table('annotations', [
  [
    'those of both prefixes, of MetalLB and of others are right',
    annotated({
      'metallb.io/loadBalancerIPs': '192.0.2.10',
      'metallb.universe.tf/allow-shared-ip': 'k',
      'metallb.io/ip-allocated-from-pool': 'p',
      'example.org/adress-pool': 'p',
    }),
    [],
  ],
  [
    'a letter that is missing is told',
    annotated({ 'metallb.io/loadBalancerIP': '192.0.2.20' }),
    [
      'ANNOTATION_MISTYPED a metadata.annotations["metallb.io/loadBalancerIP"]: nothing reads the annotation "metallb.io/loadBalancerIP" (did you mean "metallb.io/loadBalancerIPs"?)',
    ],
  ],
  ['so is one in the middle', annotated({ 'metallb.io/adress-pool': 'p' }), ['(did you mean "metallb.io/address-pool"?)']],
  [
    'capital letters count',
    annotated({ 'metallb.io/allow-shared-IP': 'k', 'metallb.universe.tf/loadbalancerIPs': '192.0.2.10' }),
    ['(did you mean "metallb.io/allow-shared-ip"?)', '(did you mean "metallb.universe.tf/loadBalancerIPs"?)'],
  ],
  ['what is near nothing may be of something else', annotated({ 'metallb.io/owner': 'me' }), []],
  ['those of other types are never read', annotated({ 'metallb.io/adress-pool': 'p' }, { type: 'ClusterIP' }), []],
  [
    'two values in two spellings are told, with the one that counts',
    annotated({ 'metallb.io/address-pool': 'p', 'metallb.universe.tf/address-pool': 'q' }),
    [
      'ANNOTATION_SHADOWED a metadata.annotations["metallb.universe.tf/address-pool"]: "q" is not read: metallb.io/address-pool is there too, and says "p"',
    ],
  ],
  [
    'one value in two spellings is right',
    annotated({ 'metallb.io/address-pool': 'p', 'metallb.universe.tf/address-pool': 'p' }),
    [],
  ],
]);

const of = (...addresses: string[]): object[] => [pool('p', { addresses }), ALL];

table('addresses nobody can be reached at', [
  [
    'addresses of private, shared, documentation and link-local IPv4 networks are right',
    of('10.0.0.0/8', '100.64.0.0/10', '169.254.0.0/16', '223.255.255.0/24', 'fd00::/64', '2001:db8::/64'),
    [],
  ],
  [
    'multicast is told',
    of('192.0.2.0/24', '224.0.0.0/28'),
    [
      'POOL_NOT_UNICAST p spec.addresses[1]: nobody can be reached at some addresses of pool "p": "224.0.0.0/28" has multicast addresses (224.0.0.0/4)',
    ],
  ],
  [
    'several are told at once',
    of('127.0.0.1/32', '239.255.255.255-240.0.0.1', 'fe80::1/128'),
    [
      '"127.0.0.1/32" has loopback addresses (127.0.0.0/8), "239.255.255.255-240.0.0.1" has multicast addresses (224.0.0.0/4), "fe80::1/128" has link-local addresses (fe80::/10)',
    ],
  ],
  ['so is a range that only touches it', of('223.255.255.250-224.0.0.1'), ['multicast']],
  ['this network', of('0.0.0.1/32'), ['addresses of "this network" (0.0.0.0/8)']],
  ['reserved space', of('255.255.255.255/32'), ['reserved addresses (240.0.0.0/4)']],
  ['loopback of IPv6', of('::1/128'), ['the loopback or the unspecified address (::/127)']],
  ['multicast of IPv6', of('ff02::/16'), ['multicast addresses (ff00::/8)']],
]);

const completeConfiguration = (): Chart => {
  const build = GUIDE['the complete configuration'];
  if (build === undefined) throw new Error('the guide has a complete configuration');
  return build();
};

test('the class that is served is right, and none is told', () => {
  const objects = [P, ALL, service('a', { loadBalancerClass: 'x.io/y' }), service('b')];
  expect(told(objects, 'x.io/y')).toEqual([
    expect.stringContaining('CLASS_UNHANDLED b spec.loadBalancerClass: default/b has no loadBalancerClass'),
  ]);
});

describe('of the guide', () => {
  test.each(Object.entries(GUIDE))('%s: only pools without an advertisement are told', (_, build) => {
    const codes = findingsIn(Testing.synth(build())).map(({ issue }) => issue.code);
    expect(codes.filter((code) => code !== 'POOL_UNADVERTISED')).toEqual([]);
  });

  test('the complete configuration with its Services and nodes is right', () => {
    const state = yamlFiles(new URL('../lab/state/', import.meta.url)).flatMap(({ text }) => parseManifests(text));
    expect(state.length).toBeGreaterThan(4);
    expect(told([...Testing.synth(completeConfiguration()), ...state])).toEqual([]);
  });
});

test('each code that a check can give is given by a row', () => {
  const folder = join(import.meta.dirname, '../../src/plan/checks');
  const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  const codes = texts.flatMap((text) => [...text.matchAll(/'([A-Z]+(?:_[A-Z]+)+)'/g)].map(([, code]) => code ?? ''));
  const fired = new Set<string>(rowsOfAll.flatMap(([, objects]) => findingsIn(objects).map(({ issue }) => issue.code)));
  const ofOthers = ['REQUESTED_ADDRESS'];
  expect(codes.length).toBeGreaterThan(15);
  expect(codes.filter((code) => !fired.has(code) && !ofOthers.includes(code))).toEqual([]);
});

test('the order of objects does not matter', () => {
  const objects = [
    P,
    node('n1', { zone: 'a', zona: 'a' }, { status: { addresses: [{ type: 'InternalIP', address: '192.0.2.12' }] } }),
    node('n2', { zome: 'b' }, { status: { addresses: [{ type: 'InternalIP', address: '192.0.2.11' }] } }),
    advertisement('x', { nodeSelectors: [{ matchLabels: { zonx: 'a' } }, {}] }),
    pinned({ namespaces: ['shopx'] }),
    namespace('shopa'),
    namespace('shopb'),
    sharing('a', 80),
    sharing('b', 80),
    service('c', { loadBalancerClass: 'x.io/y' }),
    service('d', { loadBalancerClass: 'x.io/y' }),
  ];
  const expected = told(objects);
  expect(expected.length).toBeGreaterThan(4);
  fc.assert(
    fc.property(fc.shuffledSubarray(objects, { minLength: objects.length }), (shuffled) => {
      expect(told(shuffled)).toEqual(expected);
    }),
  );
});
