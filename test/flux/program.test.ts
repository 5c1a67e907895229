import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../constructs/support.js';
import { fill, temporaryFolder } from '../support/folder.js';

const KIND = 'modules/applier/config/crd/bases/kustomizations.yaml';
const SOURCE = 'modules/sources/config/crd/bases/repositories.yaml';

/** Writes what it is asked to build (`go build -trimpath -o FILE …`), and has two modules. */
const goIn = (folder: string): string => `
case "$1" in
  build) echo made > "$4";;
  mod) for each in applier sources; do printf '{\\n\\t"Dir": "%s"\\n}\\n' "${folder}/modules/$each"; done;;
esac`;

/** Runs tools/flux.mjs in a home of its own, with no program on the PATH but this `go`. */
function provide(folder: string, go: string | undefined, ci = ''): { code: number | null; stdout: string; stderr: string } {
  fill(folder, go === undefined ? { 'bin/none': '' } : { 'bin/go': `#!/bin/sh\n${go}\n` });
  if (go !== undefined) chmodSync(join(folder, 'bin/go'), 0o755);
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'tools/flux.mjs')], {
    env: { PATH: join(folder, 'bin'), XDG_CACHE_HOME: join(folder, 'cache'), CI: ci },
    encoding: 'utf8',
  });
  return { code: status, stdout, stderr };
}

test('Flux is built once, and what kinds it has is beside it', () => {
  const folder = temporaryFolder();
  fill(folder, { [KIND]: '', [SOURCE]: '' });
  const first = provide(folder, goIn(folder));
  expect(first).toMatchObject({ code: 0, stderr: expect.stringContaining('once') });
  const program = first.stdout.trim();
  expect(existsSync(program)).toBe(true);
  expect(readdirSync(`${program}-crds`).sort()).toEqual([basename(KIND), basename(SOURCE)]);
  expect(provide(folder, undefined)).toEqual({ code: 0, stdout: first.stdout, stderr: '' });
});

const BROKEN = '[ "$1" = version ] || { echo "no route to the module proxy" >&2; exit 1; }';
const WITHOUT_KINDS = '[ "$1" = mod ] && { echo "no such module" >&2; exit 1; }; [ "$1" != build ] || echo made > "$4"';

test.each<[string, string | undefined, string, string, RegExp]>([
  ['without Go', undefined, '', 'are skipped', /there is no Go/],
  ['without Go under CI', undefined, 'true', 'fail', /there is no Go/],
  ['when its modules cannot be had', BROKEN, '', 'are skipped', /it did not build: no route to the module proxy/],
  ['when those of its kinds cannot be had', WITHOUT_KINDS, '', 'are skipped', /its kinds could not be had: no such module/],
])('%s there is none, and one line says why', (_, go, ci, consequence, why) => {
  const { code, stdout, stderr } = provide(temporaryFolder(), go, ci);
  expect([code, stdout]).toEqual([1, '']);
  const line = stderr.trim().split('\n').at(-1);
  expect(line).toMatch(why);
  expect(line).toContain(`setup: no Flux, so the tests with it ${consequence}: `);
  expect(line).toContain('put Go 1.21 or newer on the PATH');
});
