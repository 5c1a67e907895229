import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { METALLB_NAMESPACE } from '../../src/api/object.js';
import { parseManifests } from '../api/manifests.js';
import { ROOT } from '../constructs/support.js';
import { ask } from '../lab/arping.js';
import { type ApiServer, type ApiServerOptions, freePorts, startApiServer } from '../support/apiserver.js';
import { until } from '../support/until.js';
import { describeWithApiServer } from '../support/withapiserver.js';
import { startNode } from './node.js';
import { startArpeggio } from './process.js';

const DIST = join(ROOT, 'dist');
const ONE_FILE = join(ROOT, 'install.yaml');
const CONFIG = join(DIST, '20-config');
const LAYERS = readdirSync(DIST, { withFileTypes: true })
  .flatMap((one) => (one.isDirectory() ? [one.name] : []))
  .sort();
const LONG_MS = 60_000;

interface Container {
  readonly args: readonly string[];
  readonly env: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { fieldRef: { fieldPath: string } };
  }[];
}

/** A CustomResourceDefinition. */
interface Kind {
  readonly metadata: { readonly name: string };
  readonly status: { readonly conditions: readonly { readonly type: string; readonly message: string }[] };
}

interface Workload {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly template: { readonly metadata: object; readonly spec: { readonly containers: readonly [Container] } };
  };
}

const objects = parseManifests(readFileSync(ONE_FILE, 'utf8'));
const workload = (kind: 'Deployment' | 'DaemonSet'): Workload => objects.find((one) => one.kind === kind) as unknown as Workload;

async function cluster(options?: ApiServerOptions): Promise<ApiServer> {
  const api = await startApiServer(options);
  onTestFinished(() => api.stop());
  return api;
}

const VERSIONS =
  'jsonpath={range .items[*]}{.kind} {.metadata.namespace}/{.metadata.name} {.metadata.resourceVersion}{"\\n"}{end}';
/** The API server's own finalizer of each CRD. */
const CLEANUP = 'customresourcecleanup.apiextensions.k8s.io';
/** As before Kubernetes 1.30. */
const WITHOUT_POLICIES = [
  '--disable-admission-plugins=ValidatingAdmissionPolicy',
  '--runtime-config=admissionregistration.k8s.io/v1/validatingadmissionpolicies=false',
  '--runtime-config=admissionregistration.k8s.io/v1/validatingadmissionpolicybindings=false',
];
const established = ['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s'];

