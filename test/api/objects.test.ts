import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readObjects } from '../../src/api/objects.js';
import type { EndpointSliceView, ServiceView } from '../../src/api/views.js';
import { formatIssue } from '../../src/issue/issue.js';
import { parseManifests, sourced, yamlFiles } from './manifests.js';

const read = (...objects: readonly unknown[]) => readObjects(sourced(objects));
const complaints = (...objects: readonly unknown[]): string[] => read(...objects).issues.map(formatIssue);

const pool = (name: string, more: object = {}): object => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { name },
  spec: { addresses: ['10.0.0.0/24'] },
  ...more,
});
const service = (spec: object, more: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec,
  ...more,
});

describe('what cannot be read is named', () => {
  test.each<[string, readonly unknown[], readonly string[]]>([
    [
      'a text',
      ['hello'],
      ['NOT_AN_OBJECT objects.yaml:1 must be an object with apiVersion, kind and metadata.name, not the text "hello"'],
    ],
    ['no apiVersion', [{ kind: 'Service' }], ['NOT_AN_OBJECT objects.yaml:1 apiVersion: has no apiVersion']],
    ['no kind', [{ apiVersion: 'v1' }], ['NOT_AN_OBJECT objects.yaml:1 kind: has no kind']],
    [
      'no name',
      [{ apiVersion: 'v1', kind: 'Node', metadata: {} }],
      ['NOT_AN_OBJECT objects.yaml:1 metadata.name: this Node has no metadata.name'],
    ],
    [
      'a version that never was',
      [pool('a', { apiVersion: 'metallb.io/v1' })],
      ['API_VERSION_UNKNOWN objects.yaml:1 apiVersion: IPAddressPool is a kind of metallb.io/v1beta1, not of metallb.io/v1'],
    ],
    [
      'a mistyped group',
      [pool('a', { apiVersion: 'metalb.io/v1beta1' })],
      ['API_VERSION_UNKNOWN objects.yaml:1 apiVersion: IPAddressPool is a kind of metallb.io/v1beta1, not of metalb.io/v1beta1'],
    ],
    [
      'a mistyped kind',
      [pool('a', { kind: 'IPAddresspool' })],
      ['API_VERSION_UNKNOWN objects.yaml:1 kind: metallb.io/v1beta1 has no kind "IPAddresspool" (did you mean "IPAddressPool"?)'],
    ],
    [
      'another namespace',
      [pool('a', { metadata: { name: 'a', namespace: 'default' } })],
      ['FIELD_INVALID objects.yaml:1 metadata.namespace: must be metallb-system, not "default": objects elsewhere are not read'],
    ],
    [
      'the same object twice',
      [service({ type: 'LoadBalancer' }), service({ type: 'ClusterIP' })],
      [
        'DUPLICATE_OBJECT objects.yaml:2 metadata.name: Service default/web is defined twice, at objects.yaml:1 and at objects.yaml:2; the first is kept',
      ],
    ],
    [
      'a type that is not even text',
      [service({ type: { toString: 'x' } })],
      [expect.stringMatching(/^FIELD_INVALID objects\.yaml:1 spec\.type: must be/)],
    ],
    [
      'a Service of a mistyped type',
      [service({ type: 'Loadbalancer' })],
      [
        'FIELD_INVALID objects.yaml:1 spec.type: must be one of ClusterIP, NodePort, LoadBalancer, ExternalName, not the text "Loadbalancer" (did you mean "LoadBalancer"?)',
      ],
    ],
    [
      'a port in quotes, and one too high',
      [service({ ports: [{ port: '80' }, { port: 65536 }] })],
      [
        'FIELD_INVALID objects.yaml:1 spec.ports[0].port: must be a whole number, not the text "80"',
        'FIELD_INVALID objects.yaml:1 spec.ports[1].port: must be at most 65535, not 65536',
      ],
    ],
    [
      'a protocol in small letters',
      [service({ ports: [{ port: 80, protocol: 'tcp' }] })],
      [
        'FIELD_INVALID objects.yaml:1 spec.ports[0].protocol: must be one of TCP, UDP, SCTP, not the text "tcp" (did you mean "TCP"?)',
      ],
    ],
    [
      'BGP, once',
      [
        { apiVersion: 'metallb.io/v1beta2', kind: 'BGPPeer', metadata: { name: 'peer' } },
        { apiVersion: 'metallb.io/v1beta1', kind: 'BFDProfile', metadata: { name: 'fast' } },
      ],
      ['BGP_IGNORED objects.yaml:1 this is a Layer 2 load balancer, which ignores BGPPeer peer, BFDProfile fast'],
    ],
    [
      'fields of BGP in kinds that are ours, with the objects, once',
      [
        { apiVersion: 'metallb.io/v1beta1', kind: 'BGPAdvertisement', metadata: { name: 'x' } },
        {
          apiVersion: 'metallb.io/v1beta1',
          kind: 'L2Advertisement',
          metadata: { name: 'x' },
          spec: { localPref: 100, peers: 5 },
        },
        pool('a', { spec: { addresses: ['10.0.0.0/24'], protocol: 'bgp' } }),
      ],
      [
        'BGP_IGNORED objects.yaml:1 this is a Layer 2 load balancer, which ignores BGPAdvertisement x, spec.localPref of L2Advertisement metallb-system/x, spec.peers of L2Advertisement metallb-system/x, spec.protocol of IPAddressPool metallb-system/a',
      ],
    ],
    [
      'a field of BGP that no longer hides a mistyped one',
      [{ apiVersion: 'metallb.io/v1beta1', kind: 'L2Advertisement', metadata: { name: 'x' }, spec: { peers: [], peer: [] } }],
      [
        expect.stringMatching(/^UNKNOWN_FIELD objects\.yaml:1 spec\.peer: /),
        expect.stringMatching(/^BGP_IGNORED objects\.yaml:1 spec\.peers: /),
      ],
    ],
    [
      'the pools and the ConfigMap of before 0.13, once',
      [
        { apiVersion: 'metallb.io/v1beta1', kind: 'AddressPool', metadata: { name: 'main' }, spec: { protocol: 'layer2' } },
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'config', namespace: 'metallb-system' }, data: { config: '' } },
      ],
      [
        'LEGACY_IGNORED objects.yaml:1 MetalLB reads AddressPool main, ConfigMap metallb-system/config no more since 0.13, nor does anything else; write each pool as an IPAddressPool with the same addresses, and an L2Advertisement that names it, and delete this',
      ],
    ],
    [
      'a pool of before 0.13 that was for BGP',
      [{ apiVersion: 'metallb.io/v1beta1', kind: 'AddressPool', metadata: { name: 'main' }, spec: { protocol: 'bgp' } }],
      ['BGP_IGNORED objects.yaml:1 this is a Layer 2 load balancer, which ignores AddressPool main'],
    ],
  ])('%s', (_, objects, expected) => {
    expect(complaints(...objects)).toEqual(expected);
  });
});

