import { describe, expect, test } from 'vitest';
import { IdleFlood } from '../../src/layer2/idleflood.js';

/** Frames one by one, `everyMs`, from `from` on; gives the pauses. */
function play(
  flood: IdleFlood,
  { count, everyMs, from = 0 }: { count: number; everyMs: number; from?: number },
): readonly number[] {
  return Array.from({ length: count }, (_, i) => flood.pauseMs(1, from + i * everyMs));
}

const isPaused = (pauses: readonly number[]): boolean => (pauses.at(-1) ?? 0) > 0;

describe('frames that need nothing', () => {
  test.each([
    ['5,000 a second', 0.2, true],
    ['2,500 a second', 0.4, true],
    ['1,500 a second', 0.66, false],
    ['one now and then', 1000, false],
  ])('%s: gather %s', (_, everyMs, gathers) => {
    expect(isPaused(play(new IdleFlood(), { count: 1000, everyMs }))).toBe(gathers);
  });

  test('gather once they have gone on for some milliseconds, and never for half of one', () => {
    const pauses = play(new IdleFlood(), { count: 1000, everyMs: 0.2 });
    expect(pauses.findIndex((pause) => pause > 0)).toBeLessThan(100);
    expect(pauses.slice(0, 30).every((pause) => pause === 0)).toBe(true);
    expect(Math.max(...pauses)).toBeLessThan(0.5);
  });

  test('gather as batches do, which the pauses make of them', () => {
    const flood = new IdleFlood();
    play(flood, { count: 100, everyMs: 0.2 });
    const pauses = Array.from({ length: 1000 }, (_, i) => flood.pauseMs(i % 2 === 0 ? 2 : 3, 20 + i * 0.5));
    expect(pauses.every((pause) => pause > 0)).toBe(true);
  });

  test('are read at once again after a quiet moment', () => {
    const flood = new IdleFlood();
    play(flood, { count: 1000, everyMs: 0.2 });
    expect(flood.pauseMs(1, 300)).toBe(0);
  });

  test('are read at once when they become few', () => {
    const flood = new IdleFlood();
    play(flood, { count: 1000, everyMs: 0.2 });
    expect(isPaused(play(flood, { count: 100, everyMs: 1, from: 200 }))).toBe(false);
  });

  test('are read at once after one that needed something, and gather again without such', () => {
    const flood = new IdleFlood();
    play(flood, { count: 1000, everyMs: 0.2 });
    flood.end();
    expect(flood.pauseMs(1, 200.2)).toBe(0);
    expect(isPaused(play(flood, { count: 100, everyMs: 0.2, from: 200.4 }))).toBe(true);
  });

  test('never gather between answers that come at least each three milliseconds', () => {
    const flood = new IdleFlood();
    for (let at = 0; at < 300; at += 3) {
      expect(isPaused(play(flood, { count: 14, everyMs: 0.2, from: at }))).toBe(false);
      flood.end();
    }
  });
});
