/**
 * How long an address is without an owner when its node fails, from the failure to the successor's first gratuitous frame.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Figures } from '../figures.js';
import { type Failovers, failovers, firstFrameAfter, spread } from '../support/failovers.js';

const ROUNDS = 20;
/** What an agent does in its first moments delays its end, and takes the other nodes' time: they share two cores here. */
const SETTLE_MS = 500;

export async function run(): Promise<Figures> {
  const figures: Figures[] = [];
  for (const nodes of [3, 5]) {
    await using cluster = await failovers({ nodes });
    const note = (what: string): string => `${what}, ${nodes} nodes`;
    figures.push(spread(`failover.sigkill.${nodes}`, await rounds(cluster, killed), note('SIGKILL of the owner'), '15, p99 50'));
    figures.push(
      spread(`failover.sigstop.${nodes}`, await rounds(cluster, stopped), note('SIGSTOP of the owner'), '400, p99 500'),
    );
    figures.push(
      spread(`failover.linkdown.${nodes}`, await rounds(cluster, unplugged), note("its node's cable out"), '400, p99 500'),
    );
    if (nodes === 5)
      figures.push(spread('failover.both.5', await rounds(cluster, bothKilled), note('owner and first successor killed'), '700'));
  }
  return figures.flat();
}

async function rounds(
  cluster: Failovers,
  once: (cluster: Failovers, owner: string, next: string) => Promise<number>,
): Promise<readonly number[]> {
  const gaps: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { node, ranking } = await cluster.owner();
    await sleep(SETTLE_MS);
    gaps.push(await once(cluster, node, ranking[1] ?? ''));
  }
  return gaps;
}

async function killed(cluster: Failovers, owner: string): Promise<number> {
  const gap = await firstFrameAfter(cluster, [owner], () => cluster.agents.get(owner)?.end('SIGKILL'));
  cluster.start(owner);
  return gap;
}

async function bothKilled(cluster: Failovers, owner: string, next: string): Promise<number> {
  const both = [owner, next];
  const gap = await firstFrameAfter(cluster, both, () =>
    Promise.all(both.map((node) => cluster.agents.get(node)?.end('SIGKILL'))),
  );
  for (const node of both) cluster.start(node);
  return gap;
}

async function stopped(cluster: Failovers, owner: string): Promise<number> {
  const child = cluster.agents.get(owner)?.child;
  const gap = await firstFrameAfter(cluster, [owner], () => child?.kill('SIGSTOP'));
  child?.kill('SIGCONT');
  return gap;
}

async function unplugged(cluster: Failovers, owner: string): Promise<number> {
  const host = cluster.lab.network.host(owner);
  const gap = await firstFrameAfter(cluster, [owner], () => host.setCable('down'));
  await host.setCable('up');
  return gap;
}
