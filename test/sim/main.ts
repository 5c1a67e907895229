/**
 * The command of `npm run sim` (tools/sim.mjs).
 *
 * `--seeds N` tells N stories, `--from S` those from seed S on; `--seed S` tells one, with all that happens in it; `--month` watches
 * five nodes for a month at two per cent of loss, `--hours N` for as long, `--seed S` with other chances; `--cost` counts what 100 nodes
 * send for 1,000 addresses.
 */
import { parseArgs } from 'node:util';
import { storyOf } from './author.js';
import { costOf } from './cost.js';
import { watchLong } from './long.js';
import { failureOf, failuresOf, historyOf } from './report.js';
import { formatEvent } from './story.js';

const HOURS_OF_A_MONTH = 720;
const MOST_BEATS = 2000;
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    cost: { type: 'boolean', default: false },
    month: { type: 'boolean', default: false },
    hours: { type: 'string', default: String(HOURS_OF_A_MONTH) },
  },
});

if (values.month) month(Number(values.hours), Number(values.seed ?? '1'));
else if (values.cost) cost();
else if (values.seed !== undefined) one(Number(values.seed));
else many(Number(values.from), Number(values.seeds));

function one(seed: number): void {
  const story = storyOf(seed);
  for (const line of historyOf(story)) console.log(line);
  console.log('');
  for (const event of story.events) console.log(formatEvent(event));
  const failure = failureOf(seed);
  if (failure !== undefined) console.log(failure);
  end(1, failure === undefined ? [] : [failure]);
}

function many(from: number, count: number): void {
  end(
    count,
    failuresOf(from, count, (failure) => console.log(failure)),
  );
}

function month(hours: number, seed: number): void {
  const { takeovers, questions, beats } = watchLong({ seed, hours });
  console.log(
    `${hours} simulated hours of five nodes at 2 % loss: ${beats} beats, ${questions} questions about peers that faltered, ${takeovers} takeovers`,
  );
  end(1, takeovers === 0 ? [] : [`${takeovers} takeovers`]);
}

function cost(): void {
  const { beats, words } = costOf(100, 1000);
  console.log(`100 nodes, 1000 addresses: at rest a node sends ${beats} beats and ${words} words a second, at most`);
  end(1, beats > MOST_BEATS ? [`more than ${MOST_BEATS}`] : []);
}

function end(count: number, failures: readonly string[]): void {
  console.log(`${count} seeds, ${failures.length} failed`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}
