// @ts-check
/**
 * Bundles the command line, in pieces, and the speaker's view worker into build/. With `--lib` (when npm packs) it also emits the
 * library (constructs and src) with its types. Never into dist/: `cdk8s synth` deletes that folder.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from './setup.mjs';

/** Dependencies in CommonJS call `require`, which an ES module does not have. */
const REQUIRE =
  "import { createRequire as arpeggioRequire } from 'node:module';\nconst require = arpeggioRequire(import.meta.url);";
const BUILD = join(ROOT, 'build');
const COMMAND = join(BUILD, 'arpeggio.js');

/**
 * Node's own modules are required, not imported: to import one reads everything that it exports, and `node:http` of Node 24 then
 * loads a whole WebSocket client: 5 MB of each agent.
 *
 * @type {import('esbuild').Plugin}
 */
const REQUIRED_BUILTINS = {
  name: 'required-builtins',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^(?:node:|[a-z_/]+$)/ }, ({ path, kind }) => {
      if (!isBuiltin(path)) return undefined;
      return kind === 'import-statement' ? { path, namespace: 'builtin' } : { path, external: true };
    });
    onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({ contents: `module.exports = require('${path}')` }));
  },
};

/**
 * What reads a kubeconfig is as large as everything else, and both bundles may need it: it is a bundle of its own, beside them.
 *
 * @type {import('esbuild').Plugin}
 */
const KUBECONFIG_BESIDE = {
  name: 'kubeconfig-beside',
  setup: ({ onResolve }) => {
    onResolve({ filter: /\/kubeconfig\.js$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: './kubeconfig.js', external: true } : undefined,
    );
  },
};

/** @param {{ lib?: boolean }} [options] */
export async function build({ lib = false } = {}) {
  removeBundles();
  await Promise.all([
    bundle({ arpeggio: 'agents/cli/main.ts' }, `#!/usr/bin/env node\n${REQUIRE}`),
    bundle({ view: 'agents/speaker/view/worker.ts' }, REQUIRE),
    bundle({ kubeconfig: 'agents/kube/kubeconfig.ts' }, REQUIRE),
  ]);
  chmodSync(COMMAND, 0o755);
  // Whoever installs this package has the capture module built with them.
  for (const header of ['cap.h', 'pages.h']) copyFileSync(join(ROOT, 'agents', 'speaker', 'wire', header), join(BUILD, header));
  if (!lib) return;
  await bundleLibrary();
  declareLibrary();
}

/** Names of pieces carry a hash, so those of an earlier build would stay. */
function removeBundles() {
  for (const name of existsSync(BUILD) ? readdirSync(BUILD) : []) if (/\.js(\.map)?$/.test(name)) rmSync(join(BUILD, name));
}

/**
 * Each command is a piece of its own, which is loaded when it is asked for: an agent does not hold the text of the others.
 *
 * @param {Record<string, string>} entry @param {string} banner
 */
async function bundle(entry, banner) {
  // Loaded here, not above: whoever imports this module may have to install esbuild first.
  const esbuild = await import('esbuild');
  await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: entry,
    outdir: BUILD,
    banner: { js: banner },
    bundle: true,
    splitting: true,
    // An agent holds the text of its program for as long as it runs.
    minifyWhitespace: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['cap'],
    plugins: [REQUIRED_BUILTINS, KUBECONFIG_BESIDE],
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
