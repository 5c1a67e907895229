import { describe, expect, test } from 'vitest';
import { lateByInterval, lateByRhythm, peakWithin, quantile } from './rhythm.js';

describe('the most within a window', () => {
  test.each([
    ['nothing', [], 0],
    ['one', [5], 1],
    ['a burst', [0, 1, 2, 3], 4],
    ['what is a whole window apart', [0, 1000], 1],
    ['the busier of two stretches', [0, 500, 2000, 2100, 2900, 3100], 3],
  ])('%s', (_, times, peak) => {
    expect(peakWithin(times, 1000)).toBe(peak);
  });
});

describe('how late by the rhythm', () => {
  test.each([
    ['punctual', [0, 100, 200, 300], [0, 0]],
    ['late once, and punctual again', [0, 100, 230, 300, 400], [30, 0, 0]],
    ['late from the beginning', [20, 100, 200], [0]],
    ['always late', [0, 100, 230, 330, 430], [30, 30, 30]],
    ['so late that the rhythm begins anew', [0, 100, 350, 450, 550], [150, 0, 0]],
  ])('%s', (_, times, late) => {
    expect(lateByRhythm(times, 100, 2)).toEqual(late);
  });
});

test('how late by the interval', () => {
  expect(lateByInterval([0, 1100, 2250, 3350], 1100)).toEqual([0, 50, 0]);
});

test.each([
  [0.5, 2],
  [0.99, 4],
  [1, 4],
])('quantile %f', (fraction, value) => {
  expect(quantile([4, 1, 3, 2], fraction)).toBe(value);
});
