// @ts-check
/**
 * MetalLB itself, for tests of moving from it and of being beside it: a folder with its controller, its speaker and its manifest.
 * `node tools/metallb.mjs` prints its path.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, linkSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { provideGoProgram, withoutProgram } from './goprogram.mjs';

const MODULE = fileURLToPath(new URL('metallb/', import.meta.url));
const METALLB = 'go.universe.tf/metallb';
const PROGRAMS = ['controller', 'speaker'];

/** The folder. Undefined where it cannot be had: then one line has said so. */
export function provideMetallb() {
  /** @type {Record<string, string>} */
  const files = {};
  for (const name of PROGRAMS) {
    const built = provideGoProgram({
      name: `metallb-${name}`,
      what: `MetalLB's ${name}`,
      takes: '3 minutes',
      module: MODULE,
      sources: ['go.mod', 'go.sum'],
      target: `${METALLB}/${name}`,
    });
    if ('problem' in built) return withoutProgram('MetalLB', built.problem, '1.25');
    files[name] = built.file;
  }
  const folder = `${files['controller']}-whole`;
  if (existsSync(folder)) return folder;
  const found = spawnSync('go', ['list', '-m', '-f', '{{.Dir}}', METALLB], { cwd: MODULE, encoding: 'utf8' });
  if (found.status !== 0)
    return withoutProgram('MetalLB', `its manifest could not be had: ${found.stderr.trim().split('\n').at(-1)}`, '1.25');
  const fresh = mkdtempSync(join(dirname(folder), '.metallb-'));
  try {
    copyFileSync(join(found.stdout.trim(), 'config/manifests/metallb-native.yaml'), join(fresh, 'metallb-native.yaml'));
    for (const [name, file] of Object.entries(files)) linkSync(file, join(fresh, name));
    renameSync(fresh, folder);
    return folder;
  } catch (error) {
    return withoutProgram('MetalLB', /** @type {Error} */ (error).message, '1.25');
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = provideMetallb();
  if (folder === undefined) process.exitCode = 1;
  else console.log(folder);
}
