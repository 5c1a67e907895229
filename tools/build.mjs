// @ts-check
/**
 * Bundles the command line and the speaker's view worker into build/. With `--lib` (when npm packs) it also emits the
 * library (constructs and src) with its types. Never into dist/: `cdk8s synth` deletes that folder.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from './setup.mjs';

/** Dependencies in CommonJS call `require`, which an ES module does not have. */
const REQUIRE =
  "import { createRequire as arpeggioRequire } from 'node:module';\nconst require = arpeggioRequire(import.meta.url);";
const COMMAND = join(ROOT, 'build', 'arpeggio.js');

/** @param {{ lib?: boolean }} [options] */
export async function build({ lib = false } = {}) {
  await Promise.all([
    bundle('agents/cli/main.ts', COMMAND, `#!/usr/bin/env node\n${REQUIRE}`),
    bundle('agents/speaker/view/worker.ts', join(ROOT, 'build', 'view.js'), REQUIRE),
  ]);
  chmodSync(COMMAND, 0o755);
  if (!lib) return;
  await bundleLibrary();
  declareLibrary();
}

/** @param {string} entry @param {string} outfile @param {string} banner */
async function bundle(entry, outfile, banner) {
  // Loaded here, not above: whoever imports this module may have to install esbuild first.
  const esbuild = await import('esbuild');
  await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile,
    banner: { js: banner },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['cap'],
    sourcemap: true,
    logLevel: 'warning',
  });
}

/** One file instead of two hundred: an author's `cdk8s synth` loads it through tsx, which asks for each file by itself. */
async function bundleLibrary() {
  const esbuild = await import('esbuild');
  await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: ['constructs/index.ts'],
    outfile: join(ROOT, 'build', 'lib', 'index.js'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['cdk8s', 'constructs'],
    sourcemap: true,
    logLevel: 'warning',
  });
}

function declareLibrary() {
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) throw new Error('the types of the library did not compile');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  build({ lib: process.argv.includes('--lib') }).catch((error) => {
    // esbuild has printed its own errors already.
    if (!('errors' in error)) console.error(`build: ${error.message}`);
    process.exit(1);
  });
}
