/**
 * How long after its start each agent does the first of what it is for: a controller gives an address, a speaker answers. A client asks every
 * half millisecond.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Figures, figure, median } from '../figures.js';
import { bareRate } from '../support/barerate.js';
import { BenchCluster } from '../support/benchcluster.js';
import { load } from '../support/load.js';
import { createServices, createSlices, unassign } from '../support/services.js';
import { ServiceWatch } from '../support/servicewatch.js';
import { repeatedly } from '../support/turns.js';

const ROUNDS = 9;
const LONGEST_S = 20;
const ASK_PER_S = 2000;
/** What the other one does at its own start is over. */
const SETTLE_MS = 3000;
/** The only node that may answer, so that a peer takes nothing from it. */
const ANSWERS = 'n1';

export async function run(): Promise<Figures> {
  await using cluster = await BenchCluster.create({
    nodes: 2,
    addresses: ['10.0.0.0/24'],
    advertisement: { nodeSelectors: [{ matchLabels: { 'kubernetes.io/hostname': ANSWERS } }] },
  });
  const services = await createServices(cluster.call, 1, 'web');
  await createSlices(cluster.call, services, cluster.nodes);
  const allocation = await repeatedly(ROUNDS, () => firstAllocation(cluster, services));
  await bareRate(cluster.call, 'merge', services, 0);
  await cluster.addSpeakerPod(ANSWERS);
  const alone = await repeatedly(ROUNDS, () => firstAnswer(cluster));
  await cluster.addSpeakerPod('n2');
  await cluster.startSpeaker('n2');
  await sleep(SETTLE_MS);
  const withPeer = await repeatedly(ROUNDS, () => firstAnswer(cluster));
  const note = (what: string, ms: readonly number[]): string =>
    `${what}, median of ${ROUNDS}, ${Math.round(Math.min(...ms))} to ${Math.round(Math.max(...ms))}`;
  return [
    figure(
      'cluster.controllerStartMs',
      median(allocation),
      'ms',
      `${note('start of a controller to the first address', allocation)}; at most 300; MetalLB 200`,
    ),
    figure(
      'cluster.speakerStartMs',
      median(alone),
      'ms',
      `${note('start of a speaker to its first answer, no peer is listed', alone)}; at most 300; MetalLB 260`,
    ),
    figure(
      'cluster.speakerStart.peerMs',
      median(withPeer),
      'ms',
      `${note('the same with a peer, so that it asks first', withPeer)}; at most 500; MetalLB 260`,
    ),
  ];
}

async function firstAllocation(cluster: BenchCluster, services: readonly string[]): Promise<number> {
  using watch = await ServiceWatch.open(cluster.api.endpoint);
  const controller = await cluster.startController();
  const atMs = await watch.all(services, LONGEST_S * 1000);
  await controller.end();
  await unassign(cluster.call, services);
  return atMs - controller.startedAtMs;
}

async function firstAnswer(cluster: BenchCluster): Promise<number> {
  const asked = load(cluster.client, {
    ...{ targets: '10.0.0.0', seconds: LONGEST_S, inFlight: 1024, ratePerS: ASK_PER_S, untilFirst: true },
    node: cluster.host(ANSWERS),
  });
  const speaker = await cluster.startSpeaker(ANSWERS);
  const { replies, firstAnswerAtMs } = await asked;
  if (replies === 0) throw new Error(`no answer within ${LONGEST_S} s`);
  await speaker.end();
  return firstAnswerAtMs - speaker.startedAtMs;
}
