// @ts-check
/**
 * The program of test/interop, a member on the reference implementation of memberlist: built from Go modules into a folder outside the
 * checkout, once for each change of it. Not under CI, which has to work without a module proxy. `node tools/interop.mjs` prints its path.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MODULE = fileURLToPath(new URL('../test/interop/', import.meta.url));
const SOURCES = ['go.mod', 'go.sum', 'main.go'];

/** The program. Undefined where it cannot be had: then one line has said so. */
export function provideInterop() {
  if (process.env['CI'] === 'true') return without('this is CI');
  const hash = createHash('sha256');
  for (const name of SOURCES) hash.update(readFileSync(join(MODULE, name)));
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'arpeggio');
  const program = join(cache, `interop-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(program)) return program;
  if (spawnSync('go', ['version'], { stdio: 'ignore' }).status !== 0) return without('there is no Go');
  say('building the reference member of memberlist from its Go modules, once: half a minute on two cores');
  const problem = build(cache, program);
  return problem === undefined ? program : without(problem);
}

/**
 * The program appears whole or not at all: it is built beside its place and renamed.
 *
 * @param {string} cache @param {string} program
 * @returns {string | undefined} what went wrong
 */
function build(cache, program) {
  let fresh = '';
  try {
    mkdirSync(cache, { recursive: true });
    fresh = mkdtempSync(join(cache, '.building-'));
    const { status, stderr, error } = spawnSync('go', ['build', '-trimpath', '-o', join(fresh, 'interop'), '.'], {
      cwd: MODULE,
      env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' },
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
    });
    if (status !== 0) return `it did not build: ${(error?.message ?? stderr).trim().split('\n').at(-1)}`;
    renameSync(join(fresh, 'interop'), program);
    return undefined;
  } catch (error) {
    return /** @type {Error} */ (error).message;
  } finally {
    if (fresh !== '') rmSync(fresh, { recursive: true, force: true });
  }
}

/** @param {string} why @returns {undefined} */
function without(why) {
  say(`no reference member of memberlist, so the tests against it are skipped: ${why}`);
}

/** @param {string} line */
function say(line) {
  console.error(`setup: ${line}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const program = provideInterop();
  if (program === undefined) process.exitCode = 1;
  else console.log(program);
}
