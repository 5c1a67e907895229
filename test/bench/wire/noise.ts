/** What a noisy network does to an agent: broadcast requests, a great many, for addresses of no pool. */
import { type Figures, figure, median } from '../figures.js';
import type { Load } from '../support/load.js';
import { KERNEL_ADDRESS, Pair, serviceAddress } from '../support/pair.js';
import { cpuShare } from '../support/process.js';
import { inTurns } from '../support/turns.js';

const ROUNDS = 3;
const SECONDS = 3;
const NOISE = { targets: '10.9.64.0-10.9.67.255', ratePerS: 100_000, inFlight: 256, senders: '10.9.32.0' };
const ASKING = { ratePerS: 1000, inFlight: 512, unicast: true };

interface Heard {
  readonly noise: Load;
  readonly own: Load;
}

export async function run(): Promise<Figures> {
  await using kernel = await Pair.create();
  await using ours = await Pair.create();
  const { pid } = await ours.startAgent();
  const turns = await inTurns(
    ROUNDS,
    () => inNoise(kernel, KERNEL_ADDRESS),
    () => cpuShare(pid, () => inNoise(ours, serviceAddress(0))),
  );
  const heard = turns.ours.map(([, one]) => one);
  const p99Us = (all: readonly Heard[]): number => median(all.map(({ own }) => own.p99us));
  const rate = (median(heard.map(({ noise }) => noise.sentPerS)) / 1000).toFixed(0);
  return [
    figure(
      'wire.noise100k.cores',
      median(turns.ours.map(([share]) => share)),
      'cores',
      `${rate} k broadcast requests/s for addresses of no pool, and 1 k/s for ours; at most 0.25`,
    ),
    figure(
      'wire.noise100k.p99Us',
      p99Us(heard),
      'µs',
      `of our answers meanwhile, kernel ${p99Us(turns.kernel).toFixed(0)} µs; at most 2000`,
    ),
    figure('wire.noise100k.p99Ratio', p99Us(heard) / p99Us(turns.kernel), '', 'ours ÷ kernel'),
  ];
}

async function inNoise(pair: Pair, targets: string): Promise<Heard> {
  const [noise, own] = await Promise.all([
    pair.load({ ...NOISE, seconds: SECONDS, blind: true }),
    pair.load({ ...ASKING, targets, seconds: SECONDS }),
  ]);
  if (own.foreign > 0) throw new Error(`${own.foreign} answers to noise`);
  return { noise, own };
}
