import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { METALLB_NAMESPACE } from '../../src/api/object.js';
import { ROOT } from '../constructs/support.js';
import { ask } from '../lab/arping.js';
import { Network } from '../lab/network.js';
import { type ApiServer, startApiServer } from '../support/apiserver.js';
import { install } from '../support/install.js';
import { until } from '../support/until.js';
import { describeWithApiServer } from '../support/withapiserver.js';
import { Door } from './door.js';
import { type ArpeggioProcess, type LogLine, startArpeggio } from './process.js';

type Fields = Readonly<Record<string, unknown>>;

const OURS = `/apis/metallb.io/v1beta1/namespaces/${METALLB_NAMESPACE}`;
const SERVICES = '/api/v1/namespaces/default/services';
const ADDRESS = '192.168.1.240';
const API = '192.168.1.1';
const LONG_MS = 30_000;

interface Speaker {
  readonly lines: LogLine[];
  readonly end: (signal: NodeJS.Signals) => Promise<void>;
}

describeWithApiServer('speakers of a real API server', () => {
  let api: ApiServer;
  let network: Network;
  let door: Door;
  let controller: ArpeggioProcess;
  const folder = mkdtempSync(join(tmpdir(), 'arpeggio-speakers-'));
  const speakers = new Map<string, Speaker>();
  const hosts = { n1: '192.168.1.11', n2: '192.168.1.12', client: '192.168.1.100' } as const;
  const nodes = ['n1', 'n2'] as const;

  const must = async (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<Fields> => {
    const answer = await api.call(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  /** An object and its status, which an API server takes one after the other. */
  const create = async (path: string, object: object, status: object): Promise<void> => {
    const made = await must('POST', path, object);
    const { name } = made['metadata'] as { name: string };
    await must('PUT', `${path}/${name}/status`, { ...made, status });
  };

  beforeAll(async () => {
    [api, network] = await Promise.all([
      startApiServer(),
      Network.create({ hosts: Object.entries(hosts).map(([name, address]) => ({ name, address: `${address}/24` })) }),
    ]);
    await network.join(`${API}/24`);
    await install(api);
    const config = JSON.parse(readFileSync(await api.kubeconfigOf('speaker'), 'utf8'));
    const { cluster } = config.clusters[0];
    const { port } = new URL(cluster.server);
    door = new Door(API, Number(port), Number(port));
    await door.open();
    cluster.server = `https://${API}:${port}`;
    cluster['tls-server-name'] = 'kubernetes';
    writeFileSync(join(folder, 'kubeconfig'), JSON.stringify(config));

    const ours = (kind: string, spec: object): object => ({
      ...{ apiVersion: 'metallb.io/v1beta1', kind, spec },
      metadata: { name: 'all', namespace: METALLB_NAMESPACE },
    });
    await must('POST', `${OURS}/ipaddresspools`, ours('IPAddressPool', { addresses: [`${ADDRESS}-192.168.1.250`] }));
    await must('POST', `${OURS}/l2advertisements`, ours('L2Advertisement', {}));
    for (const name of nodes) {
      const addresses = [{ type: 'InternalIP', address: hosts[name] }];
      await create('/api/v1/nodes', { metadata: { name } }, { addresses });
      await create(
        `/api/v1/namespaces/${METALLB_NAMESPACE}/pods`,
        {
          metadata: { name: `speaker-${name}`, labels: { component: 'speaker' } },
          spec: { nodeName: name, containers: [{ name: 'speaker', image: 'none' }] },
        },
        { phase: 'Running', podIP: hosts[name], podIPs: [{ ip: hosts[name] }] },
      );
    }
    await must('POST', SERVICES, { metadata: { name: 'web' }, spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } });
    await must('POST', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
      metadata: { name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
      addressType: 'IPv4',
      ports: [{ port: 80 }],
      endpoints: nodes.map((nodeName, i) => ({ addresses: [`10.0.0.${i + 1}`], nodeName, conditions: { ready: true } })),
    });
    controller = startArpeggio(['controller', '--kubeconfig', await api.kubeconfigOf('controller'), '--metrics', '0']);
  });
  afterEach(async () => {
    await Promise.all([...speakers.values()].map(({ end }) => end('SIGKILL')));
    speakers.clear();
  });
  afterAll(async () => {
    await controller?.end();
    door?.shut();
    await network?.destroy();
    await api?.stop();
    rmSync(folder, { recursive: true });
  });

  const start = (name: (typeof nodes)[number]): Speaker => {
    const args = ['speaker', '--kubeconfig', join(folder, 'kubeconfig'), '--node-name', name, '--namespace', METALLB_NAMESPACE];
    const options = [
      '--interface',
      'eth0',
      '--ml-labels',
      'component=speaker',
      '--ml-bindaddr',
      hosts[name],
      '--failback-delay',
      '0',
    ];
    const own = ['--pod-name', `speaker-${name}`, '--keep-view', join(folder, name), '--metrics', '127.0.0.1:7472'];
    const child = network.host(name).spawn(process.execPath, [join(ROOT, 'build/arpeggio.js'), ...args, ...options, ...own], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines: LogLine[] = [];
    if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)));
    const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const speaker = {
      lines,
      end: async (signal: NodeJS.Signals): Promise<void> => {
        if (child.exitCode === null && child.signalCode === null) child.kill(signal);
        await exit;
      },
    };
    speakers.set(name, speaker);
    return speaker;
  };
  /** The node whose MAC answers. */
  const owner = async (): Promise<string | undefined> => {
    const mac = await ask(network.host('client'), ADDRESS);
    return nodes.find((name) => network.host(name).mac === mac);
  };
  const announced = async (): Promise<readonly string[]> => {
    const { items } = (await must('GET', `${OURS}/servicel2statuses`)) as {
      items: { status?: { node?: string; serviceName?: string } }[];
    };
    return items.map(({ status }) => `${status?.serviceName} ${status?.node}`);
  };

  test('answer for what the controller gave, say who does, and take over from each other', async () => {
    for (const name of nodes) start(name);
    const first = await until('somebody answers', owner, LONG_MS);
    await until(
      'both are members',
      () =>
        [...speakers.values()].every(({ lines }) =>
          lines.some(({ event, state }) => event === 'memberChanged' && state === 'alive'),
        ),
      LONG_MS,
    );
    const settled = await until(
      'it is said who answers',
      async () => {
        const [now, said] = await Promise.all([owner(), announced()]);
        return said.length === 1 && said[0] === `web ${now}` ? now : undefined;
      },
      LONG_MS,
    );
    const { stdout } = await api.kubectl(['describe', 'service', 'web']);
    expect(stdout).toContain(`announcing from node "${settled}" with protocol "layer2"`);
    const { items } = (await must('GET', `${OURS}/servicel2statuses`)) as { items: { metadata: Fields }[] };
    expect(items[0]?.metadata).toMatchObject({
      labels: { 'metallb.io/node': settled, 'metallb.io/service-name': 'web', 'metallb.io/service-namespace': 'default' },
      ownerReferences: [{ kind: 'Pod', name: `speaker-${settled}` }],
    });
    const { status } = (await must('GET', `${OURS}/configurationstates/speaker-${settled}`)) as { status: Fields };
    expect(status).toMatchObject({ result: 'Valid' });

    await speakers.get(settled)?.end('SIGKILL');
    const second = await until(
      'the other answers',
      async () => {
        const now = await owner();
        return now !== settled ? now : undefined;
      },
      LONG_MS,
    );
    expect(nodes).toContain(first);
    await until('the status is the other’s alone', async () => (await announced()).join() === `web ${second}`, LONG_MS);
  });

  test('go on while the API server is away, also after a restart', async () => {
    start('n1');
    await until('n1 answers', async () => (await owner()) === 'n1', LONG_MS);
    await until(
      'the view is kept',
      () => {
        try {
          return readFileSync(join(folder, 'n1', 'view.json'), 'utf8').includes(ADDRESS);
        } catch {
          return false;
        }
      },
      LONG_MS,
    );
    door.shut();
    await until(
      'the API server is away',
      () => speakers.get('n1')?.lines.some(({ code }) => code === 'KUBE_API_UNAVAILABLE'),
      LONG_MS,
    );
    expect(await owner()).toBe('n1');
    await speakers.get('n1')?.end('SIGKILL');
    expect(await owner()).toBeUndefined();
    start('n1');
    await until('n1 answers again', async () => (await owner()) === 'n1', LONG_MS);

    await door.open();
    await must('DELETE', `${SERVICES}/web`);
    await until('nobody answers for what is gone', async () => (await owner()) === undefined, LONG_MS);
  });
});
