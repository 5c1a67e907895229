/**
 * How soon a new Service is announced to the network: from the request that makes it, through controller and speaker, and from the moment
 * at which its status has the address. Frames have the kernel's stamps at a client.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { METALLB_NAMESPACE } from '../../../src/api/object.js';
import { type Capture, capture } from '../../lab/capture.js';
import { until } from '../../support/until.js';
import { type Figures, figure, median } from '../figures.js';
import { bareRate } from '../support/barerate.js';
import { BenchCluster } from '../support/benchcluster.js';
import { nowMs } from '../support/failovers.js';
import { createServices, createSlices, SERVICES_PATH } from '../support/services.js';
import { repeatedly } from '../support/turns.js';

const ROUNDS = 40;
const NODE = 'n1';
const FRAME_MS = 10_000;
const STATES = `/apis/metallb.io/v1beta1/namespaces/${METALLB_NAMESPACE}/configurationstates`;
/** What follows an announcement is over, but not so much later that everything is cold. */
const PAUSE_MS = 300;

export async function run(): Promise<Figures> {
  await using cluster = await BenchCluster.create({ nodes: 1, addresses: ['10.0.0.0/16'] });
  const { call, client } = cluster;
  await cluster.addSpeakerPod(NODE);
  await cluster.startSpeaker(NODE);
  await until('the speaker has its configuration', async () => (await call('GET', `${STATES}/speaker-${NODE}`)).status === 200);
  await using frames = await capture(client);
  const statusToFrame = await repeatedly(ROUNDS, (round) => fromStatus(cluster, frames, round));
  await cluster.startController();
  // It may only just have begun at the first.
  await fromPost(cluster, frames, ROUNDS);
  const postToFrame = await repeatedly(ROUNDS, (round) => fromPost(cluster, frames, round));
  const [written, answered] = [statusToFrame.map((one) => one.sinceSentMs), statusToFrame.map((one) => one.sinceAnswerMs)];
  return [
    figure(
      'cluster.announceMs',
      median(postToFrame),
      'ms',
      `${note('POST of a Service to its first gratuitous frame', postToFrame)}; at most 20; MetalLB 17`,
    ),
    figure(
      'cluster.statusToFrameMs',
      median(answered),
      'ms',
      `${note('from the answer to the request that gives it an address', answered)}; at most 5; MetalLB 1.6`,
    ),
    figure('cluster.statusToFrame.sentMs', median(written), 'ms', note('from that request itself', written)),
  ];
}

const note = (what: string, ms: readonly number[]): string =>
  `${what}, median of ${ms.length}, ${Math.min(...ms).toFixed(1)} to ${Math.max(...ms).toFixed(1)}`;

/** Nobody gives addresses but this. */
async function fromStatus(
  { call, nodes }: BenchCluster,
  frames: Capture,
  round: number,
): Promise<{ readonly sinceSentMs: number; readonly sinceAnswerMs: number }> {
  const services = await createServices(call, 1, `status${round}`);
  await createSlices(call, services, nodes);
  await sleep(PAUSE_MS);
  const sentAtMs = nowMs();
  await bareRate(call, 'merge', services, round);
  const answeredAtMs = nowMs();
  const atMs = await firstFrame(frames, sentAtMs);
  await remove(call, services);
  return { sinceSentMs: atMs - sentAtMs, sinceAnswerMs: atMs - answeredAtMs };
}

async function fromPost({ call, nodes }: BenchCluster, frames: Capture, round: number): Promise<number> {
  const name = `post${round}`;
  await createSlices(call, [`${name}-0`], nodes);
  await sleep(PAUSE_MS);
  const sentAtMs = nowMs();
  const services = await createServices(call, 1, name);
  const atMs = await firstFrame(frames, sentAtMs);
  await remove(call, services);
  return atMs - sentAtMs;
}

/** For whatever address: a round has one. */
async function firstFrame(frames: Capture, afterMs: number): Promise<number> {
  const { atNs } = await frames.next(
    ({ atNs, senderAddress, targetAddress }) => senderAddress === targetAddress && Number(atNs / 1000n) / 1000 >= afterMs,
    FRAME_MS,
  );
  return Number(atNs / 1000n) / 1000;
}

async function remove(call: BenchCluster['call'], services: readonly string[]): Promise<void> {
  for (const name of services) {
    await call('DELETE', `${SERVICES_PATH}/${name}`);
    await call('DELETE', `/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/${name}-1`);
  }
}
