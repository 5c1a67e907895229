import { expect, test } from 'vitest';
import { Alarm } from '../../agents/speaker/wire/alarm.js';

/** Turns of the event loop until `done`, at each of which `act` is called; gives up after far more than it should take. */
async function turnsUntil(done: () => boolean, act: () => void): Promise<void> {
  const end = performance.now() + 5000;
  while (!done() && performance.now() < end) {
    act();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('it rings although it is set again at every event, each time for a little later', async () => {
  let rings = 0;
  const alarm = new Alarm(() => rings++);
  await turnsUntil(
    () => rings === 3,
    () => alarm.set(performance.now() + 2),
  );
  alarm.clear();
  expect(rings).toBe(3);
});

test('it rings by what is due first, not by what was set first', async () => {
  let rungAt = 0;
  const alarm = new Alarm(() => {
    rungAt = performance.now();
  });
  const start = performance.now();
  alarm.set(start + 600_000);
  alarm.set(start + 5);
  await turnsUntil(
    () => rungAt > 0,
    () => undefined,
  );
  alarm.clear();
  expect(rungAt).toBeGreaterThan(start);
});

test('nothing rings without a time, or after it is cleared; afterwards it can be set again', async () => {
  const rings: string[] = [];
  let name = 'first';
  const alarm = new Alarm(() => rings.push(name));
  alarm.set(Number.POSITIVE_INFINITY);
  alarm.set(performance.now() + 1);
  alarm.clear();
  await new Promise((resolve) => setTimeout(resolve, 20));
  name = 'second';
  alarm.set(performance.now() + 1);
  await turnsUntil(
    () => rings.length > 0,
    () => undefined,
  );
  expect(rings).toEqual(['second']);
});
