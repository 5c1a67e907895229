/**
 * Clusters of agents whose owners are moved or ended: what the failover benches have in common.
 */
import type { Family } from '../../../src/net/address.js';
import { capture } from '../../lab/capture.js';
import { type AgentProcess, Cluster, leaderOf } from '../../lab/cluster.js';
import { manifest, pool, service } from '../../lab/manifests.js';
import { type Figure, figure, median } from '../figures.js';

/** At most 1,000, the first of them 192.168.4.1. */
export const serviceAddress = (i: number): string => `192.168.${4 + Math.floor(i / 250)}.${1 + (i % 250)}`;

/** Milliseconds since 1970, as finely as the kernel stamps frames. */
export const nowMs = (): number => performance.timeOrigin + performance.now();

export interface Failovers extends AsyncDisposable {
  readonly lab: Cluster;
  readonly agents: Map<string, AgentProcess>;
  readonly addresses: readonly string[];
  /** The node that answers for the first address, once everybody agrees; and the ranking. */
  owner(): Promise<{ readonly node: string; readonly ranking: readonly string[] }>;
  start(node: string): AgentProcess;
}

export interface FailoverOptions {
  readonly nodes: number;
  readonly addresses?: number;
  /** @default '0': who is back has its addresses again */
  readonly failbackDelay?: string;
  /** Gossip has an Ethernet of its own. @default false */
  readonly gossipApart?: Family;
  /** More documents of the state. */
  readonly more?: readonly object[];
  readonly advertisement?: Readonly<Record<string, unknown>>;
}

export async function failovers(options: FailoverOptions): Promise<Failovers> {
  const { nodes, addresses: count = 1, failbackDelay = '0', gossipApart, more = [], advertisement = {} } = options;
  const names = Array.from({ length: nodes }, (_, i) => `n${i + 1}`);
  const addresses = Array.from({ length: count }, (_, i) => serviceAddress(i));
  const lab = await Cluster.create({ nodes: names, ...(gossipApart === undefined ? {} : { gossipApart }) });
  const ranges = [`${serviceAddress(0)}-${addresses.at(-1)}`];
  const services = addresses.map((address, i) => service(`s${i}`, { address }));
  await lab.write('state.yaml', manifest([...pool('pool', ranges, { spec: advertisement }), ...services, ...more]));
  const start = (node: string): AgentProcess => lab.start(node, ['--failback-delay', failbackDelay]);
  const agents = new Map(names.map((name) => [name, start(name)]));
  return {
    lab,
    agents,
    addresses,
    owner: () => leaderOf(agents, serviceAddress(0)),
    start: (node) => {
      const agent = start(node);
      agents.set(node, agent);
      return agent;
    },
    [Symbol.asyncDispose]: () => lab.destroy(),
  };
}

/** From `act` to the first gratuitous frame for the first address by any other than `from`, by the kernel's stamps at a client. */
export async function firstFrameAfter(
  { lab, addresses }: Failovers,
  from: readonly string[],
  act: () => unknown,
): Promise<number> {
  const [address = ''] = addresses;
  const macs = from.map((node) => lab.network.host(node).mac);
  await using watch = await capture(lab.client);
  const atMs = nowMs();
  const acted = act();
  const first = await watch.next(
    ({ senderAddress, targetAddress, senderMac, atNs }) =>
      senderAddress === address && targetAddress === address && !macs.includes(senderMac) && Number(atNs / 1000n) / 1000 >= atMs,
  );
  await acted;
  return Number(first.atNs / 1000n) / 1000 - atMs;
}

/** Median and the worst of some twenty, which stands for the 99th percentile. */
export function spread(key: string, values: readonly number[], what: string, limits: string): readonly Figure[] {
  const sorted = values.toSorted((a, b) => a - b);
  const note = `${what}, ${values.length} times, least ${Math.round(sorted[0] ?? 0)} ms; at most ${limits}`;
  return [
    figure(`${key}.medianMs`, median(values), 'ms', note),
    figure(`${key}.p99Ms`, sorted[Math.ceil(sorted.length * 0.99) - 1], 'ms', 'the worst of them'),
  ];
}
