import { expect, test } from 'vitest';
import { hasStoodStill } from '../../src/ownership/standstill.js';

test.each([
  ['on time', 1000, false],
  ['as late as nobody minds', 1200, false],
  ['later', 1201, true],
])('a node that comes %s', (_, now, stood) => {
  expect(hasStoodStill(1000, now)).toBe(stood);
  expect(hasStoodStill(Number.POSITIVE_INFINITY, now)).toBe(false);
});
