// @ts-check
/**
 * Flux's kustomize-controller, the one part of Flux that applies what is in a repository, and beside it, in a folder of its name with
 * `-crds`, the kinds that Flux has. `node tools/flux.mjs` prints its path.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { provideGoProgram, withoutProgram } from './goprogram.mjs';

const MODULE = fileURLToPath(new URL('flux/', import.meta.url));
const APPLIER = 'github.com/fluxcd/kustomize-controller';
/** Its kinds are not among what the program is built from. */
const SOURCES = 'github.com/fluxcd/source-controller';

/** The program. Undefined where it cannot be had: then one line has said so. */
export function provideFlux() {
  const built = provideGoProgram({
    name: 'kustomize-controller',
    what: "Flux's kustomize-controller",
    takes: '6 minutes',
    module: MODULE,
    sources: ['go.mod', 'go.sum'],
    target: APPLIER,
  });
  const problem = 'file' in built ? provideKinds(`${built.file}-crds`) : built.problem;
  if ('file' in built && problem === undefined) return built.file;
  return withoutProgram('Flux', problem ?? '', '1.21');
}

/**
 * @param {string} folder
 * @returns {string | undefined} what went wrong
 */
function provideKinds(folder) {
  if (existsSync(folder)) return undefined;
  const sources = /source-controller\/api (v\S+)/.exec(readFileSync(join(MODULE, 'go.mod'), 'utf8'))?.[1];
  const { status, stdout, stderr, error } = spawnSync('go', ['mod', 'download', '-json', APPLIER, `${SOURCES}@${sources}`], {
    cwd: MODULE,
    env: { ...process.env, GOWORK: 'off', GOTOOLCHAIN: 'auto' },
    encoding: 'utf8',
  });
  if (status !== 0) return `its kinds could not be had: ${(error?.message ?? stderr).trim().split('\n').at(-1)}`;
  const fresh = mkdtempSync(join(dirname(folder), '.crds-'));
  try {
    for (const [, place = ''] of stdout.matchAll(/"Dir": (".*")/g)) {
      cpSync(join(JSON.parse(place), 'config', 'crd', 'bases'), fresh, { recursive: true });
    }
    renameSync(fresh, folder);
    return undefined;
  } catch (error) {
    return /** @type {Error} */ (error).message;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const program = provideFlux();
  if (program === undefined) process.exitCode = 1;
  else console.log(program);
}
