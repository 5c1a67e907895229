/** What a client notices when the filter of a capture changes: a pool appears, with a Service in it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { pool } from '../../lab/manifests.js';
import { type Figures, figure, median } from '../figures.js';
import type { Load } from '../support/load.js';
import { KERNEL_ADDRESS, Pair, serviceAddress, serviceObjects } from '../support/pair.js';
import { inTurns } from '../support/turns.js';

const ROUNDS = 7;
/** A request each millisecond, whether the last was answered or not. */
const ASKING = { seconds: 1.2, inFlight: 512, ratePerS: 1000 };
const CHANGE_AFTER_MS = 300;

export async function run(): Promise<Figures> {
  await using kernel = await Pair.create();
  await using ours = await Pair.create();
  await ours.startAgent();
  const turns = await inTurns(
    ROUNDS,
    () => kernel.load({ targets: KERNEL_ADDRESS, ...ASKING }),
    async (round) => {
      const asked = ours.load({ targets: serviceAddress(0), ...ASKING });
      await sleep(CHANGE_AFTER_MS);
      ours.write(`more-${round}.yaml`, [
        ...pool(`more-${round}`, [`10.9.${200 + round}.0/24`]),
        ...serviceObjects(1, `more-${round}`),
      ]);
      return asked;
    },
  );
  const middle = (loads: readonly Load[], pick: (load: Load) => number): number => median(loads.map(pick));
  const compared = (key: string, pick: (load: Load) => number, note: string) =>
    figure(key, middle(turns.ours, pick), 'ms', `${note}; a kernel beside it ${middle(turns.kernel, pick).toFixed(1)}`);
  const unanswered = (loads: readonly Load[]): number => loads.reduce((sum, { lost }) => sum + lost, 0);
  const twice = turns.ours.reduce((sum, { extra }) => sum + extra, 0);
  return [
    compared('wire.reopenStallMs', (one) => one.pausesMs, 'a pool appears: all pauses of more than 5 ms; at most 80'),
    compared('wire.reopen.longestMs', (one) => one.longestPauseMs, 'the longest time without an answer; at most 50'),
    figure(
      'wire.reopen.unanswered',
      unanswered(turns.ours),
      '',
      `of ${ROUNDS} times 1,200 requests, kernel ${unanswered(turns.kernel)}; ${twice} answered twice or late; 0`,
    ),
  ];
}
