/**
 * The agents as a stranger installs them, in real Pods on three real Nodes.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { App } from 'cdk8s';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createMetrics } from '../../agents/runtime/metrics.js';
import { ALERTS } from '../../constructs/alerts.js';
import { Monitoring } from '../../constructs/index.js';
import { canHavePromtool, exposition, promtool, scrape, targetsOf } from '../prometheus/promtool.js';
import { type Observed, ruleTests } from '../prometheus/ruletest.js';
import { SCENARIOS } from '../prometheus/scenarios.js';
import type { PodMonitor } from '../prometheus/scrapeconfig.js';
import { type Labels, seriesOf } from '../prometheus/series.js';
import { canHaveRealCluster, RealCluster } from './realcluster.js';
import { Stranger } from './stranger.js';
import { ANSWER, workload } from './workload.js';

const LONG_MS = 300_000;
const STILL_MS = 8000;
const cluster = new RealCluster();

/** As one writes it who has read the README. */
const PROGRAM = `
import { App, Chart, YamlOutputType } from 'cdk8s';
import { Install, IPAddressPool, L2Advertisement, LoadBalancerService, Subnet } from 'arpeggio';

const app = new App({ yamlOutputType: YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE });
new Install(app, 'install');

const config = new Chart(app, '20-config', { disableResourceNameHashes: true });
const lan = new Subnet(config, 'lan', {
  cidr: '192.168.1.0/24',
  gateway: '192.168.1.1',
  nodes: ['192.168.1.11-192.168.1.13'],
});
const pool = new IPAddressPool(config, 'primary-pool', { subnet: lan, addresses: ['192.168.1.240-192.168.1.250'] });
new L2Advertisement(config, 'primary-l2-advertisement', { ipAddressPools: [pool] });

const web = pool.reserve('web', { address: '192.168.1.240' });
new LoadBalancerService(config, 'web', { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }], address: web });

app.synth();
`;
/** `$0`: the Node; `$1`: the signal. A Pod's processes have its name from their DaemonSet. */
const SIGNAL = `
for one in /proc/[0-9]*; do
  if tr '\\0' '\\n' < "$one/environ" | grep -qx "METALLB_NODE_NAME=$0"; then kill "-$1" "\${one#/proc/}"; fi
done`;

