/**
 * A controller that is started again where ten thousand Services have their addresses: how soon one more gets its own, and what it
 * writes about the others.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from '../../support/call.js';
import { until } from '../../support/until.js';
import { type Figures, figure, median } from '../figures.js';
import { BenchCluster } from '../support/benchcluster.js';
import { cpuSeconds, peakMb } from '../support/process.js';
import { countedSince, requestCounts } from '../support/requestcounts.js';
import { createServices } from '../support/services.js';
import { ServiceWatch } from '../support/servicewatch.js';
import { repeatedly } from '../support/turns.js';

const SERVICES = 10_000;
const PATH = '/api/v1/namespaces/default/services';
const ROUNDS = 7;
const LONGEST_MS = 120_000;
/** Whatever it would write about the others it would have begun to by then. */
const SETTLE_MS = 3000;
/** A condition that changes is written within this time. */
const QUIET_MS = 10_000;

interface Restarted {
  readonly ms: number;
  readonly writes: number;
  readonly cpuMs: number;
  readonly peakMb: number;
}

export async function run(): Promise<Figures> {
  await using cluster = await BenchCluster.create({ nodes: 0, addresses: ['10.1.0.0/16'] });
  const names = await createServices(cluster.call, SERVICES, 'web');
  await assignAll(cluster, names);
  const runs = await repeatedly(ROUNDS, (round) => restart(cluster, `late${round}`));
  const ms = runs.map((one) => one.ms);
  const note = `start of a controller to the address of a Service made just before, ${SERVICES} have theirs, median of ${ROUNDS}, ${Math.round(Math.min(...ms))} to ${Math.round(Math.max(...ms))}`;
  return [
    figure('cluster.restart10000Ms', median(ms), 'ms', `${note}; at most 1500; MetalLB 49500`),
    figure(
      'cluster.restart10000.writes',
      Math.max(...runs.map(({ writes }) => writes)),
      '',
      'status writes of Services but for that one’s two, in the worst of them; 0; MetalLB 13606',
    ),
    figure('cluster.restart10000.cpuMs', median(runs.map(({ cpuMs }) => cpuMs)), 'ms', 'of the controller until 3 s later'),
    figure(
      'cluster.restart10000.rssMb',
      median(runs.map((one) => one.peakMb)),
      'MB',
      'resident memory at its peak; at most 130; MetalLB 251',
    ),
  ];
}

async function assignAll(cluster: BenchCluster, names: readonly string[]): Promise<void> {
  using watch = await ServiceWatch.open(cluster.api.endpoint);
  const controller = await cluster.startController();
  await watch.all(names, LONGEST_MS);
  // Who answers for them is written after the addresses.
  for (let before = -1, now = await statusWrites(cluster); now !== before; ) {
    await sleep(QUIET_MS);
    [before, now] = [now, await statusWrites(cluster)];
  }
  await controller.end();
}

const statusWrites = async ({ call }: BenchCluster): Promise<number> =>
  (await requestCounts(call)).get('PATCH services/status') ?? 0;

const saysWho = ({ body }: Answer): boolean => JSON.stringify(body['status']).includes('arpeggio/Announced');

async function restart(cluster: BenchCluster, prefix: string): Promise<Restarted> {
  using watch = await ServiceWatch.open(cluster.api.endpoint);
  const late = await createServices(cluster.call, 1, prefix);
  const before = await requestCounts(cluster.call);
  const controller = await cluster.startController();
  const ms = (await watch.all(late, LONGEST_MS)) - controller.startedAtMs;
  const isTold = async (name: string): Promise<boolean> => saysWho(await cluster.call('GET', `${PATH}/${name}`));
  for (const name of late) await until('it says who answers', () => isTold(name));
  await sleep(SETTLE_MS);
  // Its address, and who answers for it.
  const writes = countedSince(before, await requestCounts(cluster.call), 'PATCH services/status') - 2 * late.length;
  const used = { cpuMs: cpuSeconds(controller.pid) * 1000, peakMb: peakMb(controller.pid) };
  await controller.end();
  return { ms, writes, ...used };
}
