/**
 * A cluster under change: Services, endpoints, pools and nodes change at random, for a minute, or as long as `npm run soak` says.
 * Agents must stay as large as they are, write nothing that changes nothing, and leave no watch without a cause that they tell.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { METALLB_NAMESPACE } from '../../src/api/object.js';
import type { AgentPod } from '../bench/support/agentpod.js';
import { BenchCluster } from '../bench/support/benchcluster.js';
import { type Collection, readCollections, writingCollections } from '../bench/support/collections.js';
import { residentMb } from '../bench/support/process.js';
import { forEach } from '../bench/support/services.js';
import { ask } from '../lab/arping.js';
import { readAudit, WRITES_AND_WATCHES } from '../support/audit.js';
import { temporaryFolder } from '../support/folder.js';
import { generator } from '../support/random.js';
import { until } from '../support/until.js';
import { describeWithApiServer } from '../support/withapiserver.js';

const SECONDS = Number(process.env['ARPEGGIO_CLUSTER_SOAK_SECONDS'] ?? 60);
const SERVICES = 500;
const POOLS = ['bench', 'p1', 'p2', 'p3', 'p4'];
const PAUSE_MS = 100;
const LONG_MS = 120_000;
const SAMPLE_MS = 250;
/**
 * How much more each thread may hold in the last quarter than in the second. Code that is compiled late, and what ten minutes of events
 * are remembered by, is some hundred kilobytes; 3 KB a second for nothing would be 2.6 MB in half an hour. A quarter of a minute has few
 * collections to compare.
 */
const MOST_HELD_MB = SECONDS < 600 ? 3 : 1.5;
/** How much more may be resident: V8 keeps pages that the wire thread once needed. Each where it was smallest. */
const MOST_GROWTH_MB = 12;
/** Between the end of a watch and the line that says why. */
const CAUSE_MS = 2000;

const PATHS = {
  services: '/api/v1/namespaces/default/services',
  slices: '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices',
  pools: `/apis/metallb.io/v1beta1/namespaces/${METALLB_NAMESPACE}/ipaddresspools`,
  announced: `/apis/metallb.io/v1beta1/namespaces/${METALLB_NAMESPACE}/servicel2statuses`,
  nodes: '/api/v1/nodes',
} as const;

/** Room for all Services in each pool: which they want changes. */
const rangesOf = (pool: string): readonly string[] => [`10.${10 + POOLS.indexOf(pool)}.0.0/22`];

/** What is changed at random, as it should be now. */
interface Wanted {
  readonly pool: string;
  readonly isBalanced: boolean;
  readonly policy: 'Cluster' | 'Local';
  /** With ready endpoints. */
  readonly nodes: readonly string[];
}

class Churn {
  readonly services = new Map<string, Wanted>();
  readonly #cluster: BenchCluster;
  readonly #random: () => number;
  readonly #cordoned = new Set<string>();
  readonly #widened = new Map<string, number>();
  #made = 0;
  changes = 0;

  constructor(cluster: BenchCluster, random: () => number) {
    this.#cluster = cluster;
    this.#random = random;
  }

  async fill(): Promise<void> {
    await forEach(Array.from({ length: SERVICES }), () => this.#create());
  }

  /** One change, which is none of nothing: an API server gives no new version then. */
  async step(): Promise<void> {
    this.changes++;
    const kind = this.#random();
    if (kind < 0.1) return this.#replace();
    if (kind < 0.12) return this.#cordon();
    if (kind < 0.14) return this.#widen();
    const name = this.#pick([...this.services.keys()]);
    const before = this.services.get(name);
    if (before === undefined) return;
    if (kind < 0.35) await this.#change(name, { ...before, pool: this.#pick(POOLS.filter((pool) => pool !== before.pool)) });
    else if (kind < 0.5) await this.#change(name, { ...before, isBalanced: !before.isBalanced });
    else if (kind < 0.6 && before.isBalanced)
      await this.#change(name, { ...before, policy: before.policy === 'Local' ? 'Cluster' : 'Local' });
    else await this.#moveEndpoints(name, before);
  }

  async #create(): Promise<void> {
    const name = `s${this.#made++}`;
    const wanted: Wanted = { pool: this.#pick(POOLS), isBalanced: true, policy: 'Cluster', nodes: this.#someNodes() };
    await this.#must('POST', PATHS.services, { metadata: { name }, ...fieldsOf(name, wanted) });
    await this.#must('POST', PATHS.slices, sliceOf(name, wanted));
    this.services.set(name, wanted);
  }

  async #replace(): Promise<void> {
    const name = this.#pick([...this.services.keys()]);
    this.services.delete(name);
    await this.#must('DELETE', `${PATHS.services}/${name}`);
    await this.#must('DELETE', `${PATHS.slices}/${name}`);
    await this.#create();
  }

