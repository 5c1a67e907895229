// @ts-check
/**
 * `npm run soak [-- TIMES] [-- PATH…]`: every law of the tests, TIMES (default 100) times as often as `npm test` tries it, ten minutes of
 * the agent under change, and thirty of a cluster; with PATHs, those whose file's path contains one. A law that only fails once in a while
 * fails here. The seed that is printed makes it come again.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { provideKube } from './kube.mjs';
import { enterLab } from './namespace.mjs';
import { ROOT, setup } from './setup.mjs';

const [first = '', ...rest] = process.argv.slice(2);
const isCount = /^-?[\d.]+$/.test(first);
const times = isCount ? Number(first) : 100;
const paths = isCount || first === '' ? rest : [first, ...rest];
if (!Number.isInteger(times) || times < 1) usage('TIMES is a whole number, 1 or more');
setup();
// Before the lab, from which no module proxy can be reached.
const kube = provideKube();
await build();
const laws = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts') && readFileSync(join(ROOT, 'test', name), 'utf8').includes("from 'fast-check'"))
  .map((name) => join('test', name));
const underChange = ['lab', 'e2e'].map((folder) => join('test', folder, 'soak.test.ts'));
const chosen = [...laws, ...underChange].filter((file) => paths.length === 0 || paths.some((path) => file.includes(path)));
if (chosen.length === 0) usage(`no path of a law or a soak contains ${paths.join(' or ')}`);
const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
process.exitCode = await enterLab([process.execPath, vitest, 'run', '--testTimeout', '3600000', ...chosen], {
  cwd: ROOT,
  env: {
    ARPEGGIO_RUNS: String(times),
    ARPEGGIO_SOAK_SECONDS: '600',
    ARPEGGIO_CLUSTER_SOAK_SECONDS: '1800',
    KUBEBUILDER_ASSETS: kube,
  },
});

/**
 * @param {string} problem
 * @returns {never}
 */
function usage(problem) {
  console.error(`soak: ${problem}\nusage: npm run soak [-- TIMES] [-- PATH…]`);
  process.exit(2);
}
