/**
 * The owner of a thousand addresses is killed: how long until each was announced by another, the last one counting.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { capture } from '../../lab/capture.js';
import { until } from '../../support/until.js';
import { type Figures, figure, median } from '../figures.js';
import { type Failovers, failovers } from '../support/failovers.js';

const ROUNDS = 20;
/** What an agent does in its first moments delays its end. */
const SETTLE_MS = 500;
const ADDRESSES = 1000;

export async function run(): Promise<Figures> {
  const node = (name: string): object => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { first: String(name === 'n1') } },
  });
  const preferred = [{ weight: 100, preference: { matchLabels: { first: 'true' } } }];
  await using cluster = await failovers({
    ...{ nodes: 3, addresses: ADDRESSES, more: ['n1', 'n2', 'n3'].map(node) },
    advertisement: { preferredNodeSelectors: preferred },
  });
  const lastMs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await allAt(cluster, 'n1');
    lastMs.push(await killAndWait(cluster));
    cluster.start('n1');
  }
  return [
    figure(
      'failover.sigkill1000.lastMs',
      median(lastMs),
      'ms',
      `SIGKILL of the owner of ${ADDRESSES}, median of ${ROUNDS}, worst ${Math.round(Math.max(...lastMs))} ms; at most 300`,
    ),
  ];
}

/** Waits until the node answers for all of them, and goes on doing so. */
async function allAt({ agents, addresses }: Failovers, node: string): Promise<void> {
  const agent = agents.get(node);
  const isAnnounced = (ip: string): boolean =>
    agent?.log.findLast((line) => line['ip'] === ip && /^service/.test(line.event))?.event === 'serviceAnnounced';
  const isAll = async (): Promise<boolean> => {
    const before = addresses.every(isAnnounced);
    await sleep(SETTLE_MS);
    return before && addresses.every(isAnnounced);
  };
  await until(`${node} answers for all`, isAll, 30_000);
}

async function killAndWait({ lab, agents, addresses }: Failovers): Promise<number> {
  await using watch = await capture(lab.client);
  const atMs = performance.timeOrigin + performance.now();
  const old = lab.network.host('n1').mac;
  const ended = agents.get('n1')?.end('SIGKILL');
  const missing = new Set(addresses);
  let lastMs = 0;
  await watch.next(({ senderAddress, targetAddress, senderMac, atNs }) => {
    const ms = Number(atNs / 1000n) / 1000 - atMs;
    if (senderAddress === targetAddress && senderMac !== old && ms > 0 && missing.delete(senderAddress)) lastMs = ms;
    return missing.size === 0;
  });
  await ended;
  return lastMs;
}
