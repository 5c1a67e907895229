/**
 * The checks that need no code of ours: types, lint, unused code. One test each, so that a failure shows its own output.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const run = promisify(execFile);

/** What the command printed when it found something; empty when it found nothing. */
const complaints = async (name: string, args: readonly string[]): Promise<string> =>
  run(join(ROOT, 'node_modules/.bin', name), args, { cwd: ROOT }).then(
    () => '',
    ({ stdout, stderr }: { stdout: string; stderr: string }) => `${stdout}${stderr}`,
  );

describe('the house', () => {
  test.each([
    ['has right types', 'tsc', ['--noEmit']],
    ['has right types in its tools', 'tsc', ['--noEmit', '-p', 'tools']],
    ['is formatted and lint-free', 'biome', ['check', '.']],
    ['has nothing unused', 'knip', []],
  ])('%s', async (_, name, args) => {
    expect(await complaints(name, args)).toBe('');
  });

  test('names no download address in its lock file', () => {
    expect(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).not.toMatch(/"resolved"/);
  });

  test('runs the same test command in CI as in the README', () => {
    expect(readFileSync(join(ROOT, '.ci/run'), 'utf8').trim().split('\n').at(-1)).toBe('npm test');
    expect(readFileSync(join(ROOT, 'README.md'), 'utf8')).toMatch(/^npm test$/m);
  });
});
