// @ts-check
/**
 * `npm run bench [-- NAME…] [--json FILE]`: runs each bench in a lab of its own and prints its table. With `--json` the
 * figures of all of them go into one file. A bench is test/bench/NAME.ts, see test/bench/figures.ts; where it is a folder,
 * NAME means every group in it, and NAME.GROUP one.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { fetchNodeParts } from './cluster.mjs';
import { provideFlux } from './flux.mjs';
import { assembleImage } from './image.mjs';
import { CLUSTER, provideKube } from './kube.mjs';
import { enterLab } from './namespace.mjs';
import { provideBenchTools, ROOT, setup } from './setup.mjs';

const SOURCES = join(ROOT, 'test', 'bench');
/** In this order; each with its groups, or as the one group of its name. */
const BENCHES = new Map(
  ['wire', 'allocator', 'synth', 'failover', 'cluster', 'review', 'page'].flatMap((name) => {
    const groups = groupsOf(name);
    return groups.length > 0 ? [[name, groups]] : [];
  }),
);

const BUNDLES = join(ROOT, 'build', 'bench');

const { names, json } = readArguments();
setup();
if (names.includes('wire.throughput')) provideBenchTools();
// Before the lab, from which no module proxy can be reached.
const hasNodes = names.includes('cluster.install');
const kube = names.some((name) => name.startsWith('cluster')) ? provideKube(hasNodes ? CLUSTER : undefined) : undefined;
const flux = hasNodes ? provideFlux() : undefined;
await build();
const image = hasNodes ? assembleImage() : undefined;
if (image !== undefined) fetchNodeParts();
const folder = mkdtempSync(join(tmpdir(), 'arpeggio-bench-'));
process.once('exit', () => rmSync(folder, { recursive: true }));

/** @type {Record<string, number>} */
const figures = {};
await bundleBenches();
for (const name of names) {
  const out = join(folder, `${name}.json`);
  const code = await enterLab([process.execPath, '--expose-gc', join(BUNDLES, 'run.js'), name, out], {
    cwd: ROOT,
    env: { KUBEBUILDER_ASSETS: kube, ARPEGGIO_IMAGE: image, ARPEGGIO_FLUX: flux },
  });
  if (code !== 0) process.exitCode = code;
  if (code >= 128) break;
  if (existsSync(out)) Object.assign(figures, JSON.parse(readFileSync(out, 'utf8')));
}
if (json !== undefined) writeFileSync(json, `${JSON.stringify({ version: 1, figures: sorted(figures) }, null, 2)}\n`);

/** @param {string} name */
function groupsOf(name) {
  if (existsSync(join(SOURCES, `${name}.ts`))) return [name];
  if (!existsSync(join(SOURCES, name))) return [];
  const files = readdirSync(join(SOURCES, name)).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
  return files.sort().map((file) => `${name}.${file.slice(0, -'.ts'.length)}`);
}

/**
 * What is measured is code as it is shipped, in a bundle: run through tsx it is up to twice as slow. All bundles are in one
 * folder as deep as the one of test/bench and test/lab, so that relative places in those stay true.
 */
async function bundleBenches() {
  const esbuild = await import('esbuild');
  await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: [
      ...['run', ...names].map((name) => ({ in: `test/bench/${name.replace('.', '/')}.ts`, out: name })),
      // A program that a bench starts.
      { in: 'test/bench/support/crowd.ts', out: 'crowd' },
    ],
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
    const all = [...BENCHES.values()].flat();
    const unknown = positionals.find((name) => !BENCHES.has(name) && !all.includes(name));
    if (unknown !== undefined) usage(`no bench is called ${unknown}`);
    const wanted = positionals.flatMap((name) => BENCHES.get(name) ?? [name]);
    return { names: wanted.length > 0 ? [...new Set(wanted)] : all, json: values.json };
  } catch (error) {
    return usage(/** @type {Error} */ (error).message);
  }
}

/** @param {string} problem @returns {never} */
function usage(problem) {
  const groups = [...BENCHES].flatMap(([name, all]) => (all.length > 1 ? [`groups of ${name}: ${all.join(', ')}`] : []));
  const lines = [`names: ${[...BENCHES.keys()].join(', ')}`, ...groups];
  console.error(`bench: ${problem}\nusage: npm run bench [-- NAME…] [--json FILE]\n${lines.join('\n')}`);
  process.exit(2);
}

/** @param {Record<string, number>} record */
function sorted(record) {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
