// @ts-check
/**
 * `npm run sim [-- --seeds N] [-- --seed S] [-- --month [--hours N] [--seed S]] [-- --cost]`: clusters in a simulated time, to which
 * things happen (test/sim). The last line is `N seeds, N failed`. What runs is a bundle: through tsx it would take twice as long.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT, setup } from './setup.mjs';

setup();
const bundle = join(ROOT, 'build', 'sim', 'main.js');
// Loaded here: it may just have been installed.
const esbuild = await import('esbuild');
await esbuild.build({
  absWorkingDir: ROOT,
  entryPoints: ['test/sim/main.ts'],
  outfile: bundle,
  bundle: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  logLevel: 'warning',
});
const { status } = spawnSync(process.execPath, ['--enable-source-maps', bundle, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exitCode = status ?? 1;
