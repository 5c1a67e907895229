/** Whether an agent keeps time while it is flooded with requests: heartbeats and gratuitous rounds, as they arrive at a peer. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Figures, figure, median } from '../figures.js';
import type { Load } from '../support/load.js';
import { CLIENT_ADDRESS, Pair, serviceAddresses } from '../support/pair.js';
import { lateByInterval, lateByRhythm, quantile } from '../support/rhythm.js';
import { type Passing, tape } from '../support/tape.js';
import { repeatedly } from '../support/turns.js';

const ROUNDS = 3;
const SERVICES = 50;
const FLOOD = { ratePerS: 150_000, seconds: 4, inFlight: 65_536, senders: '10.64.0.0', unicast: true };
const BEAT_MS = 100;
const ROUND_MS = 1100;
/** Of heartbeats before the flood, which tell their rhythm. */
const QUIET_BEATS = 8;

interface Lateness {
  readonly load: Load;
  readonly beats: readonly number[];
  readonly rounds: readonly number[];
}

export async function run(): Promise<Figures> {
  const floods = await repeatedly(ROUNDS, flood);
  const sent = median(floods.map(({ load }) => load.sentPerS));
  const answered = median(floods.map(({ load }) => load.ratePerS));
  const note = `${(sent / 1000).toFixed(0)} k requests/s, ${(answered / 1000).toFixed(0)} k answered`;
  const [beats, rounds] = [floods.flatMap((one) => one.beats), floods.flatMap((one) => one.rounds)];
  const worst = (values: readonly number[]): string => quantile(values, 1).toFixed(1);
  return [
    figure(
      'wire.flood.beatLateP99Ms',
      quantile(beats, 0.99),
      'ms',
      `of ${beats.length} heartbeats under ${note}, the latest ${worst(beats)} ms; at most 20`,
    ),
    figure(
      'wire.flood.gratuitousLateP99Ms',
      quantile(rounds, 0.99),
      'ms',
      `of ${rounds.length} gratuitous rounds meanwhile, the latest ${worst(rounds)} ms; at most 20`,
    ),
  ];
}

/** Four gratuitous rounds of each address fall into the flood. */
async function flood(): Promise<Lateness> {
  await using pair = await Pair.create();
  const recorder = await tape(pair.client);
  await pair.startAgent({ services: SERVICES, flags: ['--join', CLIENT_ADDRESS], settle: false });
  await sleep(QUIET_BEATS * BEAT_MS);
  const load = await pair.load({ targets: serviceAddresses(SERVICES), ...FLOOD });
  const passings = await recorder.stop();
  const [from, to] = [load.firstSentAtMs, load.firstSentAtMs + FLOOD.seconds * 1000];
  const during = passings.filter(({ atMs }) => atMs <= to);
  const beats = timesOf(during, 'beat').filter((atMs) => atMs > from - QUIET_BEATS * BEAT_MS);
  return {
    load,
    beats: lateByRhythm(beats, BEAT_MS, QUIET_BEATS - 1),
    rounds: [...byAddress(during)].flatMap((times) => lateByInterval(lastBefore(times, from), ROUND_MS)),
  };
}

const timesOf = (passings: readonly Passing[], kind: Passing['kind']): readonly number[] =>
  passings.filter((one) => one.kind === kind).map(({ atMs }) => atMs);

/** The times of the first frames of its rounds, for each address. */
function byAddress(passings: readonly Passing[]): Iterable<readonly number[]> {
  const times = new Map<string, number[]>();
  for (const { kind, address, atMs } of passings) {
    if (kind === 'request') times.set(address, [...(times.get(address) ?? []), atMs]);
  }
  return times.values();
}

/** Those after `from`, and the one before them. */
const lastBefore = (times: readonly number[], from: number): readonly number[] =>
  times.slice(
    Math.max(
      0,
      times.findLastIndex((time) => time < from),
    ),
  );
