/** 5,000 addresses at once: how soon each was announced, and how many frames that makes for everybody on the network. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Figures, figure, median } from '../figures.js';
import { Pair, serviceObjects } from '../support/pair.js';
import { peakWithin } from '../support/rhythm.js';
import { type Passing, tape } from '../support/tape.js';
import { repeatedly } from '../support/turns.js';

const ROUNDS = 3;
const ADDRESSES = 5000;
/** Reading the folder, and enough of the rounds that follow each other each 1.1 s to see them overlap. */
const WATCH_MS = 6000;
/** Until they are withdrawn, and the agent sleeps again. */
const WITHDRAW_MS = 3000;

interface Pass {
  readonly beforeMs: number;
  readonly firstPassMs: number;
  readonly framesPerS: number;
}

export async function run(): Promise<Figures> {
  await using pair = await Pair.create();
  await pair.startAgent({ services: 0, pool: ADDRESSES });
  const passes = await repeatedly(ROUNDS, () => claimAll(pair));
  const before = median(passes.map(({ beforeMs }) => beforeMs));
  const note = `5,000 Services appear; ${before.toFixed(0)} ms later the first gratuitous frame; from there until each address had one; at most 1000`;
  return [
    figure('wire.claim5000Ms', median(passes.map(({ firstPassMs }) => firstPassMs)), 'ms', note),
    figure(
      'wire.claim5000.framesPerS',
      median(passes.map(({ framesPerS }) => framesPerS)),
      '/s',
      'gratuitous frames in the busiest second of it; at most 6000',
    ),
  ];
}

async function claimAll(pair: Pair): Promise<Pass> {
  const recorder = await tape(pair.client);
  const writtenAtMs = performance.timeOrigin + performance.now();
  pair.write('services.yaml', serviceObjects(ADDRESSES));
  await sleep(WATCH_MS);
  const frames = (await recorder.stop()).filter(({ kind }) => kind !== 'beat');
  // Removed, not emptied: an agent takes a file that suddenly says nothing for one that is being written.
  pair.remove('services.yaml');
  await sleep(WITHDRAW_MS);
  const [first, last] = [frames[0]?.atMs ?? Number.NaN, lastFirst(frames)];
  const times = frames.map(({ atMs }) => atMs);
  return { beforeMs: first - writtenAtMs, firstPassMs: last - first, framesPerS: peakWithin(times, 1000) };
}

/** When the last of the addresses was announced for the first time. */
function lastFirst(frames: readonly Passing[]): number {
  const seen = new Set<string>();
  for (const { address, atMs } of frames) {
    seen.add(address);
    if (seen.size === ADDRESSES) return atMs;
  }
  throw new Error(`only ${seen.size} of ${ADDRESSES} addresses were announced within ${WATCH_MS / 1000} s`);
}
