/**
 * What the real MetalLB controller did in 96 random histories, recorded against a real API server, step by step: the pools and
 * Services of each step as our code reads them, and who had which addresses once MetalLB had settled.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { readObjects } from '../../src/api/objects.js';
import type { ServiceView } from '../../src/api/views.js';
import { compileConfig } from '../../src/config/compile.js';
import type { Config } from '../../src/config/config.js';
import { sourced } from '../config/objects.js';

export interface Recorded {
  /** In the order of status. */
  readonly addresses: readonly string[];
  readonly pool: string | null;
}

export interface Step {
  readonly change: string;
  readonly objects: readonly unknown[];
  readonly assigned: Readonly<Record<string, Recorded>>;
  readonly poolStatus?: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

interface History {
  readonly seed: number;
  readonly otherNamespaces: readonly unknown[];
  readonly steps: readonly Step[];
}

export interface Moment {
  readonly title: string;
  /** In force: MetalLB keeps the last good pools while a set is invalid. */
  readonly config: Config;
  /** Raw, of the step whose pools are in force. */
  readonly poolObjects: readonly unknown[];
  readonly services: readonly ServiceView[];
  readonly step: Step;
}

const file = new URL('../fixtures/traces/controller-traces.jsonl.gz', import.meta.url);

export const HISTORIES: readonly History[] = gunzipSync(readFileSync(file))
  .toString()
  .trim()
  .split('\n')
  .map((line): History => JSON.parse(line));

/** Every step in which pools are in force. */
export function* moments({ seed, otherNamespaces, steps }: History): Generator<Moment> {
  let config: Config | undefined;
  let poolObjects: readonly unknown[] = [];
  for (const [i, step] of steps.entries()) {
    const raw = [...otherNamespaces, ...step.objects];
    const { objects } = readObjects(raw.map((object) => sourced(object, 'history')));
    const compiled = compileConfig({ pools: objects.pools, advertisements: [], namespaces: objects.namespaces });
    if (compiled.config !== undefined) {
      config = compiled.config;
      poolObjects = raw.filter((object) => kindOf(object) !== 'Service');
    }
    const title = `seed ${seed}, step ${i}: ${step.change}`;
    if (config !== undefined) yield { title, config, poolObjects, services: objects.services.map(withClusterIPs), step };
  }
}

const kindOf = (object: unknown): unknown => (object as { readonly kind?: unknown }).kind;

/** The recordings leave out cluster IPs; the families that the API server filled in tell how many of which there were. */
const withClusterIPs = (service: ServiceView): ServiceView => ({
  ...service,
  clusterIPs: service.ipFamilies.map((family) => (family === 'IPv4' ? '10.96.0.1' : 'fd00::1')),
});

/** As it would be read after a restart: with the status that was recorded in `step`. */
export const withStatus = (service: ServiceView, step: Step | undefined): ServiceView => ({
  ...service,
  ingress: step?.assigned[service.key]?.addresses ?? [],
});

/**
 * Quirk Q-04: to MetalLB a pool whose namespace selectors match nothing is open to whoever asks for it by name (with Service
 * selectors: to anybody they match). Ours is closed; this opens such pools for a comparison.
 */
export function withQuirk04(config: Config): Config {
  const pools = config.pools.map((pool) => {
    const { pinned } = pool;
    if (pinned === undefined || pinned.namespaces === 'any' || pinned.namespaces.size > 0) return pool;
    const autoAssign = pool.autoAssign && pinned.serviceSelectors.length > 0;
    return { ...pool, autoAssign, pinned: { ...pinned, namespaces: 'any' as const } };
  });
  return { ...config, pools };
}
