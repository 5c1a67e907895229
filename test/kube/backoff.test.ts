import { expect, test } from 'vitest';
import { type Backoff, type Failure, failed, failureOf, RESTED } from '../../src/kube/backoff.js';

/** The waits after failures in a row. */
function waits(why: readonly Failure[], chance = 0): readonly number[] {
  let backoff: Backoff = RESTED;
  return why.map((one) => {
    const next = failed(backoff, one, chance);
    ({ backoff } = next);
    return next.waitMs;
  });
}

const [AWAY, REFUSED] = ['away', 'refused'] as const;

test.each<[string, readonly Failure[], readonly number[]]>([
  ['is away is asked every second', [AWAY, AWAY, AWAY, AWAY], [500, 1000, 1000, 1000]],
  [
    'refuses is left alone, longer each time',
    [REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED],
    [800, 1600, 3200, 6400, 12_800, 25_600, 30_000],
  ],
  ['refuses after it was away, for the first time', [AWAY, AWAY, AWAY, REFUSED], [500, 1000, 1000, 800]],
  ['is away after it refused, for the first time', [REFUSED, REFUSED, REFUSED, AWAY], [800, 1600, 3200, 500]],
])('a server that %s', (_, why, expected) => {
  expect(waits(why)).toEqual(expected);
});

test('however long a server was away, it is asked within two seconds of its return, and once more within five', () => {
  const longest = waits(Array<Failure>(1000).fill(AWAY), 0.999);
  expect(Math.max(...longest)).toBeLessThan(2000);
  expect((longest.at(-1) ?? 0) + (waits([...Array<Failure>(1000).fill(AWAY), REFUSED], 0.999).at(-1) ?? 0)).toBeLessThan(5000);
});

test('not all ask at the same time', () => {
  expect([waits([AWAY], 0), waits([AWAY], 0.5), waits([AWAY], 0.999)]).toEqual([[500], [750], [1000]]);
});

test.each<[number, Failure]>([
  [500, AWAY],
  [503, AWAY],
  [429, AWAY],
  [403, REFUSED],
  [404, REFUSED],
  [410, REFUSED],
])('HTTP status %i: %s', (code, why) => {
  expect(failureOf(code)).toBe(why);
});
