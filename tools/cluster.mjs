// @ts-check
/** `npm run cluster up|down|shell`: a whole Kubernetes on this machine, with our image in it. See docs/cluster.md. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';
import { CLUSTER_FOLDER, THERE_IS_ONE } from './clusterfolder.mjs';
import { assembleImage } from './image.mjs';
import { CLUSTER, provideKube } from './kube.mjs';
import { ROOT, setup } from './setup.mjs';

const MAIN = ['--import', 'tsx', 'tools/cluster/main.ts'];

/** What nodes are made of besides Kubernetes, so that a cluster comes up where there is no network. What cannot be had, it has said. */
export function fetchNodeParts() {
  spawnSync(process.execPath, [...MAIN, 'fetch'], { cwd: ROOT, stdio: ['ignore', 2, 2] });
}

async function main() {
  setup();
  const [verb] = process.argv.slice(2);
  // Known before anything is built for it.
  if (verb === 'up' && existsSync(CLUSTER_FOLDER)) {
    console.error(`cluster: ${THERE_IS_ONE}`);
    return 1;
  }
  // Whoever takes one down waits for no program to be built.
  const kube = verb === 'down' ? undefined : provideKube(CLUSTER);
  let image = process.env['ARPEGGIO_IMAGE'];
  if (verb === 'up' && kube !== undefined && !image) {
    await build();
    image = assembleImage();
  }
  if (verb !== 'down' && (kube === undefined || (verb === 'up' && !image))) return 1;
  const env = { ...process.env, ...(kube ? { KUBEBUILDER_ASSETS: kube } : {}), ...(image ? { ARPEGGIO_IMAGE: image } : {}) };
  const child = spawn(process.execPath, [...MAIN, ...process.argv.slice(2)], { cwd: ROOT, env, stdio: 'inherit' });
  // It hears them too, and takes down what it began.
  for (const signal of /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
    process.on(signal, () => void child.kill(signal));
  return new Promise((resolve) => void child.on('exit', (code) => resolve(code ?? 1)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main();
