import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Pace } from '../../agents/runtime/pace.js';

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => vi.useRealTimers());

/** Work of 10 ms, and when it was done. */
function paced(): { readonly pace: Pace; readonly done: readonly number[] } {
  const done: number[] = [];
  const pace = new Pace(() => {
    done.push(performance.now() - start);
    vi.advanceTimersByTime(10);
  });
  const start = performance.now();
  return { pace, done };
}

test('the first change is acted on at once, those that come too soon after it together', () => {
  const { pace, done } = paced();
  for (let i = 0; i < 5; i++) pace.request();
  expect(done).toEqual([0]);
  vi.advanceTimersByTime(39);
  expect(done).toEqual([0]);
  vi.advanceTimersByTime(1);
  expect(done).toEqual([0, 50]);
});

test('what was put off is done when somebody needs it, once', () => {
  const { pace, done } = paced();
  pace.flush();
  expect(done).toEqual([]);
  pace.request();
  pace.request();
  pace.flush();
  expect(done).toEqual([0, 10]);
  vi.advanceTimersByTime(1000);
  expect(done).toEqual([0, 10]);
});

test('or never', () => {
  const { pace, done } = paced();
  pace.request();
  pace.request();
  pace.cancel();
  vi.advanceTimersByTime(1000);
  expect(done).toEqual([0]);
});
