import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { releaseFreed, releaseMemory } from '../../agents/speaker/wire/link.js';

/** Of this process, resident, in kB. */
const resident = (what: 'RssFile' | 'RssAnon'): number =>
  Number(new RegExp(`^${what}:\\s+(\\d+)`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);

test('pages of program files leave memory and come back; what the process wrote stays', () => {
  const written = Buffer.alloc(1 << 20, 7);
  const before = [resident('RssFile'), resident('RssAnon')] as const;
  releaseMemory();
  const after = [resident('RssFile'), resident('RssAnon')] as const;
  expect(after[0]).toBeLessThan(before[0] / 2);
  expect(after[1]).toBeGreaterThan(before[1] * 0.9);
  expect(written.every((byte) => byte === 7)).toBe(true);
  expect(createHash('sha256').update('abc').digest('hex')).toMatch(/^ba7816bf/);
});

test('what was freed leaves memory though something behind it is in use', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const [count, size] = [1024, 64 << 10];
  // Each smaller than what glibc maps by itself, so that they lie one behind the other in the heap.
  let blocks = Array.from({ length: count }, () => Buffer.alloc(size, 7));
  blocks = blocks.filter((_, i) => i % 16 === 0);
  // The second waits for what the first has others free.
  collect();
  collect();
  const before = resident('RssAnon');
  releaseFreed();
  expect(resident('RssAnon')).toBeLessThan(before - (count * size) / 1024 / 2);
  expect(blocks.every((block) => block.every((byte) => byte === 7))).toBe(true);
});
