/** How fast the agent answers unicast requests, and what an answer costs, beside a kernel that answers for itself. */
import { type Figure, type Figures, figure, median } from '../figures.js';
import type { Load } from '../support/load.js';
import { KERNEL_ADDRESS, Pair, serviceAddress } from '../support/pair.js';
import { cpuSeconds } from '../support/process.js';
import { inTurns } from '../support/turns.js';

const ROUNDS = 5;
const SECONDS = 0.8;

interface Turns {
  readonly kernel: readonly Load[];
  readonly ours: readonly Load[];
}

export async function run(): Promise<Figures> {
  await using kernel = await Pair.create();
  await using ours = await Pair.create();
  const { pid } = await ours.startAgent();
  const turns = (inFlight: number): Promise<Turns> =>
    inTurns(
      ROUNDS,
      () => kernel.load({ targets: KERNEL_ADDRESS, seconds: SECONDS, inFlight, unicast: true }),
      () => ours.load({ targets: serviceAddress(0), seconds: SECONDS, inFlight, unicast: true }),
    );
  const single = await turns(1);
  const before = cpuSeconds(pid);
  const many = await turns(256);
  return [...manyFigures(many, cpuSeconds(pid) - before), ...singleFigures(single)];
}

function manyFigures({ kernel, ours }: Turns, cpuS: number): Figures {
  const rate = (loads: readonly Load[]): number => median(loads.map((load) => load.ratePerS));
  const sum = (pick: (load: Load) => number): number => ours.reduce((total, load) => total + pick(load), 0);
  const lost = (sum((load) => load.lost) / sum((load) => load.lost + load.replies)) * 100;
  return [
    figure(
      'wire.unicast256.rateRatio',
      rate(ours) / rate(kernel),
      '',
      `ours ${thousands(rate(ours))} ÷ kernel ${thousands(rate(kernel))} answers/s, 256 in flight, ${lost.toFixed(2)} % lost; at least 0.75`,
    ),
    figure(
      'wire.cpuPerReplyUs',
      (cpuS * 1e6) / sum((load) => load.replies),
      'µs',
      'processor time of the agent per answer, 256 in flight; at most 8',
    ),
  ];
}

function singleFigures({ kernel, ours }: Turns): Figures {
  const ratio = (key: string, pick: 'p50us' | 'p99us', limit: number): Figure => {
    const [a, b] = [ours, kernel].map((loads) => median(loads.map((load) => load[pick])));
    const note = `ours ${a?.toFixed(1)} µs ÷ kernel ${b?.toFixed(1)} µs, one in flight; at most ${limit}`;
    return figure(key, (a ?? 0) / (b ?? 0), '', note);
  };
  return [ratio('wire.unicast1.p50Ratio', 'p50us', 5), ratio('wire.unicast1.p99Ratio', 'p99us', 12)];
}

const thousands = (value: number): string => `${(value / 1000).toFixed(0)} k`;
