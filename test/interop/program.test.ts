import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../constructs/support.js';
import { fill, temporaryFolder } from '../support/folder.js';

/** Writes what it is asked to build (`go build -trimpath -o FILE …`). */
const GO = '[ "$1" = version ] || echo made > "$4"';
const SKIPPED = 'setup: no reference member of memberlist, so the tests against it are skipped:';

interface World {
  /** What `go` does; absent: there is none. */
  readonly go?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs tools/interop.mjs in a home of its own, with no program on the PATH but this `go`. */
function provide(folder: string, { go, env = {} }: World): { code: number | null; stdout: string; stderr: string } {
  fill(folder, go === undefined ? { 'bin/none': '' } : { 'bin/go': `#!/bin/sh\n${go}\n` });
  if (go !== undefined) chmodSync(join(folder, 'bin/go'), 0o755);
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'tools/interop.mjs')], {
    env: { PATH: join(folder, 'bin'), XDG_CACHE_HOME: join(folder, 'cache'), ...env },
    encoding: 'utf8',
  });
  return { code: status, stdout, stderr };
}

test('the reference is built once', () => {
  const folder = temporaryFolder();
  const first = provide(folder, { go: GO });
  expect(first).toMatchObject({ code: 0, stderr: expect.stringContaining('once') });
  expect(existsSync(first.stdout.trim())).toBe(true);
  expect(provide(folder, { go: GO })).toEqual({ code: 0, stdout: first.stdout, stderr: '' });
});

test.each<[string, World, string]>([
  ['under CI', { go: GO, env: { CI: 'true' } }, `${SKIPPED} this is CI\n`],
  ['without Go', {}, `${SKIPPED} there is no Go\n`],
  [
    'when its modules cannot be had',
    { go: '[ "$1" = version ] || { echo "no route to the module proxy" >&2; exit 1; }' },
    `${SKIPPED} it did not build: no route to the module proxy\n`,
  ],
])('%s there is none, and one line says why', (_, world, line) => {
  const folder = temporaryFolder();
  const { code, stdout, stderr } = provide(folder, world);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr.split('\n').slice(-2).join('\n')).toBe(line);
  const cache = join(folder, 'cache/arpeggio');
  expect(existsSync(cache) ? readdirSync(cache) : []).toEqual([]);
});
