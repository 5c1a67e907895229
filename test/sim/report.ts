/**
 * What a person is told of a story that fails: how to have it told again, and the little that has to happen.
 */
import { storyOf } from './author.js';
import { shrink } from './shrink.js';
import { tell } from './stage.js';
import { formatEvent, type Story } from './story.js';

/** Undefined: it does not fail. */
export function failureOf(seed: number): string | undefined {
  const story = storyOf(seed);
  const { failure } = tell(story);
  if (failure === undefined) return undefined;
  const smallest = shrink(story);
  const told = tell(smallest);
  return [
    `seed ${seed}: ${failure.rule} at ${failure.at.toFixed(1)} ms: ${failure.text}`,
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