  async #change(name: string, wanted: Wanted): Promise<void> {
    this.services.set(name, wanted);
    await this.#must('PATCH', `${PATHS.services}/${name}`, fieldsOf(name, wanted));
  }

  async #moveEndpoints(name: string, before: Wanted): Promise<void> {
    const nodes = this.#someNodes();
    if (nodes.join() === before.nodes.join()) return;
    this.services.set(name, { ...before, nodes });
    await this.#must('PATCH', `${PATHS.slices}/${name}`, { endpoints: endpointsOf(nodes) });
  }

  async #cordon(): Promise<void> {
    const node = this.#pick(this.#cluster.nodes);
    const unschedulable = !this.#cordoned.delete(node);
    if (unschedulable) this.#cordoned.add(node);
    await this.#must('PATCH', `${PATHS.nodes}/${node}`, { spec: { unschedulable } });
  }

  async #widen(): Promise<void> {
    const pool = this.#pick(POOLS);
    // Another than before, each time.
    const nth = ((this.#widened.get(pool) ?? 0) + 1) % 250;
    this.#widened.set(pool, nth);
    const more = `10.${20 + POOLS.indexOf(pool)}.${nth}.0/24`;
    await this.#must('PATCH', `${PATHS.pools}/${pool}`, { spec: { addresses: [...rangesOf(pool), more] } });
  }

  /** At least one, in their order. */
  #someNodes(): readonly string[] {
    const some = this.#cluster.nodes.filter(() => this.#random() < 0.5);
    return some.length > 0 ? some : [this.#pick(this.#cluster.nodes)];
  }

  #pick(from: readonly string[]): string {
    return from[Math.floor(this.#random() * from.length)] ?? '';
  }

  async #must(method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<void> {
    const answer = await this.#cluster.call(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body['message']}`);
  }
}

const fieldsOf = (name: string, { pool, isBalanced, policy }: Wanted): object => ({
  metadata: { name, annotations: { 'metallb.io/address-pool': pool } },
  spec: {
    type: isBalanced ? 'LoadBalancer' : 'ClusterIP',
    externalTrafficPolicy: isBalanced ? policy : null,
    // There are 2,768 node ports.
    allocateLoadBalancerNodePorts: isBalanced ? false : null,
    ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 80 }],
  },
});

const endpointsOf = (nodes: readonly string[]): readonly object[] =>
  nodes.map((nodeName) => ({ addresses: [`10.244.0.${nodeName.slice(1)}`], nodeName, conditions: { ready: true } }));

const sliceOf = (name: string, { nodes }: Wanted): object => ({
  ...{
    metadata: { name, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 80 }],
  },
  endpoints: endpointsOf(nodes),
});

interface Shown {
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly status: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip: string }[] } };
}

describeWithApiServer('a cluster under change', () => {
  test('has agents that grow no larger, write nothing for nothing, and leave no watch without a cause', {
    timeout: (SECONDS + 300) * 1000,
  }, async () => {
    const seed = Date.now() % 1_000_000;
    await using cluster = await BenchCluster.create({ nodes: 4, addresses: rangesOf('bench'), audit: WRITES_AND_WATCHES });
    for (const name of POOLS.slice(1)) {
      const spec = { addresses: rangesOf(name) };
      await cluster.call('POST', PATHS.pools, {
        apiVersion: 'metallb.io/v1beta1',
        kind: 'IPAddressPool',
        metadata: { name },
        spec,
      });
    }
    for (const node of cluster.nodes) await cluster.addSpeakerPod(node);
    const churn = new Churn(cluster, generator(seed));
    await churn.fill();
    const folder = temporaryFolder();
    const flags = ['--failback-delay', '5'];
    const speakers = await Promise.all(
      cluster.nodes.map(
        async (node) => [node, await cluster.startSpeaker(node, flags, writingCollections(join(folder, node)))] as const,
      ),
    );
    const controller = await cluster.startController(writingCollections(join(folder, 'controller')));
    const agents = new Map<string, AgentPod>([['controller', controller], ...speakers]);
    const told = (): string => `seed ${seed}, ${churn.changes} changes`;
    await until('everybody has an address', async () => (await addressesOf(cluster)).size === SERVICES, LONG_MS);

    const sizes = new Map([...agents.keys()].map((name) => [name, [] as number[]]));
    const [beganAtMs, endAtMs] = [Date.now(), Date.now() + SECONDS * 1000];
    for (let sampledAtMs = 0; Date.now() < endAtMs; ) {
      await churn.step();
      if (Date.now() - sampledAtMs >= SAMPLE_MS) {
        sampledAtMs = Date.now();
        for (const [name, { pid }] of agents) sizes.get(name)?.push(residentMb(pid));
      }
      await sleep(PAUSE_MS);
    }
    expect(churn.changes, told()).toBeGreaterThan(SECONDS);

    await until(`everybody has an address of the pool that it wants (${told()})`, () => isAsWanted(cluster, churn), LONG_MS);
    const announced = await until(
      `one node says of each Service that it answers (${told()})`,
      () => announcersOf(cluster, churn),
      LONG_MS,
    );
    const addresses = await addressesOf(cluster);
    for (const [name, node] of [...announced].slice(0, 20)) {
      const mac = await ask(cluster.client, addresses.get(name)?.ip ?? '');
      expect([name, mac], told()).toEqual([name, cluster.host(node).mac]);
    }

    const { writes, idle, brokenWatches } = await readAudit(cluster.api.auditLog);
    const growth = [...sizes].map(([name, mb]) => ({ name, mb: growthOf(mb) }));
    const each = growth.map(({ name, mb }) => `${name} ${rangeOf(sizes.get(name) ?? [])} MB (${mb.toFixed(1)} more)`);
    console.log(`${told()}, ${Math.round((Date.now() - beganAtMs) / 1000)} s, ${writes} writes; ${each.join(', ')}`);
    const held = [...agents.keys()].flatMap((agent) =>
      [...readCollections(join(folder, agent))].flatMap(([thread, all]) =>
        heldBy(`${agent}, thread ${thread}`, all, [beganAtMs, endAtMs]),
      ),
    );
    console.log(held.map(({ who, from, to }) => `${who} held ${from.toFixed(2)} MB, then ${to.toFixed(2)}`).join('; '));
    expect(writes, told()).toBeGreaterThan(SERVICES);
    expect(idle, told()).toEqual([]);
    const uncaused = brokenWatches.filter(({ endedAtMs }) => ![...agents.values()].some((agent) => hasCause(agent, endedAtMs)));
    expect(uncaused, told()).toEqual([]);
    // The controller and each view thread collect every few seconds under change; a wire thread every few minutes.
    expect(held.length, told()).toBeGreaterThanOrEqual(agents.size);
    expect(
      held.filter(({ from, to }) => to - from > MOST_HELD_MB),
      told(),
    ).toEqual([]);
    expect(
      growth.filter(({ mb }) => mb > MOST_GROWTH_MB),
      told(),
    ).toEqual([]);
  });
});

