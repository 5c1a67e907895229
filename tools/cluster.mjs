// @ts-check
/** `npm run cluster up|down|shell`: a whole Kubernetes on this machine, with our image in it. See docs/cluster.md. */
import { spawn } from 'node:child_process';
import { build } from './build.mjs';
import { assembleImage } from './image.mjs';
import { CLUSTER, provideKube } from './kube.mjs';
import { ROOT, setup } from './setup.mjs';

setup();
const [verb] = process.argv.slice(2);
const kube = provideKube(CLUSTER);
let image = process.env['ARPEGGIO_IMAGE'];
if (verb === 'up' && kube !== undefined && !image) {
  await build();
  image = assembleImage();
}
if (verb === 'down' || (kube !== undefined && (verb !== 'up' || image))) {
  const args = ['--import', 'tsx', 'tools/cluster/main.ts', ...process.argv.slice(2)];
  const env = { ...process.env, ...(kube ? { KUBEBUILDER_ASSETS: kube } : {}), ...(image ? { ARPEGGIO_IMAGE: image } : {}) };
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: 'inherit' });
  // It hears them too, and takes down what it began.
  for (const signal of /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
    process.on(signal, () => void child.kill(signal));
  child.on('exit', (code) => {
    process.exitCode = code ?? 1;
  });
} else process.exitCode = 1;
