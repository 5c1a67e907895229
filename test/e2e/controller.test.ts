import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { METALLB_NAMESPACE } from '../../src/api/object.js';
import { type ApiServer, startApiServer } from '../support/apiserver.js';
import type { Call } from '../support/call.js';
import { temporaryFolder } from '../support/folder.js';
import { install } from '../support/install.js';
import { until } from '../support/until.js';
import { describeWithApiServer } from '../support/withapiserver.js';
import { Door } from './door.js';
import { type ArpeggioProcess, startArpeggio } from './process.js';

type Fields = Readonly<Record<string, unknown>>;

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

interface Service {
  readonly metadata: { readonly resourceVersion: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly status: {
    readonly loadBalancer: { readonly ingress?: readonly { readonly ip: string; readonly ipMode: string }[] };
    readonly conditions?: readonly Condition[];
  };
}

const SERVICES = '/api/v1/namespaces/default/services';
const OURS = `/apis/metallb.io/v1beta1/namespaces/${METALLB_NAMESPACE}`;
const POOL_ANNOTATION = 'metallb.io/ip-allocated-from-pool';
/** A process of Node begins, and asks for a lease that may be another's for 15 s. */
const LONG_MS = 40_000;

describeWithApiServer('a controller of a real API server', () => {
  let api: ApiServer;
  /** Of its ServiceAccount. */
  let own = '';
  const running: ArpeggioProcess[] = [];

  beforeAll(async () => {
    api = await startApiServer();
    await install(api);
    own = await api.kubeconfigOf('controller');
    await pool('first', ['192.0.2.1-192.0.2.3']);
    await must('POST', `${OURS}/l2advertisements`, object('L2Advertisement', 'all', {}));
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => one.end()));
    await Promise.all((await names()).map((name) => api.call('DELETE', `${SERVICES}/${name}`)));
  });
  afterAll(() => api.stop());

  const start = (args: readonly string[] = [], kubeconfig = own): ArpeggioProcess => {
    const one = startArpeggio(['controller', '--kubeconfig', kubeconfig, '--metrics', '0', ...args]);
    running.push(one);
    return one;
  };
  const must = async (...[method, path, body, contentType]: Parameters<Call>): Promise<Fields> => {
    const answer = await api.call(method, path, body, contentType);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const object = (kind: string, name: string, spec: object): object => ({
    apiVersion: 'metallb.io/v1beta1',
    kind,
    metadata: { name, namespace: METALLB_NAMESPACE },
    spec,
  });
  const pool = (name: string, addresses: readonly string[]) =>
    must('POST', `${OURS}/ipaddresspools`, object('IPAddressPool', name, { addresses }));
  const create = (name: string, spec: object = {}, annotations: object = {}) =>
    must('POST', SERVICES, { metadata: { name, annotations }, spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec } });
  const service = async (name: string): Promise<Service> => (await must('GET', `${SERVICES}/${name}`)) as unknown as Service;
  const names = async (): Promise<string[]> => {
    const { items } = (await must('GET', SERVICES)) as { items: { metadata: { name: string } }[] };
    return items.map(({ metadata }) => metadata.name).filter((name) => name !== 'kubernetes');
  };
  const addresses = async (name: string): Promise<readonly string[]> =>
    ((await service(name)).status.loadBalancer.ingress ?? []).map(({ ip }) => ip);
  const conditionOf = async (name: string, wanted: string): Promise<Condition | undefined> =>
    (await service(name)).status.conditions?.find(({ type }) => type === wanted);
  const condition = async (name: string): Promise<string | undefined> => {
    const found = await conditionOf(name, 'arpeggio/Allocated');
    return found === undefined ? undefined : `${found.status} ${found.reason}`;
  };
  const isAnnounced = (name: string, said: string): Promise<unknown> =>
    until(
      `of ${name} is said: ${said}`,
      async () => {
        const found = await conditionOf(name, 'arpeggio/Announced');
        return `${found?.status} ${found?.reason}: ${found?.message}` === said;
      },
      LONG_MS,
    );
  const has = (name: string, ...ips: readonly string[]): Promise<unknown> =>
    until(`${name} has ${ips.join(' and ') || 'nothing'}`, async () => (await addresses(name)).join() === ips.join(), LONG_MS);
  const events = async (name: string): Promise<string[]> => {
    const path = `/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3D${name}`;
    const { items } = (await must('GET', path)) as { items: { type: string; reason: string; source: { component: string } }[] };
    return items.map(({ type, reason, source }) => `${type} ${reason} ${source.component}`);
  };