interface Held {
  readonly who: string;
  /** In MB, at the least: in the second quarter, and in the last. */
  readonly from: number;
  readonly to: number;
}

/** None where a quarter has no collection. */
function heldBy(who: string, all: readonly Collection[], [beganAtMs, endAtMs]: readonly [number, number]): readonly Held[] {
  const quarterMs = (endAtMs - beganAtMs) / 4;
  const leastIn = (quarter: number): number => {
    const [first, last] = [beganAtMs + quarter * quarterMs, beganAtMs + (quarter + 1) * quarterMs];
    return Math.min(...all.filter(({ atMs }) => atMs >= first && atMs < last).map(({ heapMb }) => heapMb));
  };
  const [from, to] = [leastIn(1), leastIn(3)];
  return Number.isFinite(from) && Number.isFinite(to) ? [{ who, from, to }] : [];
}

/** From the second quarter to the last, of the least: whatever else is resident V8 has yet to collect. */
function growthOf(mb: readonly number[]): number {
  const quarter = Math.floor(mb.length / 4);
  return Math.min(...mb.slice(-quarter)) - Math.min(...mb.slice(quarter, 2 * quarter));
}

const rangeOf = (mb: readonly number[]): string => `${Math.min(...mb).toFixed(1)} to ${Math.max(...mb).toFixed(1)}`;

const hasCause = (agent: AgentPod, endedAtMs: number): boolean =>
  agent
    .lines()
    .some((line) => line['code'] === 'KUBE_API_UNAVAILABLE' && Math.abs(Date.parse(String(line['ts'])) - endedAtMs) < CAUSE_MS);

/** Of those that have one. */
async function addressesOf({ call }: BenchCluster): Promise<ReadonlyMap<string, { readonly ip: string; readonly pool: string }>> {
  const { items } = (await call('GET', PATHS.services)).body as unknown as { readonly items: readonly Shown[] };
  return new Map(
    items.flatMap(({ metadata: { name, annotations = {} }, status }) => {
      const ip = status.loadBalancer?.ingress?.[0]?.ip;
      return ip === undefined ? [] : [[name, { ip, pool: annotations['metallb.io/ip-allocated-from-pool'] ?? '' }] as const];
    }),
  );
}

async function isAsWanted(cluster: BenchCluster, { services }: Churn): Promise<boolean> {
  const addresses = await addressesOf(cluster);
  const isRight = [...services].every(
    ([name, { isBalanced, pool }]) => addresses.get(name)?.pool === (isBalanced ? pool : undefined),
  );
  return isRight && new Set([...addresses.values()].map(({ ip }) => ip)).size === addresses.size;
}

/** By Service; undefined as long as any of them has none, two, or one that it does not want. */
async function announcersOf({ call }: BenchCluster, { services }: Churn): Promise<ReadonlyMap<string, string> | undefined> {
  const { items } = (await call('GET', PATHS.announced)).body as unknown as {
    readonly items: readonly { readonly status?: { readonly node?: string; readonly serviceName?: string } }[];
  };
  const nodes = new Map(items.map(({ status }) => [status?.serviceName ?? '', status?.node ?? '']));
  const balanced = [...services].filter(([, { isBalanced }]) => isBalanced);
  if (items.length !== balanced.length) return undefined;
  const isRight = balanced.every(([name, wanted]) => {
    const node = nodes.get(name);
    return node !== undefined && (wanted.policy === 'Cluster' || wanted.nodes.includes(node));
  });
  return isRight ? nodes : undefined;
}
