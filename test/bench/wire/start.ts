/** How long after its start an agent answers: a client asks every half millisecond. */
import { type Figures, figure, median } from '../figures.js';
import { Pair } from '../support/pair.js';
import { repeatedly } from '../support/turns.js';

const ROUNDS = 3;

export async function run(): Promise<Figures> {
  const times = await repeatedly(ROUNDS, async () => {
    await using pair = await Pair.create();
    const { firstAnswerMs } = await pair.startAgent({ settle: false });
    return firstAnswerMs ?? Number.NaN;
  });
  return [
    figure(
      'wire.firstAnswerMs',
      median(times),
      'ms',
      `start of the process to its first answer, ${ROUNDS} starts; less than 1000`,
    ),
  ];
}
