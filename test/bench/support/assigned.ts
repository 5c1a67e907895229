/**
 * Services that wait for an address when a controller starts: how soon the last one has its own, and what that costs the controller and the
 * API server. Beside it what the same API server takes of bare writes.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Call, caller } from '../../support/call.js';
import { type Figures, figure, median } from '../figures.js';
import { bareRate } from './barerate.js';
import { BenchCluster } from './benchcluster.js';
import { cpuSeconds, peakMb, residentMb } from './process.js';
import { countedSince, type RequestCounts, requestCounts } from './requestcounts.js';
import { CONNECTIONS, createServices, unassign } from './services.js';
import { ServiceWatch } from './servicewatch.js';
import { repeatedly } from './turns.js';

const LONGEST_MS = 120_000;
/** Enough for a rate. */
const BARE = 2000;
const EVENTS_EVERY_MS = 500;

export interface Size {
  readonly services: number;
  readonly rounds: number;
}

/** In one of the rounds. */
export interface Assigned {
  /** From the start of the controller to the last address. */
  readonly ms: number;
  /** Of the controller for each Service, with its start and until the last was told who answers. */
  readonly cpuMs: number;
  readonly peakMb: number;
  readonly settledMb: number;
  /** Of addresses. */
  readonly writes: number;
  readonly events: number;
  readonly poolWrites: number;
  readonly watches: number;
  /** Bare merge patches a second. */
  readonly bareRate: number;
}

/** Of sizes in ascending order: a cluster that grows. */
export async function assigned(sizes: readonly Size[]): Promise<readonly (readonly Assigned[])[]> {
  await using cluster = await BenchCluster.create({ nodes: 0, addresses: ['10.1.0.0/16'] });
  const names: string[] = [];
  const token = await cluster.api.token('controller');
  const bare = caller({ ...cluster.api.endpoint, token }, { connections: CONNECTIONS });
  // Awaited here, or the cluster would be gone before.
  return await repeatedly(sizes.length, async (i) => {
    const { services, rounds } = sizes[i] ?? { services: 0, rounds: 0 };
    const more = await createServices(cluster.call, services - names.length, `of-${services}`);
    names.push(...more);
    if (i === 0) await warmUp(bare, cluster.call, more);
    return repeatedly(rounds, (round) => assign(cluster, names, bare, round));
  });
}

/** Everything has written a status before anything is measured. */
async function warmUp(bare: Call, call: Call, names: readonly string[]): Promise<void> {
  await bareRate(bare, 'merge', names, 0);
  await unassign(call, names);
}

export const medianOf = (runs: readonly Assigned[], figure: keyof Assigned): number => median(runs.map((one) => one[figure]));

async function assign(cluster: BenchCluster, names: readonly string[], bare: Call, round: number): Promise<Assigned> {
  using watch = await ServiceWatch.open(cluster.api.endpoint);
  const before = await requestCounts(cluster.call);
  const controller = await cluster.startController();
  const ms = (await watch.all(names, LONGEST_MS)) - controller.startedAtMs;
  // Who answers is written only when nobody waits for an address any more.
  const writes = countedSince(before, await requestCounts(cluster.call), 'PATCH services/status');
  const isTold = (now: RequestCounts): boolean =>
    countedSince(before, now, 'POST events') >= names.length &&
    countedSince(before, now, 'PATCH services/status') >= 2 * names.length;
  let after = before;
  while (!isTold(after)) {
    // To ask is no small thing for the API server.
    await sleep(EVENTS_EVERY_MS);
    after = await requestCounts(cluster.call);
  }
  const count = (key: string): number => countedSince(before, after, key);
  const used = {
    cpuMs: (cpuSeconds(controller.pid) * 1000) / names.length,
    peakMb: peakMb(controller.pid),
    settledMb: residentMb(controller.pid),
    writes,
    events: count('POST events'),
    poolWrites: count('PATCH ipaddresspools/status'),
    watches: [...after.keys()].filter((key) => key.startsWith('WATCH ')).reduce((sum, key) => sum + count(key), 0),
  };
  await controller.end();
  const rate = await bareRate(bare, 'merge', names.slice(0, BARE), round + 1);
  await unassign(cluster.call, names);
  return { ms, ...used, bareRate: rate };
}

/** What there is to say of each size: the goals, and what MetalLB 0.16 was measured with on such a machine. */
export interface Goals {
  readonly mostMs: number;
  readonly mostMb: number;
  readonly metallb: { readonly ms: number; readonly cpuMs: number; readonly mb: number };
}

export function assignedFigures({ services, rounds }: Size, runs: readonly Assigned[], goals: Goals): Figures {
  const { mostMs, mostMb, metallb } = goals;
  const [ms, rate] = [medianOf(runs, 'ms'), medianOf(runs, 'bareRate')];
  const each = runs.map((one) => Math.round(one.ms)).join(', ');
  // These two names are the contract's.
  const [rss, share] =
    services === 5000
      ? ['cluster.controllerRssMb', 'cluster.apiLimitRatio']
      : [`cluster.controllerRss${services}Mb`, `cluster.apiLimit${services}Ratio`];
  return [
    figure(
      `cluster.assign${services}Ms`,
      ms,
      'ms',
      `start of the controller to the last address, median of ${rounds} (${each}); at most ${mostMs}; MetalLB ${metallb.ms}`,
    ),
    figure(
      share,
      services / (ms / 1000) / rate,
      '',
      `of ${Math.round(rate)} bare merge patches a second over ${CONNECTIONS} connections in this run; at least 0.6`,
    ),
    figure(
      `cluster.assign${services}.cpuMs`,
      medianOf(runs, 'cpuMs'),
      'ms',
      `of the controller for each Service, with its start, its events and who answers; MetalLB ${metallb.cpuMs}`,
    ),
    figure(
      rss,
      medianOf(runs, 'peakMb'),
      'MB',
      `resident memory at its peak, ${Math.round(medianOf(runs, 'settledMb'))} MB when all was written; at most ${mostMb}; MetalLB ${metallb.mb}`,
    ),
  ];
}
