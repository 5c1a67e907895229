import { ApiObject, Chart, JsonPatch, Testing } from 'cdk8s';
import { Construct } from 'constructs';
import { describe, expect, test } from 'vitest';
import {
  IPAddressPool,
  L2Advertisement,
  LoadBalancerService,
  type LoadBalancerServiceProps,
  RequestAddress,
} from '../../constructs/index.js';
import { catchWarnings, emptyChart, errorsOf } from './network.js';

catchWarnings();

const WEB = { selector: { app: 'web' }, ports: [{ port: 80 }] } as const;

const poolIn = (chart: Chart, id = 'a', addresses: readonly string[] = ['10.0.0.0/28', 'fd00::/124']): IPAddressPool =>
  new IPAddressPool(chart, id, { addresses });

const plainService = (chart: Chart, name: string, spec: object, annotations: Record<string, string> = {}): ApiObject =>
  new ApiObject(chart, name, { apiVersion: 'v1', kind: 'Service', metadata: { name, annotations }, spec });

const untyped = (props: object): LoadBalancerServiceProps => ({ ...WEB, ...props }) as LoadBalancerServiceProps;

describe('a LoadBalancerService is written as', () => {
  test.each<[string, (chart: Chart) => LoadBalancerServiceProps, Readonly<Record<string, string>> | undefined, object]>([
    ['a plain Service', () => WEB, undefined, {}],
    ['one that asks for a pool', (chart) => ({ ...WEB, pool: poolIn(chart) }), { 'metallb.io/address-pool': 'a' }, {}],
    ['one that asks for an address', () => ({ ...WEB, address: '10.0.0.7' }), { 'metallb.io/loadBalancerIPs': '10.0.0.7' }, {}],
    [
      'one that asks for a reserved address',
      (chart) => ({ ...WEB, address: poolIn(chart).reserve('web', { address: '10.0.0.7' }) }),
      { 'metallb.io/loadBalancerIPs': '10.0.0.7' },
      {},
    ],
    [
      'one that asks for reserved addresses of both families',
      (chart) => {
        const pool = poolIn(chart);
        const [v4, v6] = [pool.reserve('v4', { address: '10.0.0.7' }), pool.reserve('v6', { address: 'fd00::7' })];
        return { ...WEB, address: [v4, v6], ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6', 'IPv4'] };
      },
      { 'metallb.io/loadBalancerIPs': '10.0.0.7,fd00::7' },
      { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6', 'IPv4'] },
    ],
    [
      'one that shares, beside annotations of its own',
      () => ({ ...WEB, sharingKey: 'edge', metadata: { annotations: { note: 'x' } }, externalTrafficPolicy: 'Local' }),
      { note: 'x', 'metallb.io/allow-shared-ip': 'edge' },
      { externalTrafficPolicy: 'Local' },
    ],
    [
      'one of a class',
      () => ({ ...WEB, loadBalancerClass: 'example.com/lb' }),
      undefined,
      { loadBalancerClass: 'example.com/lb' },
    ],
  ])('%s', (_, props, annotations, spec) => {
    const chart = emptyChart();
    new LoadBalancerService(chart, 'web', props(chart));
    expect(Testing.synth(chart).find(({ kind }) => kind === 'Service')).toEqual({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: annotations === undefined ? { name: 'web' } : { name: 'web', annotations },
      spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 80 }], ...spec },
    });
  });
});

