/**
 * The agents as they are installed, in real Pods on three real Nodes.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'cdk8s';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createMetrics } from '../../agents/runtime/metrics.js';
import { ALERTS } from '../../constructs/alerts.js';
import { Install, Monitoring } from '../../constructs/index.js';
import { ROOT } from '../constructs/support.js';
import { canHavePromtool, exposition, promtool, scrape, targetsOf } from '../prometheus/promtool.js';
import { type Observed, ruleTests } from '../prometheus/ruletest.js';
import { SCENARIOS } from '../prometheus/scenarios.js';
import type { PodMonitor } from '../prometheus/scrapeconfig.js';
import { type Labels, seriesOf } from '../prometheus/series.js';
import { until } from '../support/until.js';
import { canHaveRealCluster, RealCluster } from './realcluster.js';

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
const LONG_MS = 300_000;
const SOON_MS = 30_000;
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

const IN_FAMILIES = ['', 'ipv4_', 'ipv6_'];
const GAUGES_WITH_TOTAL = [
  ...IN_FAMILIES.map((family) => `metallb_allocator_${family}addresses_total`),
  ...IN_FAMILIES.map((family) => `metallb_allocator_${family}addresses_in_use_total`),
  'metallb_allocator_services_allocated_total',
];
const COUNTERS_WITHOUT = ['requests_received', 'responses_sent', 'gratuitous_sent'].map((name) => `metallb_layer2_${name}`);

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

  describe.runIf(canHavePromtool())('are watched by Prometheus', () => {
    const watched = new Monitoring(new App(), 'monitoring').toJson();
    const monitors = watched.filter(({ kind }): boolean => kind === 'PodMonitor') as readonly PodMonitor[];
    const rules = JSON.stringify(watched.find(({ kind }) => kind === 'PrometheusRule')?.spec);
    let targets: readonly Labels[] = [];
    const ofJob = (name: string): readonly Labels[] => targets.filter(({ job }) => job === name);

    test(
      'which finds each Pod of theirs once, by the jobs that alerts ask for',
      async () => {
        targets = await targetsOf(cluster, monitors);
        expect(targets.map(({ job }) => job).sort()).toEqual(['metallb-controller', ...Array(3).fill('metallb-speaker')]);
        expect(
          ofJob('metallb-speaker')
            .map(({ instance }) => instance)
            .sort(),
        ).toEqual([1, 2, 3].map((node) => `192.168.1.1${node}:7472`));
      },
      LONG_MS,
    );

    test.each([
      ['metallb-controller', GAUGES_WITH_TOTAL.map((name) => `${name} non-counter metrics should not have "_total" suffix`)],
      ['metallb-speaker', COUNTERS_WITHOUT.map((name) => `${name} counter metrics should have "_total" suffix`)],
    ])('whose linter finds nothing in what the job %s shows but names that MetalLB gave', async (job, expected) => {
      const complaints = new Set<string>();
      for (const target of ofJob(job)) {
        const { stdout, stderr } = await promtool(cluster, ['check', 'metrics'], await exposition(cluster, target));
        for (const line of `${stdout}${stderr}`.split('\n')) if (line !== '') complaints.add(line);
      }
      expect([...complaints].sort()).toEqual([...expected].sort());
    });

    test('whose rules are rules', async () => {
      const { code, stdout } = await promtool(cluster, ['check', 'rules'], rules);
      expect([code, stdout]).toEqual([0, expect.stringContaining(`SUCCESS: ${ALERTS.length} rules found`)]);
    });

    test(
      'which is told by each alert of what it is for, and of nothing else',
      async () => {
        const calm = await scrape(cluster, targets);
        const inTrouble: readonly Observed[] = [...(await conflicts()), ...uncaptured()];
        const all = [...calm, ...inTrouble.map((one) => ({ ...one, value: undefined }))];
        const folder = mkdtempSync('/var/tmp/arpeggio-alerts-');
        onTestFinished(() => rmSync(folder, { recursive: true }));
        writeFileSync(join(folder, 'rules.json'), rules);
        writeFileSync(join(folder, 'tests.json'), JSON.stringify(ruleTests('rules.json', ALERTS, SCENARIOS, all)));
        const { code, stdout, stderr } = await promtool(cluster, ['test', 'rules', join(folder, 'tests.json')]);
        expect([code, `${stdout}${stderr}`]).toEqual([0, expect.stringContaining('SUCCESS')]);
      },
      LONG_MS,
    );

    /** The client takes the address of the Service, and says so. */
    async function conflicts(): Promise<readonly Observed[]> {
      const claim = ['shell', 'client', 'arping', '-U', '-c', '1', '-i', 'eth0', '-S', '192.168.1.240', '192.168.1.240'];
      return until(
        'a speaker names the stranger',
        async () => {
          await cluster.command(claim);
          for (const target of ofJob('metallb-speaker')) {
            const found = seriesOf(target, await exposition(cluster, target)).filter(
              ({ name }) => name === 'arpeggio_layer2_conflicts',
            );
            if (found.length > 0) return found;
          }
          return undefined;
        },
        SOON_MS,
      );
    }

    /** Nobody can take from a real speaker an interface that it answers on and leave it there: so its exposition alone. */
    function uncaptured(): readonly Observed[] {
      const [target = {}] = ofJob('metallb-speaker');
      const metrics = createMetrics({ node: 'n1', components: ['speaker'], now: () => 0, process: false });
      metrics.setUncaptured(['eth0']);
      return seriesOf(target, metrics.text()).filter(({ name }) => name === 'arpeggio_interface_uncaptured');
    }
  });

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
