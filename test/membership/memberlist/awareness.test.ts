import { expect, test } from 'vitest';
import { adjustScore, failureCost, roundMs } from '../../../src/membership/memberlist/awareness.js';

test.each([
  ['a success when well', 0, -1, 0],
  ['a success after a failure', 1, -1, 0],
  ['a failure', 0, 1, 1],
  ['a failure with three silent helpers', 6, 3, 7],
  ['any failure when as ill as can be', 7, 1, 7],
])('the score after %s', (_, score, delta, expected) => {
  expect(adjustScore(score, delta, 8)).toBe(expected);
});

test('a multiplier of 1 turns awareness off', () => {
  expect(adjustScore(0, 3, 1)).toBe(0);
});

test.each([
  ['nobody who could send a nack', 0, 0, 1],
  ['three helpers, all silent', 3, 0, 3],
  ['three helpers of which one is silent', 3, 2, 1],
  ['helpers that all sent nacks', 3, 3, 0],
  ['more nacks than helpers', 3, 5, 0],
])('a failed round with %s', (_, asked, nacks, expected) => {
  expect(failureCost(asked, nacks)).toBe(expected);
});

test('a round is stretched by the score', () => {
  expect([0, 1, 7].map((score) => roundMs(1000, score))).toEqual([1000, 2000, 8000]);
});
