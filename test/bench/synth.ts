/**
 * How long 1,000 pools take from TypeScript to YAML: in this process, and by the command line people use.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App, Chart, Testing } from 'cdk8s';
import { IPAddressPool, L2Advertisement } from '../../constructs/index.js';
import { type Figures, median } from './figures.js';

const POOLS = 1000;
const RUNS = 5;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CLI = join(ROOT, 'node_modules/cdk8s-cli/bin/cdk8s');

export async function run(): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'arpeggio-bench-'));
  try {
    execFileSync(process.execPath, [join(ROOT, 'tools/build.mjs'), '--lib'], { stdio: 'pipe' });
    const cliAlone = repeat(() => execFileSync(process.execPath, [CLI, '--version'], { stdio: 'pipe' }));
    const inOneFile = repeat(() => synthByCli(folder, 'FILE_PER_CHART'));
    const inManyFiles = repeat(() => synthByCli(folder, 'FOLDER_PER_CHART_FILE_PER_RESOURCE'));
    return [
      {
        key: 'synth.pools1000Ms',
        value: repeat(synthInProcess),
        unit: 'ms',
        note: `median of ${RUNS}, validation included, no files`,
      },
      { key: 'synth.cli1000Ms', value: inOneFile, unit: 'ms', note: `cdk8s synth, median of ${RUNS}, a file a chart; goal 2000` },
      { key: 'synth.cliAloneMs', value: cliAlone, unit: 'ms', note: 'of which is `cdk8s --version`, doing nothing' },
      { key: 'synth.cli1000FilesMs', value: inManyFiles, unit: 'ms', note: 'the same, a file an object: mostly the file system' },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function repeat(measured: () => void): number {
  const times = Array.from({ length: RUNS }, () => {
    const start = performance.now();
    measured();
    return performance.now() - start;
  });
  return median(times);
}

function synthInProcess(): void {
  const chart = new Chart(new App(), 'pools', { disableResourceNameHashes: true });
  for (let i = 0; i < POOLS; i++) new IPAddressPool(chart, `pool-${i}`, { addresses: [`10.${i >> 8}.${i & 255}.0/24`] });
  new L2Advertisement(chart, 'all');
  Testing.synth(chart);
}

function synthByCli(folder: string, outputType: string): void {
  const app = join(folder, 'app.mts');
  writeFileSync(app, appSource(outputType));
  execFileSync(process.execPath, [CLI, 'synth', '--app', `node --import tsx ${app}`, '--output', join(folder, 'out')], {
    cwd: ROOT,
    env: { ...process.env, CDK8S_CHECK_UPGRADE: 'false' },
    stdio: 'pipe',
  });
}

/** An author's app, with the library as the package ships it. It lies outside the repository, where no package resolves. */
const appSource = (outputType: string): string => `
import { App, Chart, YamlOutputType } from '${import.meta.resolve('cdk8s')}';
import { IPAddressPool, L2Advertisement } from '${new URL('../../build/lib/index.js', import.meta.url).href}';
const app = new App({ yamlOutputType: YamlOutputType.${outputType} });
const chart = new Chart(app, 'pools', { disableResourceNameHashes: true });
for (let i = 0; i < ${POOLS}; i++) new IPAddressPool(chart, 'pool-' + i, { addresses: ['10.' + (i >> 8) + '.' + (i & 255) + '.0/24'] });
new L2Advertisement(chart, 'all');
app.synth();
`;
