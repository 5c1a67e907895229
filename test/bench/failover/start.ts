/**
 * A whole cluster starts at once: until when two nodes answered for one address, and from when each address had an answer.
 */
import { capture } from '../../lab/capture.js';
import { Cluster } from '../../lab/cluster.js';
import { manifest, pool, service } from '../../lab/manifests.js';
import { type Figures, figure, median } from '../figures.js';
import { serviceAddress } from '../support/failovers.js';
import { load } from '../support/load.js';

const ROUNDS = 10;
const NODES = ['n1', 'n2', 'n3', 'n4', 'n5'];
const ADDRESSES = Array.from({ length: 20 }, (_, i) => serviceAddress(i));
const SECONDS = 6;
/** Answers of two nodes within this time are answers to one request. */
const TOGETHER_MS = 10;

export async function run(): Promise<Figures> {
  const [twoMs, noneMs]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    const { two, none } = await startAll();
    twoMs.push(two);
    noneMs.push(none);
  }
  const note = `${NODES.length} nodes start at once, ${ROUNDS} times, median ${Math.round(median(twoMs))} and ${Math.round(median(noneMs))} ms; the worst`;
  return [
    figure(
      'failover.start.twoAnswersUntilMs',
      Math.max(...twoMs),
      'ms',
      `${note}: the last moment when two answered for one address; at most 2000`,
    ),
    figure(
      'failover.start.answeredFromMs',
      Math.max(...noneMs),
      'ms',
      `${note}: when the last address got its first answer; at most 3000`,
    ),
  ];
}

/** Milliseconds from the first agent's process on. */
async function startAll(): Promise<{ readonly two: number; readonly none: number }> {
  await using lab = await Cluster.create({ nodes: NODES });
  await lab.write(
    'state.yaml',
    manifest([
      ...pool('pool', [`${ADDRESSES[0]}-${ADDRESSES.at(-1)}`]),
      ...ADDRESSES.map((address, i) => service(`s${i}`, { address })),
    ]),
  );
  await using heard = await capture(lab.client);
  const atMs = performance.timeOrigin + performance.now();
  for (const node of NODES) lab.start(node);
  const targets = `${ADDRESSES[0]}-${ADDRESSES.at(-1)}`;
  await load(lab.client, { targets, seconds: SECONDS, inFlight: 2048, ratePerS: 2000 });
  let [two, none] = [0, 0];
  for (const ip of ADDRESSES) {
    const answers = heard.events.filter(
      (one) => one.operation === 2 && !one.outgoing && one.senderAddress === ip && one.targetAddress !== ip,
    );
    const times = answers.map(({ atNs, senderMac }) => ({ ms: Number(atNs / 1000n) / 1000 - atMs, senderMac }));
    const [first] = times;
    if (first === undefined) throw new Error(`nobody answers for ${ip} ${SECONDS} s after the start`);
    none = Math.max(none, first.ms);
    for (const [i, one] of times.entries()) {
      const next = times[i + 1];
      if (next !== undefined && next.senderMac !== one.senderMac && next.ms - one.ms < TOGETHER_MS) two = Math.max(two, next.ms);
    }
  }
  return { two, none };
}
