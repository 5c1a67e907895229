/** A cluster of three real Nodes: how soon it is up, and how soon what is applied to it, while nothing of ours is there, serves. */
import { statSync } from 'node:fs';
import { fluxSync } from '../../e2e/flux.js';
import { RealCluster } from '../../e2e/realcluster.js';
import { type Figures, figure, median } from '../figures.js';
import { RealInstall } from '../support/realinstall.js';
import { repeatedly } from '../support/turns.js';

const CLUSTERS = 3;
/** In each of them. */
const ROUNDS = 2;

interface Lived {
  readonly upMs: number;
  readonly readyMs: readonly number[];
  readonly answeredMs: readonly number[];
  readonly syncedMs: number;
}

export async function run(): Promise<Figures> {
  const lived = await repeatedly(CLUSTERS, () => live());
  const upMs = lived.map((one) => one.upMs);
  const readyMs = lived.flatMap((one) => one.readyMs);
  const answeredMs = lived.flatMap((one) => one.answeredMs);
  const syncedMs = lived.map((one) => one.syncedMs);
  const of = (ms: readonly number[]): string =>
    `median of ${ms.length}, ${Math.round(Math.min(...ms))} to ${Math.round(Math.max(...ms))}`;
  return [
    figure('cluster.install.upMs', median(upMs), 'ms', `npm run cluster up, ${of(upMs)}; at most 120000`),
    figure(
      'cluster.install.readyMs',
      median(readyMs),
      'ms',
      `apply to the controller and three speakers ready, ${of(readyMs)}; at most 8000; MetalLB 22000`,
    ),
    figure(
      'cluster.install.answeredMs',
      median(answeredMs),
      'ms',
      `apply, CRDs, configuration and a Deployment, to the first answer, ${of(answeredMs)}; at most 12000; MetalLB needs its webhook first`,
    ),
    figure(
      'cluster.install.syncedMs',
      median(syncedMs),
      'ms',
      `one sync of all layers by Flux to the first answer, ${of(syncedMs)}; at most 20000; MetalLB needs more than one`,
    ),
    figure(
      'cluster.install.imageMb',
      statSync(process.env['ARPEGGIO_IMAGE'] ?? '').size / 1e6,
      'MB',
      'the image of both agents; at most 200; MetalLB 130 of binaries',
    ),
  ];
}

async function live(): Promise<Lived> {
  // It makes the image too, as it does for people.
  const cluster = new RealCluster({ ARPEGGIO_IMAGE: '' });
  try {
    const since = performance.now();
    await cluster.up();
    const upMs = performance.now() - since;
    const install = new RealInstall(cluster);
    const readyMs = await repeatedly(ROUNDS, () => install.ready());
    const answeredMs = await repeatedly(ROUNDS, () => install.answered());
    const { answeredMs: syncedMs } = await fluxSync(cluster);
    return { upMs, readyMs, answeredMs, syncedMs };
  } finally {
    await cluster.down();
  }
}
