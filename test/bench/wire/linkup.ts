/** How soon a node answers after its interface went up, which was down long enough to be noticed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Figures, figure, median } from '../figures.js';
import { KERNEL_ADDRESS, Pair, serviceAddress } from '../support/pair.js';
import { inTurns } from '../support/turns.js';

const ROUNDS = 5;
const DOWN_MS = 1500;

export async function run(): Promise<Figures> {
  await using kernel = await Pair.create();
  await using ours = await Pair.create();
  await ours.startAgent();
  const turns = await inTurns(
    ROUNDS,
    () => downAndUp(kernel, KERNEL_ADDRESS),
    () => downAndUp(ours, serviceAddress(0)),
  );
  const [a, b] = [median(turns.ours), median(turns.kernel)];
  return [figure('wire.interfaceUpMs', a, 'ms', `interface up to first answer, kernel ${b.toFixed(2)} ms; at most 100`)];
}

/** From the first request that found a carrier, of one each half millisecond, to the first answer. */
async function downAndUp(pair: Pair, targets: string): Promise<number> {
  await pair.node.setLink('eth0', 'down');
  await sleep(DOWN_MS);
  const asked = pair.load({ targets, seconds: 10, inFlight: 8192, ratePerS: 2000, untilFirst: true });
  await sleep(200);
  await pair.node.setLink('eth0', 'up');
  const { refused, replies, firstSentAtMs, firstAnswerAtMs } = await asked;
  if (replies === 0) throw new Error(`no answer for ${targets} within 10 s after the interface went up`);
  if (refused === 0) throw new Error('the client did not notice that the interface was down');
  return firstAnswerAtMs - firstSentAtMs;
}
