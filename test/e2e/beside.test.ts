/**
 * Two installs in one cluster: MetalLB's own controller works beside ours. They must not fight, and ours has to say so.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { METALLB_NAMESPACE } from '../../src/api/object.js';
import { ROOT } from '../constructs/support.js';
import { type ApiServer, freePorts, startApiServer } from '../support/apiserver.js';
import { Program } from '../support/program.js';
import { until } from '../support/until.js';
import { describeWithApiServer } from '../support/withapiserver.js';
import { canHaveMetallb, METALLB_CONTROLLER, METALLB_MANIFEST } from './metallb.js';
import { type ArpeggioProcess, startArpeggio } from './process.js';

interface Service {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly type: string };
  readonly status: { readonly loadBalancer: { readonly ingress?: readonly { readonly ip: string }[] } };
}

const SERVICES = '/api/v1/namespaces/default/services';
const POD = 'controller-1';
const METALLB_POD = 'metallb-1';
const ELSEWHERE = 'elsewhere';
const LONG_MS = 90_000;

describeWithApiServer('a controller beside that of MetalLB', { timeout: 3 * LONG_MS }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'arpeggio-beside-'));
  let api: ApiServer;
  let metallb: Program;
  let ours: ArpeggioProcess | undefined;

  beforeAll(async () => {
    api = await startApiServer();
    await kubectl('apply', '--server-side', '-f', METALLB_MANIFEST, '-f', join(ROOT, 'dist/10-rbac'));
    // No Pod serves it here.
    await kubectl('delete', 'validatingwebhookconfiguration', '--all');
    await kubectl('wait', '--for=condition=Established', 'crd', '--all');
    await kubectl('create', 'namespace', ELSEWHERE);
    await pod(METALLB_NAMESPACE, POD);
    for (const namespace of [METALLB_NAMESPACE, ELSEWHERE]) await pod(namespace, METALLB_POD);
    await pool(METALLB_NAMESPACE, '192.0.2.0/24');
    await pool(ELSEWHERE, '198.51.100.0/24');
  }, LONG_MS);
  afterEach(async () => {
    await Promise.all([ours?.end(), metallb.kill()]);
    await kubectl('delete', 'service', '-l', 'of=beside');
  });
  afterAll(async () => {
    await api?.stop();
    rmSync(folder, { recursive: true });
  });

  const kubectl = async (...args: readonly string[]): Promise<void> => {
    const { code, stderr } = await api.kubectl(args);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  };
  const must = async (method: 'POST', path: string, body: object): Promise<void> => {
    const { status, body: answered } = await api.call(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answered)}`);
  };
  const pod = (namespace: string, name: string): Promise<void> =>
    must('POST', `/api/v1/namespaces/${namespace}/pods`, {
      metadata: { name },
      spec: { containers: [{ name: 'controller', image: 'none' }] },
    });
  const pool = (namespace: string, addresses: string): Promise<void> =>
    must('POST', `/apis/metallb.io/v1beta1/namespaces/${namespace}/ipaddresspools`, {
      ...{ apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool', metadata: { name: 'all' } },
      spec: { addresses: [addresses] },
    });
  /** MetalLB's, whose pools are those of this namespace. */
  const startMetallb = async (namespace: string): Promise<void> => {
    const [health = 0, metrics = 0] = await freePorts(2);
    const words = { namespace, 'pod-name': METALLB_POD, 'health-probe-port': health, port: metrics, 'webhook-mode': 'disabled' };
    const flags = Object.entries({ ...words, kubeconfig: api.kubeconfig }).map(([name, value]) => `--${name}=${value}`);
    metallb = new Program({
      ...{ file: METALLB_CONTROLLER, flags, log: join(folder, 'metallb.log') },
      isReady: async () => (await fetch(`http://127.0.0.1:${health}/readyz`)).ok,
    });
    await metallb.start();
  };
  /** MetalLB's has looked at the Service as it is now. */
  const lookedAt = async (name: string): Promise<void> => {
    const looks = (): number =>
      readFileSync(join(folder, 'metallb.log'), 'utf8').split(`"end reconcile":"default/${name}"`).length;
    const before = looks();
    const { status } = await api.call('PATCH', `${SERVICES}/${name}`, { metadata: { annotations: { touched: 'yes' } } });
    expect(status).toBe(200);
    await until(`MetalLB has looked at ${name}`, () => looks() > before, LONG_MS);
  };
  const startOurs = async (): Promise<ArpeggioProcess> => {
    const config = JSON.parse(readFileSync(await api.kubeconfigOf('controller'), 'utf8'));
    config.contexts[0].context.namespace = METALLB_NAMESPACE;
    const kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(kubeconfig, JSON.stringify(config));
    const words = ['controller', '--kubeconfig', kubeconfig, '--pod-name', POD, '--metrics', '0'];
    ours = startArpeggio(words);
    return ours;
  };
  const create = (...names: readonly string[]): Promise<unknown> =>
    Promise.all(
      names.map((name) =>
        must('POST', SERVICES, {
          metadata: { name, labels: { of: 'beside' } },
          spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
        }),
      ),
    );
  /** Of each Service. */
  const addresses = async (): Promise<Readonly<Record<string, string>>> => {
    const { items } = (await api.call('GET', `${SERVICES}?labelSelector=of%3Dbeside`)).body as unknown as { items: Service[] };
    return Object.fromEntries(
      items.map(({ metadata, status }) => [metadata.name, (status.loadBalancer.ingress ?? []).map(({ ip }) => ip).join()]),
    );
  };
  /** Once each has one. */
  const given = (): Promise<Readonly<Record<string, string>>> =>
    until(
      'each has an address that no other has',
      async () => {
        const all = await addresses();
        const values = Object.values(all);
        return values.every((one) => one !== '') && new Set(values).size === values.length && all;
      },
      LONG_MS,
    );
  const events = async (namespace: string): Promise<readonly string[]> => {
    const { items } = (await api.call('GET', `/api/v1/namespaces/${namespace}/events`)).body as unknown as {
      items: { reason: string; message: string; involvedObject: { kind: string; name: string } }[];
    };
    return items.map(({ reason, message, involvedObject: { kind, name } }) => `${kind} ${name} ${reason} ${message}`);
  };
  const told = (one: ArpeggioProcess): readonly string[] =>
    one.lines.filter(({ code }) => code === 'SECOND_CONTROLLER').map(({ msg }) => msg);

  const BESIDE = /^controller \(so MetalLB's is called\) gave an address to default\/\S+ while this controller serves it/;

  describe.runIf(canHaveMetallb())('with the same pools', () => {
    test('leaves each Service the address that it was given', async () => {
      await startMetallb(METALLB_NAMESPACE);
      const one = await startOurs();
      const before: Record<string, string> = {};
      for (let i = 0; i < 20; i++) {
        const name = `single-${i}`;
        await create(name);
        Object.assign(before, { [name]: (await given())[name] });
        await lookedAt(name);
        expect(await given()).toEqual(before);
      }
      expect(one.lines.filter(({ code }) => code === 'STATUS_CONTESTED')).toEqual([]);
    });

    test('names it, and of many at once each comes to an address of its own', async () => {
      await startMetallb(METALLB_NAMESPACE);
      const one = await startOurs();
      const names = Array.from({ length: 60 }, (_, i) => `web-${i}`);
      await create(...names);
      await given();
      await until('it is told', () => told(one).length > 0, LONG_MS);
      expect(told(one)).toEqual([expect.stringMatching(BESIDE)]);
      await until(
        'an event of its Pod says so',
        async () => (await events(METALLB_NAMESPACE)).some((text) => text.startsWith(`Pod ${POD} SECOND_CONTROLLER controller `)),
        LONG_MS,
      );
      await until(
        'an event of the Service says so',
        async () => (await events('default')).some((text) => /^Service web-\d+ SECOND_CONTROLLER /.test(text)),
        LONG_MS,
      );
    });

    test('says nothing of one that is gone, whose addresses stay', async () => {
      await startMetallb(METALLB_NAMESPACE);
      const names = Array.from({ length: 5 }, (_, i) => `left-${i}`);
      await create(...names);
      const first = await given();
      await metallb.kill();
      const one = await startOurs();
      await create('new');
      expect(await given()).toMatchObject(first);
      await until(
        'each is told why it has its address',
        async () => {
          const { body } = await api.call('GET', `${SERVICES}?labelSelector=of%3Dbeside`);
          const { items } = body as unknown as { items: { status: { conditions?: { type: string }[] } }[] };
          return items.every(({ status }) => status.conditions?.some(({ type }) => type === 'arpeggio/Allocated'));
        },
        LONG_MS,
      );
      expect(told(one)).toEqual([]);
    });
  });

  describe.runIf(canHaveMetallb())('with pools of its own', () => {
    test('names it, and leaves it alone for longer each time', async () => {
      await startMetallb(ELSEWHERE);
      const one = await startOurs();
      await create('fought');
      const contest = await until('it is told', () => one.lines.find(({ code }) => code === 'STATUS_CONTESTED'), LONG_MS);
      expect(contest.msg).toMatch(/^controller \(so MetalLB's is called\) writes over the status of default\/fought /);
      // Whoever is asked for while both write at once is not always found.
      await until('it is told that there are two', () => told(one).length > 0, LONG_MS);
      expect(told(one)).toEqual([expect.stringMatching(BESIDE)]);
    });
  });
});