test.each<[string, unknown]>([
  ['a kind of somebody else', { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } }],
  ['a Service of Knative', { apiVersion: 'serving.knative.dev/v1', kind: 'Service', metadata: { name: 'web' } }],
  ['a kustomization, which has no name', { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization' }],
  ['what speakers write', { apiVersion: 'metallb.io/v1beta1', kind: 'ServiceL2Status', metadata: { name: 'l2-x' } }],
  ['another ConfigMap', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'config' }, data: { config: '' } }],
  ['an empty list', { apiVersion: 'v1', kind: 'List', items: [] }],
])('%s passes without a word', (_, object) => {
  const { objects, issues } = read(object);
  expect(issues).toEqual([]);
  expect(Object.values(objects).flat()).toEqual([]);
});

test('what is wrong is left out, what is right stays', () => {
  const { objects } = read(pool('a'), pool('b', { spec: {} }), pool('c'));
  expect(objects.pools.map(({ object }) => object.metadata.name)).toEqual(['a', 'c']);
});

test('what can be read of what is left out is kept apart, with its lists as long as they were', () => {
  const { objects, salvaged } = read(
    pool('b', {
      spec: { addresses: ['10.0.0.0/24', 5], autoAssign: 'yes', serviceAllocation: { priority: -1, namespaces: 'x' } },
    }),
    service({ type: 'LoadBalancer', loadBalancerIP: '10.0.0.1', ports: [{ port: 0 }] }),
    { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', labels: { zone: 'a', rack: 5 } } },
  );
  expect(Object.values(objects).flat()).toEqual([]);
  expect(salvaged.pools.map(({ object }) => object.spec)).toEqual([
    { addresses: ['10.0.0.0/24', ''], serviceAllocation: { priority: -1 } },
  ]);
  expect(salvaged.services).toMatchObject([{ type: 'LoadBalancer', loadBalancerIP: '10.0.0.1' }]);
  expect(salvaged.nodes).toMatchObject([{ name: 'n1', labels: { zone: 'a' } }]);
});

describe('a field of our kinds that is null is absent', () => {
  const advertisement = { apiVersion: 'metallb.io/v1beta1', kind: 'L2Advertisement', metadata: { name: 'x' } };
  const addresses = ['10.0.0.0/24'];

  test.each<[string, object, readonly unknown[]]>([
    ['an empty spec of an advertisement', { ...advertisement, spec: null }, []],
    ['a pool with settings left empty', pool('a', { spec: { addresses, autoAssign: null, serviceAllocation: null } }), []],
    ['a selector left empty', { ...advertisement, spec: { nodeSelectors: [{ matchLabels: null }] } }, []],
    ['addresses are required', pool('a', { spec: { addresses: null } }), ['FIELD_MISSING spec.addresses']],
    ['a spec of a pool too', pool('a', { spec: null }), ['FIELD_MISSING spec']],
    [
      'in a list null is a mistake',
      pool('a', { spec: { addresses: [...addresses, null] } }),
      ['FIELD_INVALID spec.addresses[1]'],
    ],
  ])('%s', (_, object, expected) => {
    expect(read(object).issues.map(({ code, path }) => `${code} ${path}`)).toEqual(expected);
  });
});

test('text that is no range is left to whoever parses it', () => {
  const { objects, issues } = read(pool('a', { spec: { addresses: ['10.0.0.1'] } }));
  expect(issues).toEqual([]);
  expect(objects.pools).toHaveLength(1);
});

test('our kinds may have what generators and API servers add, and lose their status', () => {
  const [one] = read(
    pool('a', {
      metadata: { name: 'a', creationTimestamp: null, uid: 'x', managedFields: [{ manager: 'kubectl' }] },
      status: { anything: true },
    }),
  ).objects.pools;
  expect(one?.object).not.toHaveProperty('status');
  expect(one?.object.metadata).not.toHaveProperty('creationTimestamp');
});

describe('lists', () => {
  const item = { metadata: { name: 'web' }, spec: { ports: [{ port: 'x' }] } };
  test.each<[string, object, string]>([
    [
      'of anything',
      { apiVersion: 'v1', kind: 'List', items: [{ apiVersion: 'v1', kind: 'Service', ...item }] },
      'items[0].spec.ports[0].port',
    ],
    ['of one kind', { apiVersion: 'v1', kind: 'ServiceList', items: [item] }, 'items[0].spec.ports[0].port'],
    [
      'of lists',
      { apiVersion: 'v1', kind: 'List', items: [{ apiVersion: 'v1', kind: 'ServiceList', items: [item] }] },
      'items[0].items[0].spec.ports[0].port',
    ],
  ])('%s are taken apart, and places are those of the file', (_, list, place) => {
    const { issues } = readObjects([{ object: list, locate: (path) => ({ file: path }) }]);
    expect(issues).toMatchObject([{ path: 'spec.ports[0].port', source: { file: place } }]);
  });
});

describe('a Service', () => {
  const view = (object: object): ServiceView | undefined => read(object).objects.services[0];
  const defaults: ServiceView = {
    key: 'default/web',
    namespace: 'default',
    name: 'web',
    labels: {},
    annotations: {},
    type: 'ClusterIP',
    clusterIPs: [],
    ipFamilies: [],
    ipFamilyPolicy: 'SingleStack',
    externalTrafficPolicy: 'Cluster',
    ports: [],
    selector: {},
    ingress: [],
    source: { file: 'objects.yaml', line: 1 },
  };

  test.each<[string, object, Partial<ServiceView>]>([
    ['has the defaults of the API server', service({}), {}],
    ['without a spec has them too', { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' } }, {}],
    ['may have empty fields', service({ selector: null }, { metadata: { name: 'web', annotations: null } }), {}],
    [
      'speaks TCP unless it says otherwise',
      service({ ports: [{ port: 80 }, { port: 53, protocol: 'UDP' }] }),
      {
        ports: [
          { protocol: 'TCP', port: 80 },
          { protocol: 'UDP', port: 53 },
        ],
      },
    ],
    ['may name one cluster address', service({ clusterIP: '10.96.0.9' }), { clusterIPs: ['10.96.0.9'] }],
    [
      'may name two',
      service({ clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9', 'fd00::9'] }),
      { clusterIPs: ['10.96.0.9', 'fd00::9'] },
    ],
    [
      'holds the addresses of its status',
      service({}, { status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }, { hostname: 'x' }] } } }),
      {
        ingress: ['192.0.2.1'],
      },
    ],
    [
      'may have fields we have never heard of',
      service({ type: 'LoadBalancer', quantum: { entangled: true } }),
      { type: 'LoadBalancer' },
    ],
    [
      'may be of a class',
      service({ type: 'LoadBalancer', loadBalancerClass: 'x/y', loadBalancerIP: '192.0.2.7' }),
      {
        type: 'LoadBalancer',
        loadBalancerClass: 'x/y',
        loadBalancerIP: '192.0.2.7',
      },
    ],
  ])('%s', (_, object, expected) => {
    expect(view(object)).toEqual({ ...defaults, ...expected });
  });
});

test.each<[string, unknown, boolean]>([
  ['no conditions', undefined, true],
  ['ready', { ready: true, serving: false }, true],
  ['readiness unknown', { ready: null, serving: false }, true],
  ['terminating but serving', { ready: false, serving: true, terminating: true }, true],
  ['not ready', { ready: false }, false],
  ['not ready, not serving', { ready: false, serving: false }, false],
])('an endpoint with %s', (_, conditions, canServe) => {
  const { objects } = read({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
    endpoints: [{ nodeName: 'node-1', conditions }],
  });
  const expected: EndpointSliceView = { namespace: 'default', service: 'web', endpoints: [{ nodeName: 'node-1', canServe }] };
  expect(objects.endpointSlices).toEqual([expected]);
});

test('Nodes and Namespaces', () => {
  const status = {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'NetworkUnavailable', status: 'True', reason: 'x' },
    ],
  };
  const { objects, issues } = read(
    { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1', labels: { zone: 'a' } }, status },
    { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-2' } },
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'web', labels: { team: 'x' } } },
  );
  expect(issues).toEqual([]);
  expect(objects.nodes).toEqual([
    { name: 'node-1', labels: { zone: 'a' }, networkUnavailable: true },
    { name: 'node-2', labels: {}, networkUnavailable: false },
  ]);
  expect(objects.namespaces).toEqual([{ name: 'web', labels: { team: 'x' } }]);
});

describe('the samples of MetalLB', () => {
  const copies = yamlFiles(new URL('../fixtures/samples/', import.meta.url));
  const originals = yamlFiles(new URL('../../../shared/spec/samples/', import.meta.url));

  test('there are some', () => {
    expect(copies.map(({ file }) => file)).toHaveLength(6);
  });

  test.each([...copies, ...originals].map(({ file, text }) => [file, text]))('%s is read without an error', (_, text) => {
    const { issues } = readObjects(sourced(parseManifests(text)));
    expect(issues.filter(({ code }) => code !== 'BGP_IGNORED')).toEqual([]);
  });

  test('the copies are the originals', () => {
    for (const { file, text } of copies) {
      const original = new URL(`../../../shared/spec/samples/${file}`, import.meta.url);
      if (existsSync(original)) expect(text).toBe(readFileSync(original, 'utf8'));
    }
  });
});