describe('synth refuses', () => {
  test.each<[string, (chart: Chart) => void, readonly (readonly [string, RegExp])[]]>([
    [
      'an address in no pool',
      (chart) => {
        poolIn(chart);
        new LoadBalancerService(chart, 'web', { ...WEB, address: '10.0.0.99' });
      },
      [
        [
          'net/web',
          /^ADDRESS_OUTSIDE_POOLS \S*loadbalancerservice\.test\.ts:\d+:\d+ metadata\.annotations\["metallb\.io\/loadBalancerIPs"\]:/,
        ],
      ],
    ],
    [
      'an address of another pool',
      (chart) => {
        poolIn(chart);
        new LoadBalancerService(chart, 'web', { ...WEB, pool: poolIn(chart, 'b', ['10.1.0.0/28']), address: '10.0.0.3' });
      },
      [['net/web', /^ADDRESS_NOT_IN_POOL \S*loadbalancerservice\.test\.ts:\d+:\d+ .*pool "a".*"b"$/]],
    ],
    [
      'an address that is excluded',
      (chart) => {
        poolIn(chart).exclude('10.0.0.3');
        new LoadBalancerService(chart, 'web', { ...WEB, address: '10.0.0.3' });
      },
      [['net/web', /^ADDRESS_OUTSIDE_POOLS/]],
    ],
    [
      'what is no address',
      (chart) => new LoadBalancerService(chart, 'web', { ...WEB, address: '10.0.0' }),
      [['net/web', /^SERVICE_INVALID \S*loadbalancerservice\.test\.ts:\d+:\d+ .*"10\.0\.0" is not an IP address/]],
    ],
    [
      'two addresses of one family',
      (chart) =>
        new LoadBalancerService(chart, 'web', { ...WEB, address: ['10.0.0.1', '10.0.0.2'], ipFamilyPolicy: 'RequireDualStack' }),
      [['net/web', /^SERVICE_INVALID .* of the same family/]],
    ],
    [
      'one address for two families, in a program without types',
      (chart) => new LoadBalancerService(chart, 'web', untyped({ address: '10.0.0.1', ipFamilyPolicy: 'RequireDualStack' })),
      [['net/web', /^SERVICE_INVALID .* an IPv4 and an IPv6 address/]],
    ],
    [
      'an address of a family that the Service does not use',
      (chart) => new LoadBalancerService(chart, 'web', { ...WEB, address: 'fd00::1', ipFamilies: ['IPv4'] }),
      [['net/web', /^SERVICE_INVALID .* needs one IPv4 address/]],
    ],
    [
      "ports that get into each other's way",
      (chart) => {
        const ports = [
          { name: 'a', port: 80 },
          { name: 'b', port: 80 },
        ] as const;
        new LoadBalancerService(chart, 'web', { ...WEB, ports });
      },
      [
        [
          'net/web',
          /^SERVICE_INVALID \S*loadbalancerservice\.test\.ts:\d+:\d+ spec\.ports\[1\]\.port: another port is TCP\/80 too/,
        ],
      ],
    ],
    [
      'what an API server would, at the line of the author',
      (chart) =>
        new LoadBalancerService(
          chart,
          'Web',
          untyped({ ports: [], ipFamilies: ['IPv4', 'IPv4'], externalTraficPolicy: 'Local' }),
        ),
      [
        ['net/Web', /^SERVICE_INVALID \S*loadbalancerservice\.test\.ts:\d+:\d+ metadata\.name: "Web" cannot be/],
        ['net/Web', /^UNKNOWN_FIELD .*did you mean "externalTrafficPolicy"/],
        ['net/Web', /^SERVICE_INVALID .* spec\.ipFamilies: names IPv4 twice/],
        ['net/Web', /^SERVICE_INVALID .* spec\.ports: is empty/],
      ],
    ],
    [
      'to share with nobody',
      (chart) => new LoadBalancerService(chart, 'web', { ...WEB, sharingKey: '' }),
      [['net/web', /^SERVICE_INVALID \S*loadbalancerservice\.test\.ts:\d+:\d+ .* an empty sharing key shares with nobody/]],
    ],
    [
      'two Services on one reservation',
      (chart) => {
        const web = poolIn(chart).reserve('web');
        new LoadBalancerService(chart, 'one', { ...WEB, address: web });
        new LoadBalancerService(chart, 'two', { ...WEB, address: web });
      },
      [['net/two', /^ADDRESS_IN_USE .* is held by default\/one; to share it, both need the same annotation/]],
    ],
    [
      'two Services that share an address and a port',
      (chart) => {
        const web = poolIn(chart).reserve('web');
        new LoadBalancerService(chart, 'one', { ...WEB, address: web, sharingKey: 'k' });
        new LoadBalancerService(chart, 'two', { ...WEB, address: web, sharingKey: 'k' });
      },
      [['net/two', /^ADDRESS_IN_USE .* port TCP\/80 is already in use/]],
    ],
    [
      'reservations of two pools',
      (chart) => {
        const address = [poolIn(chart).reserve('v4'), poolIn(chart, 'b', ['fd00:1::/124']).reserve('v6')] as const;
        new LoadBalancerService(chart, 'web', { ...WEB, address, ipFamilyPolicy: 'RequireDualStack' });
      },
      [['net/web', /^ADDRESS_NOT_IN_POOL .* "a-reserved" and "b-reserved"/]],
    ],
    [
      'more Services than addresses',
      (chart) => {
        poolIn(chart, 'a', ['10.0.0.1/32']);
        for (const name of ['one', 'two']) new LoadBalancerService(chart, name, WEB);
      },
      [
        [
          'net/two',
          /^POOL_EXHAUSTED \S*loadbalancerservice\.test\.ts:\d+:\d+ no available IPs for one IPv4 address: pool "a" is full/,
        ],
      ],
    ],
    [
      'a pool that is closed to the namespace',
      (chart) => {
        const pool = new IPAddressPool(chart, 'a', { addresses: ['10.0.0.0/28'], serviceAllocation: { namespaces: ['shop'] } });
        new LoadBalancerService(chart, 'web', { ...WEB, pool, metadata: { namespace: 'lab' } });
      },
      [['net/web', /^POOL_NOT_COMPATIBLE/]],
    ],
    [
      "what somebody else's Service asks for, in that Service's place",
      (chart) => {
        plainService(chart, 'web', { type: 'LoadBalancer', ports: [{ port: 80 }] }, { 'metallb.io/loadBalancerIPs': '10.9.9.9' });
        poolIn(chart);
      },
      [['net/web', /^ADDRESS_OUTSIDE_POOLS net\/web metadata/]],
    ],
    [
      'two Services of one name in one namespace',
      (chart) => {
        poolIn(chart);
        for (const id of ['one', 'two'])
          new LoadBalancerService(chart, id, { ...WEB, metadata: { name: 'web', namespace: 'shop' } });
      },
      [['net/two', /^DUPLICATE_OBJECT .* Service shop\/web is defined twice/]],
    ],
    [
      'an object of a kind we read that cannot be',
      (chart) => {
        poolIn(chart);
        plainService(chart, 'web', { type: 'Loadbalancer' });
        new ApiObject(chart, 'adv', { apiVersion: 'metallb.io/v1beta1', kind: 'L2Advertisment', metadata: { name: 'adv' } });
      },
      [
        ['net/web', /^FIELD_INVALID net\/web spec\.type: must be one of/],
        ['net/adv', /^API_VERSION_UNKNOWN net\/adv kind: .* \(did you mean "L2Advertisement"/],
      ],
    ],
  ])('%s', (_, build, expected) => {
    const chart = emptyChart();
    build(chart);
    expect(errorsOf(chart)).toEqual(expected.map(([path, message]) => [path, expect.stringMatching(message)]));
    expect(() => Testing.synth(chart)).toThrow('Validation failed');
  });
});

describe('synth leaves alone', () => {
  test.each<[string, (chart: Chart) => void]>([
    [
      'a Service without a namespace, which may be applied to the one its pool is pinned to',
      (chart) => {
        const pool = new IPAddressPool(chart, 'a', { addresses: ['10.0.0.0/28'], serviceAllocation: { namespaces: ['shop'] } });
        new LoadBalancerService(chart, 'web', { ...WEB, pool });
      },
    ],
    [
      'two Services of one name without a namespace in two charts, which may be applied to two',
      (chart) => {
        poolIn(chart);
        const other = new Chart(chart.node.root, 'other', { disableResourceNameHashes: true });
        for (const [i, where] of [chart, other].entries())
          new LoadBalancerService(where, `web-${i}`, { ...WEB, metadata: { name: 'web' } });
      },
    ],
    [
      'requests of pools that are written elsewhere',
      (chart) => new LoadBalancerService(chart, 'web', { ...WEB, address: '10.9.9.9' }),
    ],
    [
      'pools that hang on the labels of a Namespace written elsewhere',
      (chart) => {
        const serviceAllocation = { namespaceSelectors: [{ matchLabels: { team: 'shop' } }] };
        const pool = new IPAddressPool(chart, 'a', { addresses: ['10.0.0.0/28'], serviceAllocation });
        new LoadBalancerService(chart, 'web', { ...WEB, pool });
        new LoadBalancerService(chart, 'any', WEB);
      },
    ],
    [
      "another load balancer's Services",
      (chart) => {
        poolIn(chart, 'a', ['10.0.0.1/32']);
        for (const name of ['one', 'two']) plainService(chart, name, { type: 'LoadBalancer', loadBalancerClass: 'other' });
      },
    ],
    [
      'Services of other types, and kinds it knows nothing of',
      (chart) => {
        poolIn(chart, 'a', ['10.0.0.1/32']);
        for (const name of ['one', 'two']) plainService(chart, name, { ports: [{ port: 80 }] });
        new ApiObject(chart, 'deploy', { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'x' }, spec: 'anything' });
      },
    ],
    [
      'Services that share one reservation as they may',
      (chart) => {
        const address = poolIn(chart).reserve('edge');
        new LoadBalancerService(chart, 'tcp', { ...WEB, address, sharingKey: 'edge' });
        new LoadBalancerService(chart, 'udp', {
          selector: {},
          ports: [{ port: 80, protocol: 'UDP' }],
          address,
          sharingKey: 'edge',
        });
      },
    ],
  ])('%s', (_, build) => {
    const chart = emptyChart();
    build(chart);
    expect(errorsOf(chart)).toEqual([]);
  });
});