const patched = (op: object): string => `patch daemonset speaker -n metallb-system --type=json -p ${JSON.stringify([op])}`;
const CONTAINER = '/spec/template/spec/containers/0';
const WITHOUT_NET_RAW = patched({ op: 'remove', path: `${CONTAINER}/securityContext/capabilities/add` });
const BAD: readonly { readonly what: string; readonly command: string; readonly event: RegExp }[] = [
  {
    what: 'an image that is nowhere',
    command: 'set image daemonset/speaker -n metallb-system speaker=arpeggio:nowhere',
    event: /^Failed Failed to pull image "arpeggio:nowhere"/m,
  },
  {
    what: 'no NET_RAW',
    command: WITHOUT_NET_RAW,
    event: /^CAPTURE_DENIED raw packets on \w+ need root or CAP_NET_RAW/m,
  },
  {
    what: 'an interface that the Node lacks',
    command: patched({ op: 'add', path: `${CONTAINER}/args/-`, value: '--interface=eth7' }),
    event: /^INTERFACE_MISSING this node has no interface eth7; it has /m,
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
  let stranger: Stranger;
  beforeAll(async () => {
    stranger = new Stranger();
    await Promise.all([cluster.up(), stranger.install()]);
  }, LONG_MS);

  afterAll(async () => {
    await cluster.down();
    stranger?.remove();
  }, LONG_MS);

  const signal = async (node: string, name: 'KILL' | 'STOP' | 'CONT'): Promise<void> =>
    void (await cluster.run(['bash', '-c', SIGNAL, node, name]));
  const rolledOut = async (...workloads: readonly string[]): Promise<void> => {
    for (const one of workloads) await cluster.kubectl(`rollout status ${one} --timeout=120s`);
  };
  /** Each speaker that is ready, as its Node and its Pod. */
  const ready = async (): Promise<readonly string[]> => {
    const text = await cluster.kubectl(
      `get pods -n metallb-system -l component=speaker -o jsonpath={range.items[*]}{.status.containerStatuses[0].ready}{"\\u0020"}{.spec.nodeName}{"\\u0020"}{.metadata.name}{"\\n"}{end}`,
    );
    return [...text.matchAll(/^true (.*)$/gm)].map(([, line = '']) => line).sort();
  };
  const goesNoFurther = (): Promise<unknown> =>
    cluster.until('its DaemonSet goes no further', async () => {
      const status = await cluster.kubectl('get daemonset speaker -n metallb-system -o jsonpath={.status}');
      const { updatedNumberScheduled, numberReady } = JSON.parse(status);
      return updatedNumberScheduled === 1 && numberReady === 2;
    });
  /** Of a client that has to ask anew who has the address. */
  const answered = (): Promise<string> =>
    cluster.until('the client is answered', async () => {
      const ask = `ip neigh flush dev eth0; curl -s --max-time 2 http://192.168.1.240/`;
      const { stdout } = await cluster.command(['shell', 'client', 'sh', '-c', ask]);
      return stdout === '' ? undefined : stdout;
    });
  /** Each as its reason and message, the oldest first. */
  const events = (namespace: string): Promise<string> =>
    cluster.kubectl(
      `get events -n ${namespace} --sort-by=.lastTimestamp -o jsonpath={range.items[*]}{.reason}{"\\u0020"}{.message}{"\\n"}{end}`,
    );

  test(
    'come from what a stranger wrote, who only has the package, and the client reaches a Service',
    async () => {
      const dist = await stranger.synth(PROGRAM);
      const first = await cluster.command(['shell', 'kubectl', 'apply', '-R', '-f', dist]);
      const refused = first.stderr.split('\n').filter((line) => line !== '');
      const early = /no matches for kind "(?:IPAddressPool|L2Advertisement)"|^ensure CRDs are installed first$/;
      expect(refused.filter((line) => !early.test(line))).toEqual([]);
      await cluster.kubectl('wait --for=condition=Established crd --all');
      await cluster.kubectl(`apply -R -f ${dist}`);
      await cluster.kubectl('apply -f -', JSON.stringify(workload({ replicas: 2 })));
      await rolledOut('deployment/controller -n metallb-system', 'daemonset/speaker -n metallb-system', 'deployment/web');
      expect(await cluster.kubectl('get daemonset speaker -n metallb-system -o jsonpath={.status.numberReady}')).toBe('3');
      expect(await answered()).toBe(ANSWER);
    },
    LONG_MS,
  );

  test(
    'answer on when the speaker whose Node answers is killed',
    async () => {
      const owners = async (): Promise<readonly string[]> =>
        [...(await events('default')).matchAll(/^nodeAssigned announcing from node "(n\d)"/gm)].map(([, node = '']) => node);
      const [before = ''] = await cluster.until('a Node is said to answer', async () => {
        const found = await owners();
        return found.length > 0 && found;
      });
      await signal(before, 'KILL');
      await cluster.until('another Node answers', async () => (await owners()).some((node) => node !== before));
      expect(await answered()).toBe(ANSWER);
      await cluster.until('the speaker is started again', async () => {
        const template = '{.items[*].status.containerStatuses[*].restartCount}';
        const counts = await cluster.kubectl(`get pods -n metallb-system -l component=speaker -o jsonpath=${template}`);
        return counts.split(' ').sort().join() === '0,0,1';
      });
      await rolledOut('daemonset/speaker -n metallb-system');
      expect(await answered()).toBe(ANSWER);
    },
    LONG_MS,
  );

  test.each(BAD)(
    'say what is wrong where speakers have $what, and those that run answer',
    async ({ command, event }) => {
      await cluster.kubectl(command);
      await cluster.until('an event says so', async () => event.test(await events('metallb-system')));
      await goesNoFurther();
      expect(await answered()).toBe(ANSWER);
      await cluster.kubectl('rollout undo daemonset/speaker -n metallb-system');
      await rolledOut('daemonset/speaker -n metallb-system');
    },
    LONG_MS,
  );

  test(
    'stay where they are though they stand still for seconds while another is wrong',
    async () => {
      await cluster.kubectl(WITHOUT_NET_RAW);
      await goesNoFurther();
      // The one that was replaced may be ready to the end.
      const before = await cluster.until('two are ready', async () => {
        const all = await ready();
        return all.length === 2 && all;
      });
      const nodes = before.map((line) => line.replace(/ .*/, ''));
      for (const node of nodes) await signal(node, 'STOP');
      // Four probes fail. A DaemonSet replaces each Pod that is not ready at once, however many are wrong already.
      await sleep(STILL_MS);
      for (const node of nodes) await signal(node, 'CONT');
      expect(await answered()).toBe(ANSWER);
      expect(await ready()).toEqual(before);
      await cluster.kubectl('rollout undo daemonset/speaker -n metallb-system');
      await rolledOut('daemonset/speaker -n metallb-system');
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
        const scraped = await scrape(cluster, targets);
        // The pool of one address that the stranger's Service has is used up for good reason.
        const calm = scraped.map((one) => (one.name === 'metallb_allocator_addresses_in_use_total' ? { ...one, value: 0 } : one));
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
      return cluster.until('a speaker names the stranger', async () => {
        await cluster.command(claim);
        for (const target of ofJob('metallb-speaker')) {
          const found = seriesOf(target, await exposition(cluster, target)).filter(
            ({ name }) => name === 'arpeggio_layer2_conflicts',
          );
          if (found.length > 0) return found;
        }
        return undefined;
      });
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
