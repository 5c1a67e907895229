/**
 * What the real MetalLB gave (96 random histories, recorded against a real API server), asked of ours one Service at a time.
 *
 * The whole history cannot be replayed from nothing: who came first is not in a folder. But each step says who holds what,
 * and that must be allowed here too; whoever is new or lost his address must choose the same; whoever has none must be refused.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { allocate } from '../../src/allocator/allocate.js';
import type { Outcome } from '../../src/allocator/allocation.js';
import { assign, release } from '../../src/allocator/assign.js';
import { parseRequest } from '../../src/allocator/request.js';
import { type AllocatorState, emptyState } from '../../src/allocator/state.js';
import { poolUsage } from '../../src/allocator/usage.js';
import { readObjects } from '../../src/api/objects.js';
import { type ServiceView, serviceKey } from '../../src/api/views.js';
import { compileConfig } from '../../src/config/compile.js';
import type { Config, Pool } from '../../src/config/config.js';
import { formatAddress, isBuggy } from '../../src/net/address.js';
import { prefixesOf } from '../../src/net/range.js';
import { sourced } from '../config/objects.js';
import { address } from './world.js';

interface Recorded {
  readonly addresses: readonly string[];
  readonly pool: string | null;
}

interface Step {
  readonly change: string;
  readonly objects: readonly unknown[];
  readonly assigned: Readonly<Record<string, Recorded>>;
  readonly poolStatus?: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

interface Trace {
  readonly seed: number;
  readonly otherNamespaces: readonly unknown[];
  readonly steps: readonly Step[];
}

const file = new URL('../fixtures/traces/controller-traces.jsonl.gz', import.meta.url);
const traces = gunzipSync(readFileSync(file))
  .toString()
  .trim()
  .split('\n')
  .map((line): Trace => JSON.parse(line));

/** The recordings leave out cluster IPs; the families that the API server filled in tell how many of which there were. */
const withClusterIPs = (service: ServiceView): ServiceView => ({
  ...service,
  clusterIPs: service.ipFamilies.map((family) => (family === 'IPv4' ? '10.96.0.1' : 'fd00::1')),
});

/**
 * Quirk Q-04: to MetalLB a pool whose namespace selectors match nothing is open to whoever asks for it by name (with Service
 * selectors: to anybody they match). Ours is closed, so such pools are opened for the comparison, and only there.
 */
function withQuirk04(config: Config): Config {
  const pools = config.pools.map((pool) => {
    const { pinned } = pool;
    if (pinned === undefined || pinned.namespaces === 'any' || pinned.namespaces.size > 0) return pool;
    const autoAssign = pool.autoAssign && pinned.serviceSelectors.length > 0;
    return { ...pool, autoAssign, pinned: { ...pinned, namespaces: 'any' as const } };
  });
  return { ...config, pools };
}

/** Quirk Q-11: a block of one address that avoidBuggyIPs excludes counts as −1 in MetalLB. */
const quirk11 = ({ avoidBuggyIPs, ranges }: Pick<Pool, 'avoidBuggyIPs' | 'ranges'>): number =>
  avoidBuggyIPs ? ranges.flatMap(prefixesOf).filter((one) => one.length === 32 && isBuggy(one.address)).length : 0;

interface Moment {
  readonly title: string;
  readonly config: Config;
  readonly services: readonly ServiceView[];
  readonly step: Step;
  readonly before: Step | undefined;
}

/** Every step with the pools in force: MetalLB keeps the last good ones while a set is invalid. */
function* moments({ seed, otherNamespaces, steps }: Trace): Generator<Moment> {
  let config: Config | undefined;
  let before: Step | undefined;
  for (const [i, step] of steps.entries()) {
    const { objects } = readObjects([...otherNamespaces, ...step.objects].map((object) => sourced(object, 'trace')));
    const compiled = compileConfig({ pools: objects.pools, advertisements: [], namespaces: objects.namespaces });
    config = compiled.config === undefined ? config : withQuirk04(compiled.config);
    const title = `seed ${seed}, step ${i}: ${step.change}`;
    if (config !== undefined) yield { title, config, services: objects.services.map(withClusterIPs), step, before };
    before = step;
  }
}

const everyMoment = traces.flatMap((trace) => [...moments(trace)]);

/** Who holds an address keeps it when he asks for something that cannot be, so what he asks for is left out. */
const withoutRequest = ({ loadBalancerIP: _, ...view }: ServiceView): ServiceView => ({
  ...view,
  annotations: Object.fromEntries(Object.entries(view.annotations).filter(([key]) => !key.endsWith('/loadBalancerIPs'))),
});

