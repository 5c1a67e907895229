// @ts-check
/**
 * Programs that tests take from others as Go modules: built into a folder outside the checkout, once for each change of what they are built
 * from. A program appears there whole or not at all: it is built beside its place and renamed.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export const CACHE = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'arpeggio');

/**
 * @typedef {object} GoProgram
 * @property {string} name of the file, before what tells its versions apart
 * @property {string} what for people
 * @property {string} takes how long, for people
 * @property {string} module the folder with its go.mod
 * @property {readonly string[]} sources the files in it that the program is built from
 * @property {string} target the package
 */

/**
 * The program, or what keeps it from being had.
 *
 * @param {GoProgram} program
 * @returns {{ file: string } | { problem: string }}
 */
export function provideGoProgram({ name, what, takes, module, sources, target }) {
  const hash = createHash('sha256');
  for (const source of sources) hash.update(readFileSync(join(module, source)));
  const file = join(CACHE, `${name}-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(file)) return { file };
  if (spawnSync('go', ['version'], { stdio: 'ignore' }).status !== 0) return { problem: 'there is no Go' };
  console.error(`setup: building ${what} from its Go modules, once: ${takes} on two cores`);
  const problem = build(file, name, module, target);
  return problem === undefined ? { file } : { problem };
}

/**
 * @param {string} file @param {string} name @param {string} module @param {string} target
 * @returns {string | undefined} what went wrong
 */
function build(file, name, module, target) {
  let fresh = '';
  try {
    mkdirSync(CACHE, { recursive: true });
    fresh = mkdtempSync(join(CACHE, '.building-'));
    const problem = goBuild(module, target, join(fresh, name));
    if (problem !== undefined) return `it did not build: ${problem}`;
    renameSync(join(fresh, name), file);
    return undefined;
  } catch (error) {
    return /** @type {Error} */ (error).message;
  } finally {
    if (fresh !== '') rmSync(fresh, { recursive: true, force: true });
  }
}

/**
 * Builds one package of a module into `file`.
 *
 * @param {string} module @param {string} target @param {string} file @param {string} [ldflags] besides those that leave symbols out
 * @returns {string | undefined} what went wrong, in one line
 */
export function goBuild(module, target, file, ldflags = '') {
  const { status, stderr, error } = spawnSync(
    'go',
    ['build', '-trimpath', '-o', file, '-ldflags', `-s -w ${ldflags}`.trim(), target],
    {
      cwd: module,
      // A module may want a newer Go than is installed, which comes as a module too.
      env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off', GOTOOLCHAIN: 'auto' },
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    },
  );
  return status === 0 ? undefined : (error?.message ?? stderr).trim().split('\n').at(-1);
}

/**
 * Says what is missing, and what becomes of the tests that need it.
 *
 * @param {string} what @param {string} why @param {string} go the oldest version that can begin with it
 * @returns {undefined}
 */
export function withoutProgram(what, why, go) {
  const consequence = process.env['CI'] === 'true' ? 'fail' : 'are skipped';
  console.error(`setup: no ${what}, so the tests with it ${consequence}: ${why}; put Go ${go} or newer on the PATH`);
}
