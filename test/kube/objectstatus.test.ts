import { expect, test } from 'vitest';
import { dated, says, shownObject } from '../../src/kube/objectstatus.js';

const condition = (status: string, lastTransitionTime?: string): object => ({
  ...{ type: 'Ready', status, reason: 'Valid', message: '' },
  ...(lastTransitionTime === undefined ? {} : { lastTransitionTime }),
});

test.each([
  ['that goes on', [condition('True', 't0')], 't0'],
  ['that changed', [condition('False', 't0')], 'now'],
  ['that is new', undefined, 'now'],
])('a condition %s has its time', (_, conditions, time) => {
  const shown = conditions === undefined ? {} : { conditions };
  expect(dated({ assignedIPv4: 1, conditions: [condition('True')] }, shown, 'now')).toEqual({
    assignedIPv4: 1,
    conditions: [condition('True', time)],
  });
});

test.each<[string, unknown, unknown, boolean]>([
  ['the same', { a: 1, b: [{ c: 'x' }] }, { a: 1, b: [{ c: 'x' }] }, true],
  ['more', { a: 1, b: 2 }, { a: 1 }, true],
  ['less', {}, { a: 1 }, false],
  ['other', { a: [1] }, { a: [1, 2] }, false],
  ['a counter as JSON rounds it', { a: JSON.parse('9223372036854775807') }, { a: 9223372036854775807n }, true],
  ['another counter', { a: 254 }, { a: 255n }, false],
  ['what does not matter', {}, { a: undefined }, true],
])('status that says %s', (_, shown, wanted, same) => {
  expect(says(shown, wanted)).toBe(same);
});

test('of an object without status nothing is shown', () => {
  expect(shownObject({ metadata: { resourceVersion: '3', generation: 2 } })).toEqual({
    resourceVersion: '3',
    generation: 2,
    status: {},
  });
});
