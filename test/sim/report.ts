/**
 * What a person is told of a story that fails: how to have it told again, and the little that has to happen.
 */
import { storyOf } from './author.js';
import { shrink } from './shrink.js';
import { tell } from './stage.js';
import { formatEvent, type Story } from './story.js';

/** What fails of so many seeds, one text each. The first few are told with as few events as they fail with, which takes a while. */
export function failuresOf(from: number, count: number, onFailure: (text: string) => void = () => undefined): readonly string[] {
  const failures: string[] = [];
  for (let seed = from; seed < from + count; seed++) {
    const failure = failureOf(seed, failures.length < MOST_SHRUNK);
    if (failure === undefined) continue;
    failures.push(failure);
    onFailure(failure);
  }
  return failures;
}

const MOST_SHRUNK = 3;

/** Undefined: it does not fail. */
export function failureOf(seed: number, isShrunk = true): string | undefined {
  const story = storyOf(seed);
  const { failure } = tell(story);
  if (failure === undefined) return undefined;
  const said = `seed ${seed}: ${failure.rule} at ${failure.at.toFixed(1)} ms: ${failure.text}`;
  if (!isShrunk) return said;
  const smallest = shrink(story);
  const told = tell(smallest);
  return [
    said,
    `  again: npm run sim -- --seed ${seed}`,
    `  ${formatSetting(story)}; with as few events as it fails with (${told.failure?.rule}: ${told.failure?.text}):`,
    ...smallest.events.map((event) => `  ${formatEvent(event)}`),
  ].join('\n');
}

/** Everything that happens in a story. */
export function historyOf(story: Story): readonly string[] {
  return tell(story, true).world.history;
}

function formatSetting({ names, failbackMs, timersLateMs, weather }: Story): string {
  return `nodes ${names.join(' ')}, failback after ${failbackMs} ms, timers ${timersLateMs} ms late, ${JSON.stringify(weather)}`;
}
