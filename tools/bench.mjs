// @ts-check
/**
 * `npm run bench [-- NAME…] [--json FILE]`: runs each bench in a lab of its own and prints its table. With `--json` the
 * figures of all of them go into one file. A bench is test/bench/NAME.ts, see test/bench/figures.ts.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { enterLab } from './namespace.mjs';
import { ROOT, setup } from './setup.mjs';

const NAMES = ['wire', 'allocator', 'synth', 'failover', 'cluster', 'review', 'page'].filter((name) =>
  existsSync(join(ROOT, 'test', 'bench', `${name}.ts`)),
);

const BUNDLES = join(ROOT, 'build', 'bench');

const { names, json } = readArguments();
setup();
await build();
const folder = mkdtempSync(join(tmpdir(), 'arpeggio-bench-'));
process.once('exit', () => rmSync(folder, { recursive: true }));

/** @type {Record<string, number>} */
const figures = {};
await bundleBenches();
for (const name of names) {
  const out = join(folder, `${name}.json`);
  const code = await enterLab([process.execPath, '--expose-gc', join(BUNDLES, 'run.js'), name, out], { cwd: ROOT });
  if (code !== 0) process.exitCode = code;
  if (code >= 128) break;
  if (existsSync(out)) Object.assign(figures, JSON.parse(readFileSync(out, 'utf8')));
}
if (json !== undefined) writeFileSync(json, `${JSON.stringify({ version: 1, figures: sorted(figures) }, null, 2)}\n`);

/**
 * What is measured is code as it is shipped, in a bundle: run through tsx it is up to twice as slow. The folder is as deep
 * as the one of the sources, so that relative places stay true.
 */
async function bundleBenches() {
  const esbuild = await import('esbuild');
  await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: ['run', ...names].map((name) => `test/bench/${name}.ts`),
    outdir: BUNDLES,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'warning',
  });
}

/** @returns {{ names: string[], json: string | undefined }} */
function readArguments() {
  try {
    const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'string' } } });
    const unknown = positionals.find((name) => !NAMES.includes(name));
    if (unknown !== undefined) usage(`no bench is called ${unknown}`);
    return { names: positionals.length > 0 ? positionals : NAMES, json: values.json };
  } catch (error) {
    return usage(/** @type {Error} */ (error).message);
  }
}

/** @param {string} problem @returns {never} */
function usage(problem) {
  console.error(`bench: ${problem}\nusage: npm run bench [-- NAME…] [--json FILE]\nnames: ${NAMES.join(', ')}`);
  process.exit(2);
}

/** @param {Record<string, number>} record */
function sorted(record) {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
