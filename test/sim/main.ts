/**
 * The command of `npm run sim` (tools/sim.mjs).
 *
 * `--seeds N` tells N stories, `--from S` those from seed S on; `--seed S` tells one, with all that happens in it; `--month` watches
 * five nodes for a month at two per cent of loss, `--hours N` for as long.
 */
import { parseArgs } from 'node:util';
import { storyOf } from './author.js';
import { watchLong } from './long.js';
import { failureOf, historyOf } from './report.js';
import { formatEvent } from './story.js';

const HOURS_OF_A_MONTH = 720;
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    month: { type: 'boolean', default: false },
    hours: { type: 'string', default: String(HOURS_OF_A_MONTH) },
  },
});

if (values.month) month(Number(values.hours));
else if (values.seed !== undefined) one(Number(values.seed));
else many(Number(values.from), Number(values.seeds));

function one(seed: number): void {
  const story = storyOf(seed);
  for (const line of historyOf(story)) console.log(line);
  console.log('');
  for (const event of story.events) console.log(formatEvent(event));
  end(1, [failureOf(seed)]);
}

function many(from: number, count: number): void {
  const failures: string[] = [];
  for (let seed = from; seed < from + count; seed++) {
    const failure = failureOf(seed);
    if (failure === undefined) continue;
    failures.push(failure);
    console.log(failure);
  }
  end(count, failures);
}

function month(hours: number): void {
  const { takeovers, questions, beats } = watchLong({ seed: 1, hours });
  console.log(
    `${hours} simulated hours of five nodes at 2 % loss: ${beats} beats, ${questions} questions about peers that faltered, ${takeovers} takeovers`,
  );
  end(1, takeovers === 0 ? [] : ['takeovers']);
}

function end(count: number, failures: readonly (string | undefined)[]): void {
  const failed = failures.filter((failure) => failure !== undefined);
  if (count === 1) for (const failure of failed) console.log(failure);
  console.log(`${count} seeds, ${failed.length} failed`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}
