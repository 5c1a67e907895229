import { expect, test } from 'vitest';
import { sharing } from '../../agents/source/known.js';

test('what is read anew shares with what was known before whatever is the same', () => {
  const before = { name: 'web', labels: { a: 'b' }, ports: [{ port: 80 }], since: 'then' };
  const read = { name: 'web', labels: { a: 'b' }, ports: [{ port: 81 }] };
  const after = sharing<{ name: string; labels: object; ports: readonly object[]; since?: string }>(before, read);
  expect(after).toEqual({ name: 'web', labels: { a: 'b' }, ports: [{ port: 81 }] });
  expect(after.labels).toBe(before.labels);
  expect(after.ports).not.toBe(before.ports);
});
