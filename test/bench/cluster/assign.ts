/** A thousand Services, and five thousand, wait for an address when a controller starts. */
import type { Figures } from '../figures.js';
import { assigned, assignedFigures } from '../support/assigned.js';

const SMALL = { services: 1000, rounds: 5 };
const LARGE = { services: 5000, rounds: 3 };

export async function run(): Promise<Figures> {
  const [small = [], large = []] = await assigned([SMALL, LARGE]);
  return [
    ...assignedFigures(SMALL, small, { mostMs: 2500, mostMb: 75, metallb: { ms: 5700, cpuMs: 2.9, mb: 80 } }),
    ...assignedFigures(LARGE, large, { mostMs: 12_500, mostMb: 100, metallb: { ms: 53_000, cpuMs: 7, mb: 155 } }),
  ];
}
