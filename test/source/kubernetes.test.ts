import { expect, onTestFinished, test } from 'vitest';
import { ClusterAllocator } from '../../agents/controller/allocator.js';
import { type InForce, NOTHING, reconcile } from '../../agents/controller/reconcile.js';
import { controllerStatus } from '../../agents/controller/status.js';
import { Transport } from '../../agents/kube/transport.js';
import { Kubernetes, type KubernetesOptions } from '../../agents/source/kubernetes.js';
import type { Snapshot } from '../../agents/source/source.js';
import type { Issue } from '../../src/issue/issue.js';
import { FakeApi } from '../support/fakeapi.js';
import { testSignal } from '../support/folder.js';
import { answer, startHttps } from '../support/httpsserver.js';
import { until } from '../support/until.js';

const json = (data: string): object => JSON.parse(data);
const text = (object: object): string => JSON.stringify(object);
const pool = (addresses: unknown, more: object = {}): string =>
  text({ metadata: { namespace: 'lb', generation: 3 }, spec: { addresses, ...more } });
const service = (fields: object = {}): string =>
  text({ metadata: { namespace: 'default' }, spec: { type: 'LoadBalancer' }, ...fields });
const node = (fields: object): string => text({ status: { conditions: [{ type: 'Ready', status: 'True' }] }, ...fields });

interface World {
  readonly kinds: Readonly<Record<string, FakeApi>>;
  readonly source: Kubernetes;
  readonly snapshots: Snapshot[];
  readonly issues: Issue[];
}

const OURS = '/apis/metallb.io/v1beta1/namespaces/lb';
const PATHS = {
  services: '/api/v1/services',
  nodes: '/api/v1/nodes',
  namespaces: '/api/v1/namespaces',
  pools: `${OURS}/ipaddresspools`,
  advertisements: `${OURS}/l2advertisements`,
  states: `${OURS}/configurationstates`,
  slices: '/apis/discovery.k8s.io/v1/endpointslices',
  announced: `${OURS}/servicel2statuses`,
} as const;

/** ServiceCIDRs are unknown to this server. */
async function open(fill: (kinds: World['kinds']) => void, options: Partial<KubernetesOptions> = {}): Promise<World> {
  const kinds = Object.fromEntries(Object.keys(PATHS).map((kind) => [kind, new FakeApi(json)]));
  fill(kinds);
  const server = await startHttps((request, response) => {
    const [path = ''] = (request.url ?? '').split('?');
    const [kind = ''] = Object.entries(PATHS).find(([, known]) => known === path) ?? [];
    const api = kinds[kind];
    if (api === undefined) answer(response, 404, { kind: 'Status', code: 404 });
    else api.handle(request, response);
  });
  const transport = new Transport({ access: server.access(), userAgent: 'test' });
  onTestFinished(() => transport.close());
  const [snapshots, issues]: [Snapshot[], Issue[]] = [[], []];
  const source = new Kubernetes({
    ...{ transport, namespace: 'lb', state: 'controller' },
    report: (one) => void issues.push(one),
    ...options,
  });
  source.subscribe((snapshot) => void snapshots.push(snapshot));
  void source.run(testSignal());
  return { kinds, source, snapshots, issues };
}

const synced = ({ snapshots }: World): Promise<Snapshot> => until('there is a snapshot', () => snapshots.at(-1));
const next = ({ snapshots }: World, after: number): Promise<Snapshot> =>
  until('there is another snapshot', () => (snapshots.length > after ? snapshots.at(-1) : undefined));

test('everything that decisions read is there at once', async () => {
  const world = await open(({ services, nodes, namespaces, pools, advertisements, slices }) => {
    services?.set(
      'web',
      service({ metadata: { namespace: 'default', annotations: { 'metallb.io/address-pool': 'p', 'other.io/big': 'x' } } }),
    );
    nodes?.set('n1', node({}));
    namespaces?.set('default', '{}');
    pools?.set('p', pool(['192.0.2.0/24']));
    advertisements?.set('all', text({ metadata: { namespace: 'lb' } }));
    slices?.set('web-1', text({ metadata: { namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } } }));
  });
  const { objects, issues, refused, revision } = await synced(world);
  expect(objects.services).toMatchObject([{ key: 'default/web', annotations: { 'metallb.io/address-pool': 'p' } }]);
  expect(Object.keys(objects.services[0]?.annotations ?? {})).toEqual(['metallb.io/address-pool']);
  expect(objects.pools.map(({ object }) => object)).toEqual([
    {
      apiVersion: 'metallb.io/v1beta1',
      kind: 'IPAddressPool',
      metadata: { name: 'p', generation: 3 },
      spec: { addresses: ['192.0.2.0/24'] },
    },
  ]);
  expect([objects.nodes.length, objects.namespaces.length, objects.advertisements.length]).toEqual([1, 1, 1]);
  // A controller has no use for them.
  expect(objects.endpointSlices).toEqual([]);
  expect([issues, refused, revision]).toEqual([[], undefined, 1]);
});