describeWithApiServer('dist/', { timeout: 3 * LONG_MS }, () => {
  describe.each([
    ['in one file', ['-f', ONE_FILE], ['-f', CONFIG, '-f', ONE_FILE]],
    ['as Kustomize has it', ['-k', DIST], ['-k', DIST]],
    // What was last comes first: nobody waits for an object of a kind that is gone.
    ['in layers', ['-R', '-f', DIST], LAYERS.toReversed().flatMap((layer) => ['-f', join(DIST, layer)])],
  ])('%s', (_, all, gone) => {
    let api: ApiServer;
    const must = async (...args: readonly string[]): Promise<readonly string[]> => {
      const { code, stdout, stderr } = await api.kubectl(args);
      // Whatever an API server warns of would be there too.
      expect([args, code, stderr]).toEqual([args, 0, '']);
      return stdout.trim().split('\n');
    };
    beforeAll(async () => {
      api = await startApiServer();
    });
    afterAll(() => api?.stop());

    test('applies to an empty cluster, its configuration as soon as its kinds are there, and changes nothing the second time', async () => {
      const hasConfiguration = all.includes(DIST);
      const first = await api.kubectl(['apply', ...all]);
      // A client asks for the kinds of everything before it makes the first: only the configuration can be too early.
      const early = first.stderr.split('\n').filter((line) => line !== '' && !line.startsWith('Warning'));
      expect(early.every((line) => /IPAddressPool|L2Advertisement|ensure CRDs are installed first/.test(line))).toBe(true);
      expect([first.code, early.length > 0]).toEqual(hasConfiguration ? [1, true] : [0, false]);
      await must(...established);
      await must('apply', ...all);
      await must('apply', '-f', CONFIG);

      const versions = (): Promise<readonly string[]> => must('get', ...all, '-o', VERSIONS);
      const before = await versions();
      expect(new Set(before).size).toBeGreaterThanOrEqual(objects.length);
      await must('apply', ...all);
      expect(await versions()).toEqual(before);
    });

    const kinds = async (): Promise<readonly Kind[]> => JSON.parse((await must('get', 'crd', '-o', 'json')).join('')).items;

    test('deletes as cleanly', async () => {
      const { code, stderr } = await api.kubectl(['delete', '--ignore-not-found', '--wait=false', ...gone]);
      expect([code, stderr.replace(/^Warning: deleting cluster-scoped resources.*\n/gm, '')]).toEqual([0, '']);
      const ofAll = 'clusterroles,clusterrolebindings,validatingadmissionpolicies,validatingadmissionpolicybindings';
      expect((await must('get', ofAll, '-o', 'name')).filter((name) => name.includes('arpeggio'))).toEqual([]);
      await until('the CRDs are gone', async () => (await kinds()).length === 0, LONG_MS).catch(async () => {
        // Now and then an API server (1.34) takes minutes: each try of its cleanup makes its storage start anew, fails while that has not
        // begun ("storage is (re)initializing"), and the next waits twice as long. It may, as long as it waits for nothing of ours.
        for (const { metadata, status } of await kinds()) {
          expect(metadata).toMatchObject({ deletionTimestamp: expect.any(String), finalizers: [CLEANUP] });
          const { stdout } = await api.kubectl(['get', metadata.name, '-A', '-o', 'jsonpath={.items[*].metadata.finalizers}']);
          expect([metadata.name, stdout]).toEqual([metadata.name, '']);
          const said = status.conditions.filter(({ type }) => type === 'Terminating').map(({ message }) => message);
          console.log(`after ${LONG_MS / 1000} s ${metadata.name} is still there: ${said.join()}`);
        }
        console.log(readFileSync(api.log, 'utf8').split('\n').slice(-12).join('\n'));
      });
    });
  });

  test('is taken whole by an API server that owns fields, without a warning', async () => {
    const api = await cluster();
    const apply = ['apply', '--server-side', '--validate=strict', '-f', ONE_FILE];
    for (let i = 0; i < 2; i++) {
      const { code, stderr } = await api.kubectl(apply);
      expect([code, stderr]).toEqual([0, '']);
    }
  });

  describe('in a cluster that looks at the security of Pods', () => {
    let api: ApiServer;
    beforeAll(async () => {
      api = await startApiServer();
      for (const level of ['restricted', 'privileged']) {
        const metadata = { name: level, labels: { 'pod-security.kubernetes.io/enforce': level } };
        expect((await api.call('POST', '/api/v1/namespaces', { metadata })).status).toBe(201);
      }
    });
    afterAll(() => api?.stop());

    test.each([
      ['Deployment', 'restricted', 0],
      ['DaemonSet', 'restricted', 1],
      ['DaemonSet', 'privileged', 0],
    ] as const)('has a %s whose Pod in a namespace that is %s makes kubectl end with %i', async (kind, namespace, code) => {
      const { template } = workload(kind).spec;
      const pod = { apiVersion: 'v1', kind: 'Pod', ...template, metadata: { ...template.metadata, name: 'one', namespace } };
      const made = await api.kubectl(['create', '--dry-run=server', '-f', '-'], JSON.stringify(pod));
      expect([made.code, made.stderr]).toEqual([code, code === 0 ? '' : expect.stringContaining('violates PodSecurity')]);
    });
  });

  test('without kinds of policies, as before Kubernetes 1.30, is taken but for these, which kubectl names', async () => {
    const api = await cluster({ more: WITHOUT_POLICIES });
    const { code, stdout, stderr } = await api.kubectl(['apply', '-f', ONE_FILE]);
    const missing = [...stderr.matchAll(/resource mapping not found for name: "([^"]+)".*\n?.*no matches for kind "(\w+)"/g)];
    const policies = objects.filter(({ kind }) => kind.startsWith('ValidatingAdmission'));
    expect([code, policies.length, missing.length]).toEqual([1, 6, 6]);
    expect(stdout.trim().split('\n')).toHaveLength(objects.length - policies.length);
  });

  test('of a configuration that comes before its kinds, kubectl says what to do first', async () => {
    const api = await cluster();
    const { code, stderr } = await api.kubectl(['apply', '-f', CONFIG]);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/no matches for kind "IPAddressPool".*\nensure CRDs are installed first/),
    ]);
  });

  test('gives the first Service its address, and answers for it, with the flags, the environment and the rights that ship', async () => {
    const api = await cluster();
    const folder = mkdtempSync(join(tmpdir(), 'arpeggio-install-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const must = async (args: readonly string[], input?: string): Promise<string> => {
      const { code, stdout, stderr } = await api.kubectl(args, input);
      expect([args, code, stderr]).toEqual([args, 0, '']);
      return stdout;
    };
    await must(['apply', '-f', ONE_FILE]);
    await must(established);
    await must(['apply', '-f', CONFIG]);
    const subnet = '192.168.1';
    const node = await startNode(api, subnet, folder);
    onTestFinished(() => node.destroy());
    await must(['create', '-f', '-'], JSON.stringify(NODE));
    await must(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: SERVICE }));
    // Nothing here makes Pods of workloads; the speaker finds itself by its labels, as in a cluster.
    for (const [kind, name, address] of [
      ['Deployment', 'controller-1', `${subnet}.12`],
      ['DaemonSet', 'speaker-1', `${subnet}.11`],
    ] as const) {
      const { template } = workload(kind).spec;
      const metadata = { ...template.metadata, name, namespace: METALLB_NAMESPACE };
      const spec = { ...template.spec, nodeName: 'n1' };
      await must(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec }));
      const path = `/api/v1/namespaces/${METALLB_NAMESPACE}/pods/${name}/status`;
      await api.call('PATCH', path, { status: { phase: 'Running', podIP: address, podIPs: [{ ip: address }] } });
    }

    const [port = 0] = await freePorts(1);
    const [given] = workload('Deployment').spec.template.spec.containers;
    const inPod = inNamespace(await api.kubeconfigOf('controller'), folder);
    const controller = startArpeggio(
      [...given.args, '--kubeconfig', inPod, '--metrics', `127.0.0.1:${port}`],
      environment(given, { 'metadata.name': 'controller-1' }),
    );
    onTestFinished(async () => void (await controller.end()));
    const secret = await until(
      'the controller has made the secret',
      async () => {
        const { status, body } = await api.call('GET', `/api/v1/namespaces/${METALLB_NAMESPACE}/secrets/memberlist`);
        return status === 200 && (body as unknown as { data: { secretkey: string }; metadata: object });
      },
      LONG_MS,
    );
    expect(secret.metadata).toMatchObject({ ownerReferences: [{ kind: 'Deployment', name: 'controller' }] });
    const ready = async (): Promise<boolean> => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
    await until('the controller is ready', () => ready().catch(() => false), LONG_MS);

    const [answering] = workload('DaemonSet').spec.template.spec.containers;
    const key = join(folder, 'key');
    mkdirSync(key);
    writeFileSync(join(key, 'secretkey'), Buffer.from(secret.data.secretkey, 'base64'));
    const speaker = startArpeggio(
      [
        ...answering.args,
        '--kubeconfig',
        inNamespace(node.reaching(await api.kubeconfigOf('speaker')), folder),
        `--keep-view=${folder}`,
      ],
      {
        ...environment(answering, { 'spec.nodeName': 'n1', 'metadata.name': 'speaker-1', 'status.podIP': `${subnet}.11` }),
        // Where a kubelet would mount it.
        METALLB_ML_SECRET_KEY_PATH: key,
      },
      node.host,
    );
    onTestFinished(async () => void (await speaker.end()));

    const address = '192.168.1.240';
    const answered = async (): Promise<boolean> => (await ask(node.network.host('client'), address)) === node.host.mac;
    await until('the node answers for the first address', answered, LONG_MS);
    expect((await must(['get', 'service', 'web', '--no-headers'])).split(/\s+/)).toContain(address);
    expect(await node.get('/readyz')).toEqual({ status: 200, text: 'ok\n' });
    // Nothing that ships lacks a right, or is not understood. That a new kind is not served at once is no complaint.
    const complaints = [...controller.lines, ...speaker.lines].filter(({ code }) =>
      /^(KUBE_FORBIDDEN|KUBE_KIND_MISSING|KUBE_UNAUTHENTICATED|FLAG_|GOSSIP_)/.test(String(code)),
    );
    expect(complaints).toEqual([]);
  });

  test('replaces the workloads of MetalLB where they stand, and leaves nothing of them in a Pod', async () => {
    const api = await cluster();
    const must = async (args: readonly string[], input?: string): Promise<string> => {
      const { code, stdout, stderr } = await api.kubectl(args, input);
      expect([args, code, stderr]).toEqual([args, 0, '']);
      return stdout;
    };
    await must(['create', 'namespace', METALLB_NAMESPACE]);
    await must(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: METALLB.map(workloadOfMetallb) }));
    // kubectl notes that it did not make the namespace itself.
    const { code } = await api.kubectl(['apply', '-f', ONE_FILE]);
    expect(code).toBe(0);
    for (const { kind, name } of METALLB) {
      const there = JSON.parse(await must(['get', kind, name, '-n', METALLB_NAMESPACE, '-o', 'json'])) as Workload;
      const [ours] = workload(kind).spec.template.spec.containers;
      const [container] = there.spec.template.spec.containers;
      expect(container.args).toEqual(ours.args);
      const text = JSON.stringify(there.spec.template);
      expect([...text.matchAll(/webhook|excludel2|METALLB_HOST|9120|initialDelay/g)].map(([word]) => word)).toEqual([]);
    }
  });

  test('is what an overlay changes: the image, and how many controllers there are', async () => {
    const api = await cluster();
    const { code, stdout, stderr } = await api.kubectl(['kustomize', join(ROOT, 'examples/kustomize')]);
    expect([code, stderr]).toEqual([0, '']);
    const built = parseManifests(stdout) as unknown as Workload[];
    expect(built).toHaveLength(objects.length + 2);
    const image = 'registry.example.com/net/arpeggio:0.1.0';
    const pod = (containers: object): object => ({ template: { spec: { containers: [containers] } } });
    expect(built.find(({ kind }) => kind === 'Deployment')?.spec).toMatchObject({ replicas: 2, ...pod({ image }) });
    expect(built.find(({ kind }) => kind === 'DaemonSet')?.spec).toMatchObject(pod({ image }));
    const applied = await api.kubectl(['apply', '--server-side', '-f', join(DIST, '00-crds')]);
    expect(applied.code).toBe(0);
    expect((await api.kubectl(established)).code).toBe(0);
    const all = await api.kubectl(['apply', '--server-side', '--force-conflicts', '--validate=strict', '-f', '-'], stdout);
    expect([all.code, all.stderr]).toEqual([0, '']);
  });
});