describe('RequestAddress', () => {
  test('has a Service of any construct ask', () => {
    const chart = emptyChart();
    const web = poolIn(chart).reserve('web', { address: '10.0.0.7' });
    const library = new Construct(chart, 'library');
    const service = new ApiObject(library, 'Resource', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'w' },
      spec: { type: 'LoadBalancer' },
    });
    new ApiObject(library, 'other', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } });
    library.with(new RequestAddress({ address: web, sharingKey: 'k' }));
    expect(Testing.synth(chart).map(({ kind, metadata }) => [kind, metadata.annotations])).toContainEqual([
      'Service',
      { 'metallb.io/allow-shared-ip': 'k', 'metallb.io/loadBalancerIPs': '10.0.0.7' },
    ]);
    expect(service.metadata.toJson().annotations).toBeDefined();
  });

  test.each<[string, (chart: Chart) => void, readonly RegExp[]]>([
    [
      'a Service that gets no address',
      (chart) => plainService(chart, 'web', {}).with(new RequestAddress({ address: '10.0.0.7' })),
      [/SERVICE_INVALID \S*test\.ts:\d+:\d+ spec\.type: .* web is ClusterIP/],
    ],
    [
      'what cannot be, at the line of the mixin',
      (chart) =>
        plainService(chart, 'web', { type: 'LoadBalancer' }).with(new RequestAddress({ address: '10.0.0', sharingKey: '' })),
      [/SERVICE_INVALID \S*test\.ts:\d+:\d+ .*empty sharing key/, /SERVICE_INVALID \S*test\.ts:\d+:\d+ .*not an IP address/],
    ],
    [
      'what our own Service says wrong too',
      (chart) =>
        new LoadBalancerService(chart, 'web', { ...WEB, sharingKey: '' }).with(new RequestAddress({ address: '10.0.0' })),
      [/SERVICE_INVALID .*empty sharing key/, /SERVICE_INVALID .*not an IP address/],
    ],
  ])('is refused for %s', (_, build, expected) => {
    const chart = emptyChart();
    build(chart);
    expect(errorsOf(chart)).toEqual(expected.map((message) => ['net/web', expect.stringMatching(message)]));
  });
});

test('an escape hatch is judged as it is written', () => {
  const chart = emptyChart();
  poolIn(chart);
  const service = new LoadBalancerService(chart, 'web', WEB);
  service.addJsonPatch(JsonPatch.add('/spec/loadBalancerIP', '10.9.9.9'));
  expect(errorsOf(chart)).toEqual([['net/web', expect.stringMatching(/^ADDRESS_OUTSIDE_POOLS .* spec\.loadBalancerIP/)]]);
});

test('an object that joins after a verdict is judged too', () => {
  const chart = emptyChart();
  poolIn(chart);
  new L2Advertisement(chart, 'adv');
  expect(errorsOf(chart)).toEqual([]);
  plainService(chart, 'web', { type: 'LoadBalancer', loadBalancerIP: '10.9.9.9' });
  expect(errorsOf(chart)).toEqual([['net/web', expect.stringContaining('ADDRESS_OUTSIDE_POOLS')]]);
});
