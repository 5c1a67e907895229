/**
 * The agents as they are installed, in real Pods on three real Nodes.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'cdk8s';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Install } from '../../constructs/index.js';
import { ROOT } from '../constructs/support.js';
import { until } from '../support/until.js';

const IMAGE = process.env['ARPEGGIO_IMAGE'] ?? '';
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
const LONG_MS = 300_000;
/** Cgroups belong to the machine's root, not to that of a user namespace. */
const isRoot = /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'));
const hasPrograms = existsSync(join(process.env['KUBEBUILDER_ASSETS'] ?? '', 'kubelet'));
const lacks = [IMAGE === '' ? 'the image' : '', hasPrograms ? '' : 'a kubelet', isRoot ? '' : 'root'].filter((one) => one !== '');
if (lacks.length > 0) console.error(`no cluster of real Nodes, for lack of ${lacks.join(', ')}`);

interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Not below /run, where the lab has its temporary files: each host of the cluster has a /run of its own. */
const outer = mkdtempSync('/var/tmp/arpeggio-cluster-');
const folder = join(outer, 'cluster');
afterAll(() => rmSync(outer, { recursive: true, force: true }));

function cluster(args: readonly string[], input = ''): Promise<Finished> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['tools/cluster.mjs', ...args], {
      cwd: ROOT,
      env: { ...process.env, ARPEGGIO_CLUSTER: folder },
    });
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (text) => {
        said[name] += text;
      });
    }
    child.on('close', (code) => resolve({ code, ...said }));
    child.stdin.end(input);
  });
}

async function kubectl(words: string, input?: string): Promise<string> {
  const { code, stdout, stderr } = await cluster(['shell', 'kubectl', ...words.split(' ')], input);
  if (code !== 0) throw new Error(`kubectl ${words}: ${stderr}`);
  return stdout;
}

const { charts } = new Install(new App(), 'install', { image: `arpeggio:${version}` });
const list = (items: readonly unknown[]): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });

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
/** The one image that is there has a Node to serve with. */
const SERVE = "require('http').createServer((_, answer) => answer.end('from a real Pod')).listen(8080)";
const WEB = [
  {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image: `arpeggio:${version}`, command: ['node', '-e', SERVE] }] },
      },
    },
  },
  {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' } },
    spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
  },
];

describe.skipIf(lacks.length > 0 && process.env['CI'] !== 'true')('agents in a cluster of three real Nodes', () => {
  beforeAll(async () => {
    const { code, stderr } = await cluster(['up', '3']);
    expect([code, stderr]).toEqual([0, expect.stringContaining('every Node is Ready')]);
  }, LONG_MS);

  afterAll(async () => {
    await cluster(['down']);
  }, LONG_MS);

  test(
    'are ready after one apply, and the client reaches a Service',
    async () => {
      await kubectl('apply --server-side -f -', list(charts.flatMap((chart) => chart.toJson())));
      await kubectl('wait --for=condition=Established crd --all');
      await kubectl('apply -f -', list([...CONFIGURATION, ...WEB]));
      await kubectl('rollout status deployment/controller -n metallb-system --timeout=120s');
      await kubectl('rollout status daemonset/speaker -n metallb-system --timeout=120s');
      await kubectl('rollout status deployment/web --timeout=120s');
      expect(await kubectl('get daemonset speaker -n metallb-system -o jsonpath={.status.numberReady}')).toBe('3');
      const answer = await until(
        'the client is answered',
        async () => {
          const { stdout } = await cluster(['shell', 'client', 'curl', '-s', '--max-time', '2', 'http://192.168.1.240/']);
          return stdout === '' ? undefined : stdout;
        },
        LONG_MS,
      );
      expect(answer).toBe('from a real Pod');
    },
    LONG_MS,
  );

  test(
    'are gone without a trace when it goes',
    async () => {
      const group = readFileSync(join(folder, 'group'), 'utf8');
      expect((await cluster(['down'])).code).toBe(0);
      expect(existsSync(folder)).toBe(false);
      const left = readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .filter((pid) => existsSync(`/proc/${pid}/cmdline`) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder));
      expect(left).toEqual([]);
      const groups = readFileSync('/proc/self/mountinfo', 'utf8');
      expect(groups).not.toContain(group);
      expect((await cluster(['down'])).stderr).toContain('there is none');
    },
    LONG_MS,
  );
});
