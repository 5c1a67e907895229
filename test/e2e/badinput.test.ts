import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { METALLB_NAMESPACE } from '../../src/api/object.js';
import { ROOT } from '../constructs/support.js';
import { type ApiServer, freePorts, startApiServer } from '../support/apiserver.js';
import { install } from '../support/install.js';
import { until } from '../support/until.js';
import { describeWithApiServer } from '../support/withapiserver.js';
import { type ArpeggioProcess, startArpeggio } from './process.js';

type Fields = Readonly<Record<string, unknown>>;

const OURS = `/apis/metallb.io/v1beta1/namespaces/${METALLB_NAMESPACE}`;
const SERVICES = '/api/v1/namespaces/default/services';
const CRDS = join(ROOT, 'dist/00-crds');
/** What is refused is asked for again after up to a minute. */
const LONG_MS = 90_000;
const TIMEOUT = { timeout: 3 * LONG_MS };

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** A controller in a Pod of a cluster in which something is not as it should be. */
class World {
  readonly api: ApiServer;
  readonly #folder: string;
  readonly #running: ArpeggioProcess[] = [];

  constructor(api: ApiServer, folder: string) {
    this.api = api;
    this.#folder = folder;
  }

  /** As in a Pod, whose namespace is that of the account. */
  async start(args: readonly string[] = [], from?: string, namespace: string = METALLB_NAMESPACE): Promise<ArpeggioProcess> {
    const config = JSON.parse(readFileSync(from ?? (await this.api.kubeconfigOf('controller')), 'utf8'));
    config.contexts[0].context.namespace = namespace;
    const kubeconfig = join(this.#folder, 'kubeconfig');
    writeFileSync(kubeconfig, JSON.stringify(config));
    const one = startArpeggio([
      'controller',
      '--kubeconfig',
      kubeconfig,
      '--pod-name',
      'controller-1',
      '--metrics',
      '0',
      ...args,
    ]);
    this.#running.push(one);
    return one;
  }

  async end(): Promise<void> {
    await Promise.all(this.#running.splice(0).map((one) => one.end()));
  }

  async must(method: 'POST' | 'DELETE', path: string, body?: object): Promise<void> {
    const { status, body: answered } = await this.api.call(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answered)}`);
  }

  async kubectl(...args: readonly string[]): Promise<void> {
    const { code, stderr } = await this.api.kubectl(args);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  }

  pool(name: string, spec: object): Promise<void> {
    return this.must('POST', `${OURS}/ipaddresspools`, {
      apiVersion: 'metallb.io/v1beta1',
      kind: 'IPAddressPool',
      metadata: { name },
      spec,
    });
  }

  service(name: string): Promise<void> {
    return this.must('POST', SERVICES, { metadata: { name }, spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } });
  }

  pod(namespace: string = METALLB_NAMESPACE): Promise<void> {
    const spec = { containers: [{ name: 'controller', image: 'none' }] };
    return this.must('POST', `/api/v1/namespaces/${namespace}/pods`, { metadata: { name: 'controller-1' }, spec });
  }

  async get(path: string): Promise<Fields> {
    return (await this.api.call('GET', path)).body;
  }

  async address(name: string): Promise<string | undefined> {
    const { status } = (await this.get(`${SERVICES}/${name}`)) as { status?: { loadBalancer: { ingress?: { ip: string }[] } } };
    return status?.loadBalancer.ingress?.[0]?.ip;
  }

  async conditions(path: string): Promise<readonly Condition[]> {
    const { status } = (await this.get(path)) as { status?: { conditions?: Condition[] } };
    return status?.conditions ?? [];
  }

  /** `Warning KUBE_FORBIDDEN message` of each event of an object. */
  async events(namespace: string, name: string): Promise<readonly string[]> {
    const { items } = (await this.get(`/api/v1/namespaces/${namespace}/events?fieldSelector=involvedObject.name%3D${name}`)) as {
      items: { type: string; reason: string; message: string }[];
    };
    return items.map(({ type, reason, message }) => `${type} ${reason} ${message}`);
  }

  /** The log and an event of the Pod say it. */
  async said(one: ArpeggioProcess, code: string, what: RegExp, namespace: string = METALLB_NAMESPACE): Promise<void> {
    const isSaid = (text: string): boolean => text.includes(code) && what.test(text);
    await until(`the log says ${code}`, () => one.lines.some((line) => line['code'] === code && what.test(line.msg)), LONG_MS);
    await until(`an event says ${code}`, async () => (await this.events(namespace, 'controller-1')).some(isSaid), LONG_MS);
    expect(one.exitCode()).toBeUndefined();
  }

  /** Its ConfigurationState says what is refused; absent: that nothing is. */
  async refused(what?: RegExp): Promise<void> {
    const expected = what === undefined ? 'nothing is refused' : `${what} is refused`;
    await until(
      `its state says that ${expected}`,
      async () => {
        const all = await this.conditions(`${OURS}/configurationstates/controller`);
        const condition = all.find(({ type }) => type === 'arpeggio/Refused');
        if (condition === undefined || what === undefined) return condition?.status === 'False';
        return condition.status === 'True' && what.test(`${condition.reason} ${condition.message}`);
      },
      LONG_MS,
    );
  }
}

describeWithApiServer('a controller', () => {
  const folder = mkdtempSync(join(tmpdir(), 'arpeggio-bad-input-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  describe('of a cluster that nothing was installed in but its roles', TIMEOUT, () => {
    let world: World;
    beforeAll(async () => {
      world = new World(await startApiServer(), folder);
      await world.kubectl('create', 'namespace', METALLB_NAMESPACE);
      await world.kubectl('apply', '--server-side', '-f', join(ROOT, 'dist/10-rbac'));
      await world.pod();
    });
    afterEach(() => world.end());
    afterAll(() => world?.api.stop());

    test('says which kinds are missing, is not ready, and works as soon as they are there', async () => {
      const [port = 0] = await freePorts(1);
      const one = await world.start(['--health-probe-port', String(port)]);
      await world.said(one, 'KUBE_KIND_MISSING', /IPAddressPool objects cannot be followed: the API server has no such kind/);
      const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
      expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining('KUBE_KIND_MISSING no IPAddressPool')]);
      // All but the pools are there, and with them the place to say so.
      const files = readdirSync(CRDS).filter((name) => name.endsWith('.yaml') && !name.includes('ipaddresspools'));
      expect(files).toHaveLength(3);
      await world.kubectl('apply', '--server-side', ...files.flatMap((name) => ['-f', join(CRDS, name)]));
      await world.refused(/KUBE_KIND_MISSING .*IPAddressPool objects cannot be followed/);
      await world.kubectl('apply', '--server-side', '-f', CRDS);
      await world.kubectl('wait', '--for=condition=Established', 'crd', '--all');
      await world.pool('a', { addresses: ['192.0.2.1-192.0.2.9'] });
      await world.service('web');
      await until('it has an address', async () => (await world.address('web')) === '192.0.2.1', LONG_MS);
      await world.refused();
      expect(one.exitCode()).toBeUndefined();
    });
  });

  describe('of an installed cluster', TIMEOUT, () => {
    let world: World;
    beforeAll(async () => {
      world = new World(await startApiServer(), folder);
      await install(world.api);
      await world.pod();
      await world.pool('a', { addresses: ['192.0.2.1-192.0.2.9'] });
      const all = { apiVersion: 'metallb.io/v1beta1', kind: 'L2Advertisement', metadata: { name: 'all' } };
      await world.must('POST', `${OURS}/l2advertisements`, all);
    });
    afterEach(async () => {
      await world.end();
      // Few of the tests make one.
      await world.api.call('DELETE', `${SERVICES}/web`);
    });
    afterAll(() => world?.api.stop());

    test('says which verb on which resource it may not, and works as soon as it may', async () => {
      const role = ['clusterrole', 'arpeggio-controller'];
      const without = JSON.stringify([{ op: 'replace', path: '/rules/0/resources', value: ['services', 'namespaces'] }]);
      await world.kubectl('patch', ...role, '--type=json', '-p', without);
      onTestFinished(() => world.kubectl('apply', '--server-side', '--force-conflicts', '-f', join(ROOT, 'dist/10-rbac')));
      const one = await world.start();
      await world.said(one, 'KUBE_FORBIDDEN', /controller may not watch nodes in every namespace/);
      await world.refused(/KUBE_FORBIDDEN .*may not watch nodes/);
      await world.service('web');
      await world.kubectl('apply', '--server-side', '--force-conflicts', '-f', join(ROOT, 'dist/10-rbac'));
      await until('it has an address', async () => (await world.address('web')) !== undefined, LONG_MS);
      await world.refused();
    });

    test('says that it may not write addresses or events, until it may', async () => {
      const role = ['clusterrole', 'arpeggio-controller'];
      const { rules } = (await world.get('/apis/rbac.authorization.k8s.io/v1/clusterroles/arpeggio-controller')) as {
        rules: { resources: string[]; verbs: string[] }[];
      };
      const reading = rules.filter(({ verbs }) => verbs.includes('list'));
      await world.kubectl(
        'patch',
        ...role,
        '--type=json',
        '-p',
        JSON.stringify([{ op: 'replace', path: '/rules', value: reading }]),
      );
      onTestFinished(() => world.kubectl('apply', '--server-side', '--force-conflicts', '-f', join(ROOT, 'dist/10-rbac')));
      const one = await world.start();
      await world.service('web');
      await world.refused(/may not create events/);
      await world.refused(/may not patch services\/status/);
      expect(one.lines.some(({ code, msg }) => code === 'KUBE_FORBIDDEN' && /may not patch services\/status/.test(msg))).toBe(
        true,
      );
      await world.kubectl('apply', '--server-side', '--force-conflicts', '-f', join(ROOT, 'dist/10-rbac'));
      await until('it has an address', async () => (await world.address('web')) !== undefined, LONG_MS);
      // The next event shows that they can be written.
      await world.service('next');
      onTestFinished(() => world.must('DELETE', `${SERVICES}/next`));
      await world.refused();
    });

    test('in another namespace than its roles says which it should be', async () => {
      const one = await world.start(['--namespace', 'elsewhere']);
      await world.said(one, 'KUBE_FORBIDDEN', /in the namespace elsewhere: its rights are for metallb-system, which --namespace/);
    });

    test('of a namespace that does not exist says so', async () => {
      const one = await world.start(['--namespace', 'elsewhere'], world.api.kubeconfig);
      await world.said(one, 'KUBE_NAMESPACE_MISSING', /there is no namespace elsewhere/);
    });

    test('beside an older install gives and takes nothing; once that is gone, nothing before there are pools', async () => {
      const first = await world.start();
      await world.service('web');
      const had = await until('it has an address', () => world.address('web'), LONG_MS);
      await world.kubectl('create', 'namespace', 'second');
      onTestFinished(async () => {
        await world.end();
        await world.kubectl('delete', 'lease', '-n', 'second', 'arpeggio-controller');
      });
      await world.pod('second');
      const second = await world.start(['--namespace', 'second'], world.api.kubeconfig, 'second');
      const rival = /a controller in the namespace metallb-system serves the same Services/;
      await world.said(second, 'SECOND_INSTALL', rival, 'second');
      await first.end();
      await world.kubectl('delete', 'lease', '-n', METALLB_NAMESPACE, 'arpeggio-controller');
      await until('it spares it', () => second.lines.some(({ code }) => code === 'POOLS_MISSING'), LONG_MS);
      expect(await world.address('web')).toBe(had);
    });

    test('says of a Service whose pool is deleted what became of its address', async () => {
      const one = await world.start();
      await world.service('web');
      await until('it has an address', async () => (await world.address('web')) !== undefined, LONG_MS);
      const had = await world.address('web');
      await world.must('DELETE', `${OURS}/ipaddresspools/a`);
      onTestFinished(() => world.pool('a', { addresses: ['192.0.2.1-192.0.2.9'] }));
      await until('the address is taken back', async () => (await world.address('web')) === undefined, LONG_MS);
      const allocated = await until('it is told why', async () =>
        (await world.conditions(`${SERVICES}/web`)).find(({ status }) => status === 'False'),
      );
      expect(allocated.reason).toMatch(/^[A-Z_]+$/);
      const events = await until('the events are there', async () => {
        const all = await world.events('default', 'web');
        return (
          all.some((text) => text.startsWith('Normal ClearAssignment')) && all.some((text) => text.startsWith('Warning')) && all
        );
      });
      expect(events.join('\n')).toContain(`default/web no longer has ${had}`);
      expect(events.join('\n')).toContain(
        `Warning AllocationFailed Failed to allocate IP for "default/web": ${allocated.reason}: `,
      );
      await until('the log has the code', () =>
        one.lines.some(({ event, code }) => event === 'allocationFailed' && code === allocated.reason),
      );
    });

    describe('whose CRD lets everything pass', () => {
      const SPEC = '/spec/versions/0/schema/openAPIV3Schema/properties/spec';
      beforeAll(async () => {
        const value = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
        const patch = JSON.stringify([{ op: 'replace', path: SPEC, value }]);
        await world.kubectl('patch', 'crd', 'ipaddresspools.metallb.io', '--type=json', '-p', patch);
        await until('it lets everything pass', async () => {
          const made = await world.api.call('POST', `${OURS}/ipaddresspools?dryRun=All`, {
            ...{ apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool', metadata: { name: 'try' } },
            spec: { addresses: 5 },
          });
          return made.status === 201;
        });
      });

      test('works with a field that it does not know, and names it', async () => {
        await world.pool('newer', { addresses: ['192.0.2.20-192.0.2.29'], colour: 'blue' });
        onTestFinished(() => world.must('DELETE', `${OURS}/ipaddresspools/newer`));
        const one = await world.start();
        const ready = await until('it is named', async () =>
          (await world.conditions(`${OURS}/ipaddresspools/newer`)).find(({ message }) => message.includes('colour')),
        );
        expect([ready.status, ready.message]).toEqual([
          'True',
          expect.stringContaining('UNKNOWN_FIELD: "colour" is not a field of spec'),
        ]);
        expect(one.lines.filter(({ code }) => code === 'UNKNOWN_FIELD').map(({ level }) => level)).toEqual(['warn']);
        expect(await world.conditions(`${OURS}/configurationstates/controller`)).toMatchObject([
          { type: 'poolReconcilerValid', status: 'True' },
          { type: 'arpeggio/Refused', status: 'False' },
        ]);
      });

      test('keeps what was in force when an object cannot be read, and names it', async () => {
        const one = await world.start();
        await world.service('web');
        await until('it has an address', async () => (await world.address('web')) !== undefined, LONG_MS);
        const had = await world.address('web');
        await world.pool('broken', { addresses: 'many' });
        onTestFinished(() => world.must('DELETE', `${OURS}/ipaddresspools/broken`));
        await until('the configuration is refused', async () =>
          (await world.conditions(`${OURS}/configurationstates/controller`)).some(
            ({ status, reason }) => status === 'False' && reason === 'ConfigurationError',
          ),
        );
        const [ready] = await world.conditions(`${OURS}/ipaddresspools/broken`);
        expect(ready).toMatchObject({ type: 'Ready', status: 'False', reason: 'FIELD_INVALID' });
        expect(one.lines.some(({ code, level }) => code === 'FIELD_INVALID' && level === 'error')).toBe(true);
        expect([await world.address('web'), one.exitCode()]).toEqual([had, undefined]);
      });
    });
  });

  test('of an older API server works, and says what it does without', TIMEOUT, async () => {
    const older = ['--emulated-version=1.31', '--feature-gates=WatchList=false'];
    const world = new World(await startApiServer({ more: older }), folder);
    onTestFinished(async () => {
      await world.end();
      await world.api.stop();
    });
    await install(world.api);
    await world.pod();
    await world.pool('a', { addresses: ['192.0.2.1-192.0.2.9'] });
    await world.service('web');
    const one = await world.start();
    await until('it has an address', async () => (await world.address('web')) === '192.0.2.1', LONG_MS);
    const lacks = one.lines.filter(({ code }) => code === 'KUBE_FEATURE_MISSING').map(({ level, msg }) => `${level} ${msg}`);
    expect(lacks.sort()).toEqual([
      expect.stringMatching(/^warn the API server does not begin a watch with everything there is/),
      expect.stringMatching(/^warn the API server has no ServiceCIDR objects/),
    ]);
    await world.service('api');
    await until('the next has one', async () => (await world.address('api')) === '192.0.2.2', LONG_MS);
  });
});