/** As far as MetalLB's manifest differs from ours (metallb-behaviour §7.1). */
const METALLB = [
  { kind: 'Deployment', name: 'controller', volume: { name: 'cert', secret: { secretName: 'metallb-webhook-cert' } } },
  { kind: 'DaemonSet', name: 'speaker', volume: { name: 'exclude', configMap: { name: 'metallb-excludel2' } } },
] as const;

function workloadOfMetallb({ kind, name, volume }: (typeof METALLB)[number]): object {
  const labels = { app: 'metallb', component: name };
  const probe = { httpGet: { path: '/readyz', port: 17472 }, initialDelaySeconds: 10 };
  const container = {
    ...{ name, image: `metallb-${name}:0.16.1`, args: ['--port=9120', '--log-level=info'], readinessProbe: probe },
    env: [{ name: 'METALLB_HOST', valueFrom: { fieldRef: { fieldPath: 'status.hostIP' } } }],
    ports: [{ name: 'metricshttps', containerPort: 9120 }],
    volumeMounts: [{ name: volume.name, mountPath: '/etc/metallb' }],
  };
  const template = { metadata: { labels }, spec: { containers: [container], volumes: [volume] } };
  const metadata = { name, namespace: METALLB_NAMESPACE, labels };
  return { apiVersion: 'apps/v1', kind, metadata, spec: { selector: { matchLabels: labels }, template } };
}

const NODE = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', labels: { 'kubernetes.io/os': 'linux' } } };
const SERVICE = [
  {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'default' } },
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
  },
  {
    ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4', ports: [{ port: 80 }] },
    metadata: { name: 'web-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
    endpoints: [{ addresses: ['10.0.0.1'], nodeName: 'n1', conditions: { ready: true } }],
  },
];

/** What a kubelet makes of the environment of a container. */
const environment = ({ env }: Container, fields: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(env.map(({ name, value, valueFrom }) => [name, value ?? fields[valueFrom?.fieldRef.fieldPath ?? ''] ?? '']));

/** As a Pod has it, whose namespace is that of its account. */
function inNamespace(kubeconfig: string, folder: string): string {
  const config = JSON.parse(readFileSync(kubeconfig, 'utf8'));
  config.contexts[0].context.namespace = METALLB_NAMESPACE;
  const file = join(folder, `${config.users[0].name}-in-namespace`);
  writeFileSync(file, JSON.stringify(config));
  return file;
}
