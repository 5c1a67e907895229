import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { LogLevel } from '../../agents/runtime/log.js';
import { endingWith } from '../../agents/runtime/standing.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

interface Scene {
  readonly said: readonly string[];
  readonly say: (msg: string, level?: LogLevel) => void;
  readonly end: AbortController;
}

function scene(standing: () => string | undefined = () => 'standing'): Scene {
  const [said, end]: [string[], AbortController] = [[], new AbortController()];
  const record = (msg: string, level: LogLevel = 'info') => ({ level, event: 'test', msg });
  const stands = () => {
    const msg = standing();
    return msg === undefined ? undefined : record(msg);
  };
  const log = endingWith(stands, ({ msg }) => void said.push(msg), end.signal);
  return { said, say: (msg, level) => log(record(msg, level)), end };
}

test('each burst of lines ends with how things stand', () => {
  const { said, say } = scene();
  for (const line of ['a', 'b']) {
    say(line);
    vi.advanceTimersByTime(4000);
  }
  vi.advanceTimersByTime(1000);
  expect(said).toEqual(['a', 'b', 'standing']);
  say('c');
  vi.advanceTimersByTime(5000);
  expect(said).toEqual(['a', 'b', 'standing', 'c', 'standing']);
});

test('an idle agent says nothing, for its own words are no burst', () => {
  const { said, say } = scene();
  vi.advanceTimersByTime(3_600_000);
  expect(said).toEqual([]);
  say('a');
  vi.advanceTimersByTime(3_600_000);
  expect(said).toEqual(['a', 'standing']);
});

test.each<[string, (scene: Scene) => void, readonly string[]]>([
  ['what is for debugging', ({ say }) => say('a', 'debug'), ['a']],
  ['the end of the agent', ({ say, end }) => [say('a'), end.abort()], ['a']],
  ['a word after the end', ({ say, end }) => [end.abort(), say('a')], ['a']],
])('is followed by nothing: %s', (_, act, expected) => {
  const all = scene();
  act(all);
  vi.advanceTimersByTime(10_000);
  expect(all.said).toEqual(expected);
});

test('where nothing stands yet, nothing is said', () => {
  const { said, say } = scene(() => undefined);
  say('a');
  vi.advanceTimersByTime(5000);
  expect(said).toEqual(['a']);
});
