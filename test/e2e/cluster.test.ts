/**
 * The agents as they are installed, in real Pods on three real Nodes.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'cdk8s';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Install } from '../../constructs/index.js';
import { ROOT } from '../constructs/support.js';
import { until } from '../support/until.js';
import { canHaveRealCluster, RealCluster } from './realcluster.js';

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
const LONG_MS = 300_000;
const cluster = new RealCluster();

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

describe.runIf(canHaveRealCluster())('agents in a cluster of three real Nodes', () => {
  beforeAll(async () => {
    await cluster.up();
  }, LONG_MS);

  afterAll(async () => {
    await cluster.down();
  }, LONG_MS);

  test(
    'are ready after one apply, and the client reaches a Service',
    async () => {
      await cluster.kubectl('apply --server-side -f -', list(charts.flatMap((chart) => chart.toJson())));
      await cluster.kubectl('wait --for=condition=Established crd --all');
      await cluster.kubectl('apply -f -', list([...CONFIGURATION, ...WEB]));
      await cluster.kubectl('rollout status deployment/controller -n metallb-system --timeout=120s');
      await cluster.kubectl('rollout status daemonset/speaker -n metallb-system --timeout=120s');
      await cluster.kubectl('rollout status deployment/web --timeout=120s');
      expect(await cluster.kubectl('get daemonset speaker -n metallb-system -o jsonpath={.status.numberReady}')).toBe('3');
      const answer = await until(
        'the client is answered',
        async () => {
          const { stdout } = await cluster.command(['shell', 'client', 'curl', '-s', '--max-time', '2', 'http://192.168.1.240/']);
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
      const group = readFileSync(join(cluster.folder, 'group'), 'utf8');
      expect((await cluster.down()).code).toBe(0);
      expect(existsSync(cluster.folder)).toBe(false);
      const left = readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .filter(
          (pid) => existsSync(`/proc/${pid}/cmdline`) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(cluster.folder),
        );
      expect(left).toEqual([]);
      const groups = readFileSync('/proc/self/mountinfo', 'utf8');
      expect(groups).not.toContain(group);
      expect((await cluster.down()).stderr).toContain('there is none');
    },
    LONG_MS,
  );
});
