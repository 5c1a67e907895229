/** What a controller and a speaker take while nothing happens, with a thousand Services. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Figures, figure } from '../figures.js';
import type { AgentPod } from '../support/agentpod.js';
import { BenchCluster } from '../support/benchcluster.js';
import { cpuSeconds, residentMb } from '../support/process.js';
import { countedSince, requestCounts } from '../support/requestcounts.js';
import { createServices, createSlices } from '../support/services.js';
import { ServiceWatch } from '../support/servicewatch.js';

const SERVICES = 1000;
const NODE = 'n1';
const LONGEST_MS = 60_000;
/** Everything is written, announced and collected by then. */
const SETTLE_MS = 60_000;
const MEASURE_MS = 90_000;

export async function run(): Promise<Figures> {
  await using cluster = await BenchCluster.create({ nodes: 1, addresses: ['10.0.0.0/16'] });
  const services = await createServices(cluster.call, SERVICES, 'web');
  await createSlices(cluster.call, services, cluster.nodes);
  await cluster.addSpeakerPod(NODE);
  const agents = { controller: await cluster.startController(), speaker: await cluster.startSpeaker(NODE) };
  {
    using watch = await ServiceWatch.open(cluster.api.endpoint);
    await watch.all(services, LONGEST_MS);
  }
  await sleep(SETTLE_MS);
  const used = (agent: AgentPod): number => cpuSeconds(agent.pid);
  const [controllerS, speakerS] = [used(agents.controller), used(agents.speaker)];
  const before = await requestCounts(cluster.call);
  await sleep(MEASURE_MS);
  const percent = (seconds: number): number => (seconds * 100_000) / MEASURE_MS;
  const after = await requestCounts(cluster.call);
  const writes = [...after.keys()].filter((key) => /^(PATCH|APPLY|POST|DELETE) /.test(key));
  const note = `over ${MEASURE_MS / 1000} s, ${SERVICES} Services`;
  return [
    figure(
      'cluster.speakerRssMb',
      residentMb(agents.speaker.pid),
      'MB',
      `resident memory, ${SERVICES} Services; at most 65; MetalLB 67`,
    ),
    figure(
      'cluster.speakerIdlePercent',
      percent(used(agents.speaker) - speakerS),
      '%',
      `of a core, ${note}; at most 0.3; MetalLB 0.33`,
    ),
    figure(
      'cluster.controllerIdleRssMb',
      residentMb(agents.controller.pid),
      'MB',
      `resident memory, ${SERVICES} Services; at most 75; MetalLB 80`,
    ),
    figure(
      'cluster.controllerIdlePercent',
      percent(used(agents.controller) - controllerS),
      '%',
      `of a core, ${note}; at most 0.1; MetalLB 0.05`,
    ),
    figure(
      'cluster.idleWrites',
      writes.reduce((sum, key) => sum + countedSince(before, after, key), 0),
      '',
      `requests of anybody that change something, but for renewals of the lease, ${note}; 0`,
    ),
  ];
}