  test('gives a Service an address, and says so everywhere', async () => {
    await create('web');
    start();
    await has('web', '192.0.2.1');
    const { metadata, status } = await service('web');
    expect(metadata.annotations).toEqual({ [POOL_ANNOTATION]: 'first' });
    expect(status.loadBalancer.ingress).toEqual([{ ip: '192.0.2.1', ipMode: 'VIP' }]);
    expect(status.conditions).toContainEqual(
      expect.objectContaining({ type: 'arpeggio/Allocated', status: 'True', reason: 'GENERAL_POOL' }),
    );
    await until('the event is there', async () => (await events('web')).includes('Normal IPAllocated metallb-controller'));
    const { stdout } = await api.kubectl(['describe', 'service', 'web']);
    expect(stdout).toMatch(/IPAllocated .* metallb-controller +Assigned IP \["192.0.2.1"\]/);

    const counters = await until('the pool is counted', async () => {
      const found = (await must('GET', `${OURS}/ipaddresspools/first`)) as { status?: Fields };
      return found.status?.['assignedIPv4'] === 1 ? found.status : undefined;
    });
    expect(counters).toMatchObject({ availableIPv4: 2, observedGeneration: 1, conditions: [{ type: 'Ready', status: 'True' }] });
    const state = await until('the configuration is valid', async () => {
      const { status: code, body } = await api.call('GET', `${OURS}/configurationstates/controller`);
      return code === 200 && (body['status'] as Fields | undefined)?.['result'] === 'Valid' ? body : undefined;
    });
    expect(state).toMatchObject({
      metadata: {
        labels: { 'metallb.io/component-type': 'controller' },
        managedFields: expect.arrayContaining([expect.objectContaining({ manager: 'poolReconciler', subresource: 'status' })]),
      },
      status: {
        conditions: [
          { type: 'poolReconcilerValid', status: 'True', reason: 'Reconciled' },
          { type: 'arpeggio/Refused', status: 'False' },
        ],
      },
    });
  });

  test('writes nothing after a restart', async () => {
    await create('web');
    await create('api');
    const first = start();
    await has('web', '192.0.2.2');
    await has('api', '192.0.2.1');
    for (const name of ['web', 'api']) await isAnnounced(name, 'False NOBODY_ANSWERS: no node may answer: there are no nodes');
    expect(await first.end()).toBe(0);
    const versions = await Promise.all(['web', 'api'].map(async (name) => (await service(name)).metadata.resourceVersion));
    start();
    await create('late');
    await has('late', '192.0.2.3');
    expect(await Promise.all(['web', 'api'].map(async (name) => (await service(name)).metadata.resourceVersion))).toEqual(
      versions,
    );
  });

  test('puts back what somebody else writes into the status', async () => {
    await create('web');
    start();
    await has('web', '192.0.2.1');
    const { code, stderr } = await api.kubectl([
      ...['patch', 'service', 'web', '--subresource=status', '--type=merge'],
      ...['-p', JSON.stringify({ status: { loadBalancer: { ingress: [{ ip: '203.0.113.9' }] } } })],
    ]);
    expect([code, stderr]).toEqual([0, '']);
    await has('web', '192.0.2.1');
  });

