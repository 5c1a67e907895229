/**
 * MetalLB itself runs in a cluster of three real Nodes, is replaced word for word as docs/moving-in.md says, and comes back, while a client
 * asks all the time.
 */
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'cdk8s';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Install } from '../../constructs/index.js';
import { ROOT } from '../constructs/support.js';
import { answersIn } from './arpgap.js';
import { canHaveMetallb, METALLB_MANIFEST, writeMetallbImages } from './metallb.js';
import { canHaveRealCluster, RealCluster } from './realcluster.js';
import { ANSWER, workload } from './workload.js';

const LONG_MS = 400_000;
const [THERE = '', BACK = ''] = readFileSync(join(ROOT, 'docs/moving-in.md'), 'utf8').split(/^## And back$/m);
const blocksOf = (text: string): readonly string[] =>
  [...text.matchAll(/^( *)```\n(.*?)^\1```$/gms)].map(([, indent = '', block = '']) => block.replaceAll(`\n${indent}`, '\n'));

const object = (kind: string, name: string, spec: object): object => ({
  apiVersion: 'metallb.io/v1beta1',
  kind,
  metadata: { name, namespace: 'metallb-system' },
  spec,
});
const CONFIGURATION = [
  object('IPAddressPool', 'first', { addresses: ['192.168.1.240-192.168.1.250'] }),
  object('L2Advertisement', 'first', { ipAddressPools: ['first'] }),
];
const SHARED = { 'metallb.io/allow-shared-ip': 'both' };
const SERVICES: Readonly<Record<string, { readonly annotations?: object; readonly spec?: object; readonly port?: number }>> = {
  plain: {},
  asked: { annotations: { 'metallb.universe.tf/loadBalancerIPs': '192.168.1.248' } },
  'one-of-two': { annotations: SHARED },
  'other-of-two': { annotations: SHARED, port: 81 },
  local: { spec: { externalTrafficPolicy: 'Local' } },
};
const service = ([name, { annotations = {}, spec = {}, port = 80 }]: [string, (typeof SERVICES)[string]]): object => ({
  ...{ apiVersion: 'v1', kind: 'Service', metadata: { name, annotations } },
  spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port, targetPort: 8080 }], ...spec },
});
const list = (items: readonly object[]): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });

/** Asks again and again over HTTP, each time with a connection of its own; writes a line for each, `START TOOK ANSWER`. */
const ASK = `
const http = require('http');
const once = () => new Promise((resolve) => {
  const request = http.get({ host: process.argv[1], agent: false, timeout: 10000 }, (response) => {
    let body = '';
    response.on('data', (text) => (body += text)).on('end', () => resolve(body));
  });
  request.on('timeout', () => request.destroy()).on('error', (error) => resolve(error.code));
});
(async () => {
  for (;;) {
    const start = Date.now();
    const answer = await once();
    console.log(start, Date.now() - start, answer);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
})()`;