/** A state in which everybody holds what was recorded, but those in `except`. */
function stateAt({ title, config, services, step }: Moment, except?: string): AllocatorState {
  const state = emptyState(config);
  for (const view of services) {
    const { addresses } = step.assigned[serviceKey(view)] ?? { addresses: [] };
    if (addresses.length === 0 || serviceKey(view) === except) continue;
    const request = parseRequest(withoutRequest(view));
    if (!request.ok) throw new Error(`${title}: ${request.issues[0]?.message}`);
    const result = assign(state, request.value, addresses.map(address));
    expect('refused' in result ? result.refused : 'assigned', `${title}: ${serviceKey(view)}`).toBe('assigned');
  }
  return state;
}

const held = (step: Step | undefined, key: string): readonly string[] => step?.assigned[key]?.addresses ?? [];

/** The Services that got addresses in this step, other than one more beside the one they had. */
const newlyAssigned = ({ step, before }: Moment): string[] =>
  Object.entries(step.assigned).flatMap(([key, { addresses }]) => {
    const old = held(before, key);
    const isNew = addresses.length > 0 && (old.length === 0 || !old.every((one) => addresses.includes(one)));
    return isNew ? [key] : [];
  });

describe('what MetalLB did', () => {
  test('is here, all of it', () => {
    expect([traces.length, everyMoment.length]).toEqual([96, 1226]);
  });

  test('is allowed: everybody may hold what was recorded, from the pool that was recorded', () => {
    let assignments = 0;
    for (const moment of everyMoment) {
      const { holdings } = stateAt(moment);
      for (const [key, { addresses, pool }] of Object.entries(moment.step.assigned)) {
        const holding = holdings.get(key);
        expect(holding?.addresses.map(formatAddress) ?? [], moment.title).toEqual(addresses);
        if (addresses.length > 0) expect(holding?.pool.name, moment.title).toBe(pool);
        assignments += addresses.length > 0 ? 1 : 0;
      }
    }
    expect(assignments).toBe(1766);
  });

  test('is what we choose, when one Service needs an address', () => {
    const differs: string[] = [];
    let choices = 0;
    for (const moment of everyMoment) {
      const [key, ...others] = newlyAssigned(moment);
      const view = moment.services.find((one) => serviceKey(one) === key);
      if (key === undefined || others.length > 0 || view === undefined) continue;
      const request = parseRequest(view);
      if (!request.ok) throw new Error(moment.title);
      const result = allocate(stateAt(moment, key), request.value);
      const ours = 'allocated' in result ? result.allocated.addresses.map(formatAddress) : [result.refused];
      choices++;
      if (ours.join() !== held(moment.step, key).join())
        differs.push(`${moment.title}: ${key} ${ours} not ${held(moment.step, key)}`);
    }
    expect(differs).toEqual([]);
    expect(choices).toBeGreaterThan(300);
  });

  test('is refused by us too, when a Service got nothing', () => {
    const differs: string[] = [];
    let refusals = 0;
    for (const moment of everyMoment) {
      const state = stateAt(moment);
      for (const view of moment.services) {
        const key = serviceKey(view);
        if (view.type !== 'LoadBalancer' || held(moment.step, key).length > 0) continue;
        refusals++;
        const request = parseRequest(view);
        if (!request.ok) continue;
        const result = allocate(state, request.value);
        release(state, key);
        if ('allocated' in result) differs.push(`${moment.title}: ${key} ${result.allocated.addresses.map(formatAddress)}`);
      }
    }
    expect(differs).toEqual([]);
    expect(refusals).toBeGreaterThan(1000);
  });

  test('is counted as we count it', () => {
    let pools = 0;
    for (const { title, config, step } of everyMoment) {
      const outcomes = new Map(
        Object.entries(step.assigned).map(([key, { addresses, pool }]): [string, Outcome] => [
          key,
          {
            allocated: { addresses: addresses.map(address), pool: pool ?? '', reason: { code: 'KEPT', message: '' } },
            warnings: [],
          },
        ]),
      );
      for (const { pool, total: _, ...counters } of poolUsage(config, outcomes)) {
        const recorded = step.poolStatus?.[pool];
        if (recorded === undefined) continue;
        // Quirk Q-10: MetalLB's sum of two endless blocks wraps.
        if (Object.values(recorded).some((count) => count < 0)) continue;
        pools++;
        const quirk = quirk11(config.pools.find(({ name }) => name === pool) ?? { avoidBuggyIPs: false, ranges: [] });
        const ours = {
          ...counters,
          availableIPv4: Number(counters.availableIPv4) - quirk,
          availableIPv6: Number(counters.availableIPv6),
        };
        expect(ours, `${title}: ${pool}`).toEqual(recorded);
      }
    }
    expect(pools).toBeGreaterThan(2000);
  });
});
