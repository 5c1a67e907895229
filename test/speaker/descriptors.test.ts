import { expect, test, vi } from 'vitest';
import { keepLowDescriptors, withLowDescriptors } from '../../agents/speaker/wire/descriptors.js';

/** What may still be opened. */
const limit = vi.hoisted(() => ({ left: Number.POSITIVE_INFINITY }));
vi.mock('node:fs', async (load) => {
  const fs = await load<typeof import('node:fs')>();
  const openSync: typeof fs.openSync = (...args) => {
    if (limit.left-- <= 0) throw new Error('EMFILE: too many open files');
    return fs.openSync(...args);
  };
  return { ...fs, openSync };
});

test('without descriptors to be had, what opens or closes a capture is done all the same', () => {
  limit.left = 10;
  keepLowDescriptors();
  for (let i = 0; i < 5; i++) expect(withLowDescriptors(() => i)).toBe(i);
  limit.left = Number.POSITIVE_INFINITY;
  expect(withLowDescriptors(() => 'done')).toBe('done');
});
