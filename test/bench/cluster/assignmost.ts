/** Ten thousand Services wait for an address when a controller starts: whether each costs more than where there are a thousand. */
import { type Figures, figure } from '../figures.js';
import { type Assigned, assigned, assignedFigures, medianOf } from '../support/assigned.js';

const FEW = { services: 1000, rounds: 3 };
const MOST = { services: 10_000, rounds: 2 };

export async function run(): Promise<Figures> {
  const [few = [], most = []] = await assigned([FEW, MOST]);
  return [
    ...assignedFigures(MOST, most, { mostMs: 25_000, mostMb: 130, metallb: { ms: 164_000, cpuMs: 12.4, mb: 251 } }),
    figure(
      'cluster.exponent',
      1 + Math.log(medianOf(most, 'cpuMs') / medianOf(few, 'cpuMs')) / Math.log(MOST.services / FEW.services),
      '',
      `of the controller's CPU from ${FEW.services} to ${MOST.services} Services; at most 1: the cost of each does not grow`,
    ),
    ...callsOf(most),
  ];
}

function callsOf(runs: readonly Assigned[]): Figures {
  const worst = (of: (one: Assigned) => number): number => Math.max(...runs.map(of));
  return [
    figure(
      'cluster.writesPerService',
      worst(({ writes }) => writes / MOST.services),
      '',
      'status writes; 1; MetalLB 2',
    ),
    figure(
      'cluster.eventsPerService',
      worst(({ events }) => events / MOST.services),
      '',
      'events; 1; MetalLB 1',
    ),
    figure(
      'cluster.poolWritesPerS',
      worst(({ poolWrites, ms }) => poolWrites / (ms / 1000)),
      '/s',
      'status writes of the pool; at most 1; MetalLB 0.9 for each Service',
    ),
    figure(
      'cluster.watches',
      worst(({ watches }) => watches),
      '',
      'of the controller, of seven kinds; one a kind',
    ),
  ];
}