describe.runIf(canHaveRealCluster() && canHaveMetallb())('a running MetalLB', () => {
  const cluster = new RealCluster();
  let folder = '';
  let addresses: Readonly<Record<string, string>> = {};

  beforeAll(async () => {
    folder = mkdtempSync('/var/tmp/arpeggio-moving-in-');
    copyFileSync(join(ROOT, 'install.yaml'), join(folder, 'install.yaml'));
    copyFileSync(METALLB_MANIFEST, join(folder, 'metallb-native.yaml'));
    await cluster.up(await writeMetallbImages(folder));
  }, LONG_MS);

  afterAll(async () => {
    await cluster.down();
    rmSync(folder, { recursive: true });
  }, LONG_MS);

  const shell = (script: string): Promise<string> => cluster.run(['bash', '-ec', `cd ${folder}\n${script}`]);
  /** Of each Service, with its pool. */
  const given = async (): Promise<Readonly<Record<string, string>>> => {
    const { items } = JSON.parse(await cluster.kubectl('get services -o json')) as {
      items: {
        metadata: { name: string; annotations?: Record<string, string> };
        status: { loadBalancer: { ingress?: { ip: string }[] } };
      }[];
    };
    return Object.fromEntries(
      items
        .filter(({ metadata }) => metadata.name in SERVICES)
        .map(({ metadata, status: { loadBalancer } }) => {
          const ips = (loadBalancer.ingress ?? []).map(({ ip }) => ip).join();
          return [metadata.name, `${ips} ${metadata.annotations?.['metallb.io/ip-allocated-from-pool']}`];
        }),
    );
  };
  const ipOf = (name: string): string => addresses[name]?.split(' ')[0] ?? '';
  /** A client that has to ask anew who has the address. */
  const isAnswered = async (name: string): Promise<boolean> => {
    const url = `http://${ipOf(name)}:${SERVICES[name]?.port ?? 80}/`;
    const { stdout } = await cluster.command([
      'shell',
      'client',
      'sh',
      '-c',
      `ip neigh flush dev eth0; curl -s --max-time 2 ${url}`,
    ]);
    return stdout === ANSWER;
  };
  const areAnswered = async (): Promise<void> => {
    for (const name of Object.keys(SERVICES)) await cluster.until(`${name} is answered`, () => isAnswered(name));
  };
  const images = async (): Promise<readonly string[]> => {
    const text = await cluster.kubectl('get pods -n metallb-system -o jsonpath={.items[*].spec.containers[*].image}');
    return [...new Set(text.split(' '))].map((image) => image.replace(/:[^:]*$/, '')).sort();
  };

  test('gives addresses and answers for them', { timeout: LONG_MS }, async () => {
    // Where the API server is, no kube-proxy takes it to the Service of the webhook.
    await shell('ip route add 10.96.0.0/16 via 192.168.1.11');
    await shell('kubectl apply -f metallb-native.yaml');
    await shell('kubectl rollout status -n metallb-system deployment/controller --timeout=3m');
    await shell('kubectl rollout status -n metallb-system daemonset/speaker --timeout=3m');
    const configured = (): Promise<boolean> =>
      cluster.kubectl('apply -f -', list(CONFIGURATION)).then(
        () => true,
        () => false,
      );
    await cluster.until('its webhook takes the configuration', configured);
    await cluster.kubectl('apply -f -', list([workload({ replicas: 3 }), ...Object.entries(SERVICES).map(service)]));
    await shell('kubectl rollout status deployment/web --timeout=3m');
    addresses = await cluster.until('each has an address', async () => {
      const all = await given();
      return Object.values(all).every((one) => one.startsWith('192.168.1.2')) && all;
    });
    expect(ipOf('asked')).toBe('192.168.1.248');
    expect(ipOf('one-of-two')).toBe(ipOf('other-of-two'));
    await areAnswered();
    expect(await images()).toEqual(['quay.io/metallb/controller', 'quay.io/metallb/speaker']);
  });

  test('leaves each Node that is labelled to a second speaker, where its own has another name', {
    timeout: LONG_MS,
  }, async () => {
    const { charts } = new Install(new App(), 'install', { speaker: { nodeSelector: { speaker: 'second' } } });
    const speaker = charts.flatMap((chart) => chart.toJson()).find(({ kind }) => kind === 'DaemonSet');
    const renamed = JSON.stringify(speaker).replaceAll('"metallb"', '"second"').replace('"name":"speaker"', '"name":"second"');
    const readyOf = async (name: string): Promise<string> =>
      cluster.kubectl(`get daemonset ${name} -n metallb-system -o jsonpath={.status.numberReady}`);
    await cluster.kubectl('apply -f -', renamed);
    for (const [i, node] of ['n1', 'n2', 'n3'].entries()) {
      await cluster.kubectl(`label node ${node} speaker=second`);
      await cluster.until(
        `${node} has changed`,
        async () => (await readyOf('second')) === `${i + 1}` && (await readyOf('speaker')) === `${2 - i}`,
      );
      await areAnswered();
    }
    const messages = await cluster.kubectl('get events -n metallb-system -o jsonpath={.items[*].message}');
    expect(messages).toMatch(/Preempted by pod \S+ on node n1/);
    expect(messages).toContain("didn't have free ports for the requested pod ports");
    expect(await given()).toEqual(addresses);
    await cluster.kubectl('delete daemonset second -n metallb-system');
    await shell('kubectl rollout status -n metallb-system daemonset/speaker --timeout=3m');
    await areAnswered();
  });

  test.each([
    { where: 'is replaced', blocks: blocksOf(THERE), expected: ['arpeggio'] },
    { where: 'comes back', blocks: blocksOf(BACK), expected: ['quay.io/metallb/controller', 'quay.io/metallb/speaker'] },
  ])('$where as the page says, and no Service ever has another address', { timeout: LONG_MS }, async ({ blocks, expected }) => {
    expect(blocks.length).toBeGreaterThan(0);
    const address = ipOf('plain');
    const columns = 'NAME:.metadata.name,IPS:.status.loadBalancer.ingress[*].ip';
    await shell(`
      kubectl get services --watch --no-headers -o custom-columns=${columns} > watched 2> watched-errors & echo $! > pids
      client tcpdump -l -tt -n -i eth0 arp > heard 2> heard-errors & echo $! >> pids
      client arping -q -i eth0 -W 0.02 ${address} > /dev/null 2>&1 & echo $! >> pids
      client node -e "$(cat <<'END'\n${ASK}\nEND\n)" ${address} > asked 2> asked-errors & echo $! >> pids`);
    const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
    const asked = (): readonly string[] => read('asked').split('\n').slice(0, -1);
    await cluster.until('the client asks', () => asked().length > 10 && answersIn(read('heard'), address).count > 10);
    for (const block of blocks) await shell(`arpeggio() { node ${ROOT}build/arpeggio.js "$@"; }\n${block}`);
    await areAnswered();
    await shell('kill $(cat pids)');

    await cluster.until('nothing of the other is left', async () => (await images()).join() === expected.join());
    // What the one before has written is no sign that it is there still.
    expect(await cluster.kubectl('get events -n metallb-system -o jsonpath={.items[*].reason}')).not.toContain(
      'SECOND_CONTROLLER',
    );
    expect(await given()).toEqual(addresses);
    const watched = new Set(
      read('watched')
        .split('\n')
        .filter((line) => !/^(?:kubernetes .*)?$/.test(line)),
    );
    expect([...watched].map((line) => line.split(/\s+/)).sort()).toEqual(
      Object.keys(SERVICES)
        .map((name) => [name, ipOf(name)])
        .sort(),
    );
    const answers = answersIn(read('heard'), address);
    const failed = asked().filter((line) => !line.endsWith(' from a real Pod'));
    const slowest = Math.max(...asked().map((line) => Number(line.split(' ')[1])));
    console.log(
      `MetalLB: nobody answered ARP for ${answers.longestGapMs.toFixed(0)} ms at most (${answers.count} answers of ${answers.by.length} Nodes); ` +
        `${asked().length} requests, ${failed.length} failed, the slowest took ${slowest} ms ${failed.join('; ')}`,
    );
  });
});
