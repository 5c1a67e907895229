// @ts-check
/**
 * `npm test`: set-up, build, every test inside one lab. The last line is `N passed, N failed`, whatever went wrong.
 * Arguments go to vitest: `npm test -- address` runs the files whose path contains "address".
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from './build.mjs';
import { fetchNodeParts } from './cluster.mjs';
import { provideFlux } from './flux.mjs';
import { assembleImage } from './image.mjs';
import { provideInterop } from './interop.mjs';
import { CLUSTER, olderApiServer, provideKube } from './kube.mjs';
import { provideMetallb } from './metallb.mjs';
import { enterLab } from './namespace.mjs';
import { providePromtool } from './promtool.mjs';
import { ROOT, setup } from './setup.mjs';

const folder = mkdtempSync(join(tmpdir(), 'arpeggio-test-'));
const tally = join(folder, 'tally');
process.exitCode = 1;
process.once('exit', () => {
  const line = existsSync(tally) ? readFileSync(tally, 'utf8') : '0 passed, 1 failed';
  rmSync(folder, { recursive: true });
  console.log(line);
});

setup();
// Before the lab, from which no module proxy can be reached.
// Only a run that has tests of them waits for the image and for programs of others.
const isWhole = process.argv.length === 2 || process.argv.slice(2).some((one) => /e2e|flux|image|cluster|guide/.test(one));
const kube = (isWhole ? provideKube(CLUSTER) : undefined) ?? provideKube();
const flux = hasTests('test/e2e/flux.test.ts') ? provideFlux() : undefined;
const metallb = hasTests('test/e2e/beside.test.ts', 'test/e2e/movingin.test.ts') ? provideMetallb() : undefined;
const promtool = hasTests('test/e2e/cluster.test.ts', 'test/e2e/guide/guide.test.ts') ? providePromtool() : undefined;
const interop = provideInterop();
await build();
const image = isWhole ? assembleImage() : undefined;
if (image !== undefined) fetchNodeParts();
const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
process.exitCode = await enterLab([process.execPath, vitest, 'run', ...process.argv.slice(2)], {
  cwd: ROOT,
  env: {
    ARPEGGIO_TALLY: tally,
    KUBEBUILDER_ASSETS: kube,
    ARPEGGIO_OLDER_APISERVER: olderApiServer(),
    ARPEGGIO_INTEROP: interop,
    ARPEGGIO_FLUX: flux,
    ARPEGGIO_METALLB: metallb,
    ARPEGGIO_PROMTOOL: promtool,
    ARPEGGIO_IMAGE: image,
    ...(process.stdout.isTTY ? {} : { NO_COLOR: '1' }),
  },
});

/** Whether this run has those of one of these files. @param {readonly string[]} files */
function hasTests(...files) {
  return process.argv.length === 2 || process.argv.slice(2).some((one) => files.some((file) => file.includes(one)));
}