  test('leaves what others wrote into the status: their conditions, and how an address is reached', async () => {
    await create('web', { ipFamilyPolicy: 'PreferDualStack' });
    start();
    await has('web', '192.0.2.1');
    const theirs = {
      type: 'example.com/checked',
      status: 'True',
      reason: 'Fine',
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    const ingress = [{ ip: '192.0.2.1', ipMode: 'Proxy' }];
    const patch = { status: { conditions: [theirs], loadBalancer: { ingress } } };
    await must('PATCH', `${SERVICES}/web/status`, patch, 'application/strategic-merge-patch+json');
    // An address joins it, which is a write of the same list.
    await must('PATCH', `${OURS}/ipaddresspools/first`, { spec: { addresses: ['192.0.2.1-192.0.2.3', 'fd00:5::1-fd00:5::9'] } });
    onTestFinished(async () => {
      await must('PATCH', `${OURS}/ipaddresspools/first`, { spec: { addresses: ['192.0.2.1-192.0.2.3'] } });
    });
    await has('web', '192.0.2.1', 'fd00:5::1');
    const { status } = await service('web');
    expect(status.loadBalancer.ingress).toEqual([...ingress, { ip: 'fd00:5::1', ipMode: 'VIP' }]);
    expect(status.conditions).toContainEqual(theirs);
    expect(await condition('web')).toBe('True KEPT');
  });

  test('says why a Service has no address, and gives it one as soon as there is one', async () => {
    for (const name of ['a', 'b', 'c']) await create(name);
    start();
    for (const [name, ip] of [
      ['a', '192.0.2.1'],
      ['b', '192.0.2.2'],
      ['c', '192.0.2.3'],
    ] as const)
      await has(name, ip);
    await create('waits');
    await until('it is told why', async () => (await condition('waits')) === 'False POOL_EXHAUSTED');
    await until('the event is there', async () =>
      (await events('waits')).includes('Warning AllocationFailed metallb-controller'),
    );
    await must('DELETE', `${SERVICES}/b`);
    await has('waits', '192.0.2.2');
    expect(await condition('waits')).toBe('True GENERAL_POOL');
  });

  test('says who answers for a Service, or why nobody does', async () => {
    const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
    await must('POST', '/api/v1/nodes', { metadata: { name: 'n1' } });
    onTestFinished(async () => {
      for (const path of ['/api/v1/nodes/n1', `${slices}/waits-1`]) await api.call('DELETE', path);
    });
    for (const name of ['web', 'b', 'c', 'waits']) await create(name);
    start();
    await isAnnounced('web', 'False NO_ADDRESS: it has no address; arpeggio/Allocated says why');
    await isAnnounced('waits', 'False NOBODY_ANSWERS: no node may answer: noEndpoints on every node');
    await must('POST', slices, {
      metadata: { name: 'waits-1', labels: { 'kubernetes.io/service-name': 'waits' } },
      ...{ addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'], nodeName: 'n1' }] },
    });
    await isAnnounced('waits', 'False NOBODY_SAYS_SO: n1 may answer, and no speaker says that it does');

    const said = await must('POST', `${OURS}/servicel2statuses`, object('ServiceL2Status', 'l2-abcde', {}));
    const status = { node: 'n1', serviceName: 'waits', serviceNamespace: 'default' };
    await must('PUT', `${OURS}/servicel2statuses/l2-abcde/status`, { ...said, status });
    const answers = 'True NODE_ANSWERS: announcing from node "n1" with protocol "layer2"';
    await isAnnounced('waits', answers);

    const gone = { status: { conditions: [{ $patch: 'delete', type: 'arpeggio/Announced' }] } };
    await must('PATCH', `${SERVICES}/waits/status`, gone, 'application/strategic-merge-patch+json');
    await isAnnounced('waits', answers);
    await must('DELETE', `${OURS}/servicel2statuses/l2-abcde`);
    await isAnnounced('waits', 'False NOBODY_SAYS_SO: n1 may answer, and no speaker says that it does');
    expect(await condition('waits')).toBe('True GENERAL_POOL');
  });

  test('takes everything back from a Service that is no load balancer any more', async () => {
    await create('web', {}, { 'somebody/else': 'x' });
    start();
    await has('web', '192.0.2.1');
    const { code } = await api.kubectl(['patch', 'service', 'web', '-p', '{"spec":{"type":"ClusterIP"}}']);
    expect(code).toBe(0);
    await until('nothing is left', async () => {
      const { metadata, status } = await service('web');
      return metadata.annotations?.[POOL_ANNOTATION] === undefined && (status.conditions ?? []).length === 0;
    });
    expect((await service('web')).metadata.annotations).toEqual({ 'somebody/else': 'x' });
  });

  test('leaves Services of another class alone', async () => {
    await create('theirs', { loadBalancerClass: 'example.com/other' });
    await create('ours');
    start();
    await has('ours', '192.0.2.1');
    expect(await service('theirs')).toMatchObject({ status: { loadBalancer: {} } });
    expect(await condition('theirs')).toBeUndefined();
  });

  test('refuses a bad set of pools, and keeps the good one', async () => {
    await create('web');
    start();
    await has('web', '192.0.2.1');
    await pool('second', ['192.0.2.3-192.0.2.9']);
    const state = await until('the configuration is refused', async () => {
      const { body } = await api.call('GET', `${OURS}/configurationstates/controller`);
      return (body['status'] as Fields | undefined)?.['result'] === 'Invalid' ? (body['status'] as Fields) : undefined;
    });
    expect(state['errorSummary']).toMatch(/^POOL_OVERLAP /);
    expect(await addresses('web')).toEqual(['192.0.2.1']);
    await must('DELETE', `${OURS}/ipaddresspools/second`);
    await until('it is valid again', async () => {
      const { body } = await api.call('GET', `${OURS}/configurationstates/controller`);
      return (body['status'] as Fields | undefined)?.['result'] === 'Valid';
    });
  });

  test('of two one writes; the other takes over when it ends, and moves nothing', async () => {
    await create('web');
    const first = start();
    await has('web', '192.0.2.1');
    const second = start();
    await until('the second waits', () => second.lines.some(({ event }) => event === 'startup'));
    expect(second.lines.some(({ event }) => event === 'leading')).toBe(false);
    expect(await first.end()).toBe(0);
    await until('the second leads', () => second.lines.some(({ event }) => event === 'leading'), LONG_MS);
    await create('api');
    await has('api', '192.0.2.2');
    expect(await addresses('web')).toEqual(['192.0.2.1']);
  });

  test('writes nothing while the API server is away, and catches up with what happened', async () => {
    const config = JSON.parse(readFileSync(own, 'utf8'));
    const { cluster } = config.clusters[0];
    const to = Number(new URL(cluster.server).port);
    const door = new Door('127.0.0.2', to, to);
    await door.open();
    onTestFinished(() => door.shut());
    cluster.server = `https://127.0.0.2:${to}`;
    cluster['tls-server-name'] = 'kubernetes';
    const kubeconfig = join(temporaryFolder(), 'kubeconfig');
    writeFileSync(kubeconfig, JSON.stringify(config));

    await create('web');
    const one = start([], kubeconfig);
    await has('web', '192.0.2.1');
    door.shut();
    await until('it says so', () => one.lines.some(({ code }) => code === 'KUBE_API_UNAVAILABLE'));
    await must('DELETE', `${SERVICES}/web`);
    await create('api');
    await create('db');
    await door.open();
    await has('api', '192.0.2.1');
    await has('db', '192.0.2.2');

    door.shut();
    await until('it leads no more', () => one.lines.some(({ event }) => event === 'notLeading'), LONG_MS);
    await must('DELETE', `${SERVICES}/db`);
    await create('late');
    await door.open();
    await has('late', '192.0.2.2');
    expect(await addresses('api')).toEqual(['192.0.2.1']);
    expect(one.exitCode()).toBeUndefined();
  });

  test('makes the secret of gossip once', async () => {
    const secret = `/api/v1/namespaces/${METALLB_NAMESPACE}/secrets/memberlist`;
    const labels = { app: 'metallb' };
    const template = { metadata: { labels }, spec: { containers: [{ name: 'controller', image: 'none' }] } };
    const deployment = { metadata: { name: 'controller' }, spec: { selector: { matchLabels: labels }, template } };
    const { metadata: owner } = await must('POST', `/apis/apps/v1/namespaces/${METALLB_NAMESPACE}/deployments`, deployment);
    const flags = ['--ml-secret-name', 'memberlist', '--deployment', 'controller'];
    const first = start(flags);
    const { data } = await until(
      'the secret is there',
      async () => {
        const { status, body } = await api.call('GET', secret);
        return status === 200 ? (body as { data: { secretkey: string } }) : undefined;
      },
      LONG_MS,
    );
    expect(Buffer.from(data.secretkey, 'base64').toString()).toMatch(/^[A-Za-z0-9+/]{22}$/);
    await first.end();
    await create('web');
    start(flags);
    await has('web', '192.0.2.1');
    const { uid } = owner as { uid: string };
    const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'controller', uid }];
    expect(await must('GET', secret)).toMatchObject({ data, metadata: { ownerReferences } });
  });
});

describe('a controller', () => {
  test('that knows no API server says so and ends', async () => {
    const one = startArpeggio(['controller', '--kubeconfig', '/nowhere/config']);
    await until('it has ended', () => one.exitCode() !== undefined);
    expect([one.exitCode(), one.stderr()]).toEqual([1, expect.stringMatching(/^KUBE_CONFIG_UNUSABLE \/nowhere\/config ENOENT/)]);
  });
});
