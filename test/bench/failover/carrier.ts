/**
 * The owner's data interface loses its carrier while gossip runs on another: it declines the address, and how long that is without an
 * owner, from the carrier's loss to the next node's first gratuitous frame.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Figures } from '../figures.js';
import { failovers, firstFrameAfter, spread } from '../support/failovers.js';

const ROUNDS = 20;
/** What an agent does in its first moments takes the other nodes' time: they share two cores here. */
const SETTLE_MS = 500;

export async function run(): Promise<Figures> {
  await using cluster = await failovers({ nodes: 3, gossipApart: 'IPv4' });
  const gaps: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { node } = await cluster.owner();
    await sleep(SETTLE_MS);
    const host = cluster.lab.network.host(node);
    gaps.push(await firstFrameAfter(cluster, [node], () => host.setCable('down')));
    await host.setCable('up');
  }
  return spread('failover.carrier.3', gaps, "carrier of the owner's data interface lost, gossip on another, 3 nodes", '500');
}
