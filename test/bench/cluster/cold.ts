/** A speaker that starts where a thousand Services have their addresses: how soon each was announced. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Figures, figure, median } from '../figures.js';
import { bareRate } from '../support/barerate.js';
import { BenchCluster } from '../support/benchcluster.js';
import { createServices, createSlices } from '../support/services.js';
import { tape } from '../support/tape.js';
import { repeatedly } from '../support/turns.js';

const SERVICES = 1000;
const ROUNDS = 5;
const NODE = 'n1';
/** Each had its first frame by then, or the bench fails. */
const WATCH_MS = 4000;

export async function run(): Promise<Figures> {
  await using cluster = await BenchCluster.create({ nodes: 1, addresses: ['10.0.0.0/16'] });
  const services = await createServices(cluster.call, SERVICES, 'web');
  await createSlices(cluster.call, services, cluster.nodes);
  await bareRate(cluster.call, 'merge', services, 0);
  await cluster.addSpeakerPod(NODE);
  const times = await repeatedly(ROUNDS, () => announceAll(cluster));
  const each = times.map((ms) => Math.round(ms)).join(', ');
  return [
    figure(
      'cluster.cold1000Ms',
      median(times),
      'ms',
      `start of a speaker to the last first frame of ${SERVICES} addresses, median of ${ROUNDS} (${each}); at most 1000; MetalLB 980`,
    ),
  ];
}

async function announceAll(cluster: BenchCluster): Promise<number> {
  const recorder = await tape(cluster.client);
  const speaker = await cluster.startSpeaker(NODE);
  await sleep(WATCH_MS);
  const frames = await recorder.stop();
  await speaker.end();
  const seen = new Set<string>();
  for (const { kind, address, atMs } of frames) {
    if (kind === 'beat') continue;
    seen.add(address);
    if (seen.size === SERVICES) return atMs - speaker.startedAtMs;
  }
  throw new Error(`only ${seen.size} of ${SERVICES} addresses were announced within ${WATCH_MS / 1000} s`);
}
