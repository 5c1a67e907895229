/** A cluster of three real Nodes: how soon it is up, and how soon what is applied to it, while nothing of ours is there, serves. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../constructs/support.js';
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
}

export async function run(): Promise<Figures> {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const lived = await repeatedly(CLUSTERS, () => live(`arpeggio:${version}`));
  const upMs = lived.map((one) => one.upMs);
  const readyMs = lived.flatMap((one) => one.readyMs);
  const answeredMs = lived.flatMap((one) => one.answeredMs);
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
      'cluster.install.imageMb',
      statSync(process.env['ARPEGGIO_IMAGE'] ?? '').size / 1e6,
      'MB',
      'the image of both agents; at most 200; MetalLB 130 of binaries',
    ),
  ];
}

async function live(image: string): Promise<Lived> {
  // It makes the image too, as it does for people.
  const cluster = new RealCluster({ ARPEGGIO_IMAGE: '' });
  try {
    const since = performance.now();
    await cluster.up();
    const upMs = performance.now() - since;
    const install = new RealInstall(cluster, image);
    const readyMs = await repeatedly(ROUNDS, () => install.ready());
    const answeredMs = await repeatedly(ROUNDS, () => install.answered());
    return { upMs, readyMs, answeredMs };
  } finally {
    await cluster.down();
  }
}
