import { expect, test } from 'vitest';
import { type Contest, isContested, isOver, mayWriteAtMs, writtenOver } from '../../src/kube/statuscontest.js';

/** What is written over as soon as it may be written. */
function fought(rounds: number): readonly { readonly contest: Contest; readonly waitMs: number }[] {
  const history: { contest: Contest; waitMs: number }[] = [];
  let now = 1000;
  for (let i = 0; i < rounds; i++) {
    const contest = writtenOver(history.at(-1)?.contest, now);
    const waitMs = Math.max(0, mayWriteAtMs(contest) - now);
    history.push({ contest, waitMs });
    now += waitMs + 5;
  }
  return history;
}

test('twice it is mended at once; then it waits for longer each time, up to five minutes', () => {
  const waits = fought(9).map(({ waitMs }) => waitMs / 1000);
  expect(waits).toEqual([0, 0, 10, 20, 40, 80, 160, 300, 300]);
});

test('it is a contest from the third time on', () => {
  expect(fought(4).map(({ contest }) => isContested(contest))).toEqual([false, false, true, true]);
});

test('ten minutes later it is forgotten, and no rest lasts so long', () => {
  const last = fought(9).at(-1)?.contest;
  if (last === undefined) throw new Error('it was fought');
  expect([mayWriteAtMs(last), last.lastAtMs + 600_000].map((at) => isOver(last, at))).toEqual([false, false]);
  const later = last.lastAtMs + 600_001;
  expect(isOver(last, later)).toBe(true);
  expect(writtenOver(last, later)).toEqual({ rounds: 1, lastAtMs: later });
});
