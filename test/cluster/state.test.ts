import { expect, test } from 'vitest';
import { parseHolder, startOf } from '../../tools/cluster/state.js';

test('what a cluster dies with is read', () => {
  expect(parseHolder('7 123456\n')).toEqual({ pid: 7, started: '123456' });
});

test.each(['', '7', '7 \n', '7 123456', 'x 123456\n', '7 123456\nmore'])('half a record names nobody: %j', (text) => {
  expect(parseHolder(text)).toBeUndefined();
});

test.each(['node', 'a (b) c', ') 1 2'])('the start of a process is found, whatever its name is: %j', (name) => {
  const fields = Array.from({ length: 30 }, (_, index) => String(index + 3));
  // Field 3 is the first after the name.
  expect(startOf(`1 (${name}) ${fields.join(' ')}\n`)).toBe('22');
});