test('nothing is decided before every kind is known, but for those that are only written', async () => {
  const world = await open(({ nodes, states, pools }) => {
    nodes?.faults.push({ status: 500 });
    states?.faults.push('nothing');
    pools?.set('p', pool(['192.0.2.0/24']));
  });
  await until('nodes are missing', () => world.source.missing.join() === 'Node' && world.issues.length > 0);
  expect([world.snapshots, world.source.heardAtMs]).toEqual([[], undefined]);
  expect([world.source.unfollowed, world.source.notReady]).toEqual([
    ['Node'],
    [expect.stringMatching(/^KUBE_API_UNAVAILABLE no Node objects were read yet: .*500/)],
  ]);
  await synced(world);
  expect(world.issues.map(({ code, message }) => `${code} ${message}`).sort()).toEqual([
    expect.stringMatching(/^KUBE_API_UNAVAILABLE Node objects cannot be followed: .*500/),
    expect.stringMatching(/^KUBE_FEATURE_MISSING the API server has no ServiceCIDR objects/),
  ]);
  await until('nodes are followed', () => world.source.unfollowed.length === 0);
  expect([world.source.heardAtMs, world.source.notReady]).toEqual([expect.any(Number), []]);
});

test('what nobody decides by is no change', async () => {
  const world = await open(({ nodes, services }) => {
    nodes?.set('n1', node({}));
    services?.set('web', service());
  });
  await synced(world);
  world.kinds['nodes']?.set('n1', node({ status: { conditions: [{ type: 'Ready', status: 'False' }] } }));
  world.kinds['services']?.set('web', service({ metadata: { namespace: 'default', annotations: { 'other.io/x': 'y' } } }));
  world.kinds['nodes']?.set('n2', node({}));
  const { revision, objects } = await next(world, 1);
  expect([revision, objects.nodes.length]).toEqual([2, 2]);
});

test('what only shows what was written is no change; what somebody else writes is one', async () => {
  const isEcho = (shown: { readonly text: string } | undefined): boolean => shown?.text.endsWith('192.0.2.1') === true;
  const world = await open(({ services }) => services?.set('web', service()), { onService: (_, shown) => isEcho(shown) });
  await synced(world);
  const show = (ip: string): string => service({ status: { loadBalancer: { ingress: [{ ip }] } } });
  world.kinds['services']?.set('web', show('192.0.2.1'));
  world.kinds['services']?.set('web', show('203.0.113.9'));
  expect((await next(world, 1)).objects.services[0]?.ingress).toEqual(['203.0.113.9']);
  expect(world.snapshots.length).toBe(2);
});

test('a pool that cannot be read refuses the whole set, and what was in force stays', async () => {
  const world = await open(({ pools, services }) => {
    pools?.set('p', pool(['192.0.2.0/24']));
    services?.set('web', service());
  });
  const allocator = new ClusterAllocator();
  const good: InForce = reconcile(NOTHING, await synced(world), allocator);
  world.kinds['pools']?.set('p', pool('many'));
  const bad = reconcile(good, await next(world, 1), allocator);
  expect([bad.stale, bad.config]).toEqual([true, good.config]);
  expect(bad.outcomes.get('default/web')).toBe(good.outcomes.get('default/web'));
  expect([...controllerStatus(bad)].at(-1)).toMatchObject({
    status: { result: 'Invalid', errorSummary: expect.stringMatching(/^FIELD_INVALID/) },
  });
});

test('a field of a newer MetalLB is passed over, and named', async () => {
  const world = await open(({ pools }) => pools?.set('p', pool(['192.0.2.0/24'], { newer: { a: 1 } })));
  const { objects, refused, issues } = await synced(world);
  expect([objects.pools.length, refused]).toEqual([1, undefined]);
  expect(issues).toMatchObject([
    {
      code: 'UNKNOWN_FIELD',
      severity: 'warning',
      path: 'spec.newer',
      object: { kind: 'IPAddressPool', namespace: 'lb', name: 'p' },
    },
  ]);
});

test('a Service that cannot be read is what it was before, and is named', async () => {
  const world = await open(({ services }) => services?.set('web', service()));
  await synced(world);
  world.kinds['services']?.set('web', service({ spec: { type: 'LoadBalancer', ports: 'many' } }));
  world.kinds['nodes']?.set('n1', node({}));
  const { objects, issues } = await next(world, 1);
  expect(objects.services.map(({ key }) => key)).toEqual(['default/web']);
  expect(issues).toMatchObject([{ code: 'FIELD_INVALID', object: { kind: 'Service', namespace: 'default', name: 'web' } }]);
});

test('a speaker knows who has endpoints where', async () => {
  const world = await open(
    ({ slices }) =>
      slices?.set(
        'web-1',
        text({
          metadata: { namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
          endpoints: [{ nodeName: 'n1', conditions: { ready: true } }],
        }),
      ),
    { speaker: 'n1' },
  );
  const { objects } = await synced(world);
  expect(objects.endpointSlices).toEqual([
    { namespace: 'default', service: 'web', endpoints: [{ nodeName: 'n1', canServe: true }] },
  ]);
});
