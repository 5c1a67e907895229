import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { releaseMemory } from '../../agents/speaker/wire/link.js';

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
