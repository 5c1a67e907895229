/** Random folders for `arpeggio agent`, one after another: pools, advertisements, Nodes and Services, mostly valid. */
import fc from 'fast-check';
import { advertisement, node, pool, service, slice, type Tree } from './world.js';

type Fields = Tree[number];

const range = fc.constantFrom(
  '192.168.1.240-192.168.1.243',
  '192.168.1.241-192.168.1.244',
  '192.168.1.240/30',
  '192.168.1.242/32',
  '192.168.1.200-192.168.1.203',
  '192.168.1.255-192.168.1.240',
);

const anyPool = (name: string): fc.Arbitrary<Fields> =>
  fc
    .record({
      addresses: fc.uniqueArray(range, { minLength: 1, maxLength: 2 }),
      autoAssign: fc.constantFrom(true, true, false),
      avoidBuggyIPs: fc.boolean(),
      serviceAllocation: fc.option(fc.constantFrom({ priority: 1 }, { namespaces: ['default'] }, { namespaces: ['none'] }), {
        nil: undefined,
        freq: 3,
      }),
    })
    .map(({ addresses, ...spec }) => pool(name, addresses, defined(spec)));

const anyAdvertisement = (name: string): fc.Arbitrary<Fields> =>
  fc
    .record({
      ipAddressPools: fc.option(fc.constantFrom(['a'], ['b']), { nil: undefined }),
      nodeSelectors: fc.option(
        fc.constantFrom(
          [{ matchLabels: { name: 'n1' } }],
          [{ matchExpressions: [{ key: 'name', operator: 'In', values: ['n2', 'n3'] }] }],
        ),
        { nil: undefined, freq: 2 },
      ),
      preferredNodeSelectors: fc.option(fc.constant([{ weight: 5, preference: { matchLabels: { name: 'n3' } } }]), {
        nil: undefined,
        freq: 3,
      }),
    })
    .map((spec) => advertisement(name, defined(spec)));

const anyNode = (name: string): fc.Arbitrary<Fields> =>
  fc
    .record({ unschedulable: fc.constantFrom(false, false, false, true), excluded: fc.constantFrom(false, false, false, true) })
    .map(({ unschedulable, excluded }) => {
      const label = excluded ? { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } : {};
      return node(name, { labels: { name, ...label }, spec: unschedulable ? { unschedulable } : {} });
    });

const anyService = (name: string): fc.Arbitrary<Fields> =>
  fc
    .record({
      type: fc.constantFrom('LoadBalancer', 'LoadBalancer', 'LoadBalancer', 'ClusterIP'),
      externalTrafficPolicy: fc.constantFrom('Cluster', 'Cluster', 'Local'),
      ports: fc.constantFrom([{ port: 80 }], [{ port: 443 }]),
      annotations: fc.constantFrom(
        {},
        {},
        { 'metallb.io/allow-shared-ip': 'k' },
        { 'metallb.io/allow-shared-ip': 'k' },
        { 'metallb.io/address-pool': 'b' },
        { 'metallb.io/loadBalancerIPs': '192.168.1.242' },
      ),
    })
    .map((fields) => service(name, fields));

const maybe = (one: fc.Arbitrary<Fields>): fc.Arbitrary<Fields[]> =>
  fc.oneof({ weight: 3, arbitrary: one.map((fields) => [fields]) }, { weight: 1, arbitrary: fc.constant<Fields[]>([]) });

/** A folder. Every node is there: a node without a Node object is known to agents by its heartbeat only. */
const anyTree: fc.Arbitrary<Tree> = fc
  .tuple(
    ...['a', 'b'].map((name) => maybe(anyPool(name))),
    ...['x', 'y'].map((name) => maybe(anyAdvertisement(name))),
    ...['n1', 'n2', 'n3'].map((name) => anyNode(name).map((one) => [one])),
    ...['web', 'api', 'dns', 'old'].map((name) => maybe(anyService(name))),
    maybe(fc.subarray(['n1', 'n2', 'n3']).map((nodes) => slice('web', ...nodes))),
  )
  .map((parts) => parts.flat());

export const anyHistory = (maxLength: number): fc.Arbitrary<Tree[]> => fc.array(anyTree, { minLength: 2, maxLength });

/** A folder, of `n1`, with several addresses for each node, that compete for all of them or, with `Local` endpoints, for some. */
const anyCrowdedTree: fc.Arbitrary<Tree> = fc
  .tuple(
    fc.constant([pool('a', ['192.168.1.200-192.168.1.230'])]),
    fc.oneof({ weight: 3, arbitrary: fc.constant(advertisement('x')) }, anyAdvertisement('x')).map((one) => [one]),
    anyNode('n1').map((one) => [one]),
    ...['n2', 'n3', 'n4'].map((name) => maybe(anyNode(name))),
    ...Array.from({ length: 12 }, (_, i) =>
      maybe(fc.constantFrom('Cluster', 'Local').map((externalTrafficPolicy) => service(`s${i}`, { externalTrafficPolicy }))),
    ),
    ...Array.from({ length: 12 }, (_, i) =>
      fc.subarray(['n1', 'n2', 'n3', 'n4'], { minLength: 1 }).map((nodes) => [slice(`s${i}`, ...nodes)]),
    ),
  )
  .map((parts) => parts.flat());

export const anyCrowdedHistory = (maxLength: number): fc.Arbitrary<Tree[]> =>
  fc.array(anyCrowdedTree, { minLength: 2, maxLength });

const defined = (fields: Fields): Fields => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
