/**
 * The recorded histories of the real MetalLB controller, replayed through our allocator: as a controller that runs throughout,
 * and as one that was started anew before every step.
 */
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../src/allocator/allocation.js';
import { type Settled, settle } from '../../src/allocator/settle.js';
import type { AllocatorState } from '../../src/allocator/state.js';
import { type PoolUsage, poolUsage } from '../../src/allocator/usage.js';
import type { Config, Pool } from '../../src/config/config.js';
import { formatAddress, isBuggy } from '../../src/net/address.js';
import { prefixesOf } from '../../src/net/range.js';
import { HISTORIES, type Moment, moments, type Recorded, withQuirk04, withStatus } from './histories.js';

type Rule = (config: Config) => Config;
const OURS: Rule = (config) => config;

interface Replayed {
  readonly moment: Moment;
  readonly config: Config;
  readonly settled: Settled;
}

/** What is known at each step is what the last one settled. */
function* running(rule: Rule): Generator<Replayed> {
  for (const history of HISTORIES) {
    let before: Settled | undefined;
    for (const moment of moments(history)) {
      const config = rule(moment.config);
      const known = before === undefined ? {} : { before: before.state };
      before = settle({ config, services: moment.services, statusCounts: true, ...known });
      yield { moment, config, settled: before };
    }
  }
}

/** Before each step a new controller reads from status what MetalLB had settled; then it sees the change. */
function* restarted(rule: Rule): Generator<Replayed> {
  for (const history of HISTORIES) {
    let before: Moment | undefined;
    for (const moment of moments(history)) {
      const config = rule(moment.config);
      const known = before === undefined ? {} : { before: imported(before, rule) };
      yield { moment, config, settled: settle({ config, services: moment.services, statusCounts: true, ...known }) };
      before = moment;
    }
  }
}

function imported({ config, services, step }: Moment, rule: Rule): AllocatorState {
  const withTheirs = services.map((service) => withStatus(service, step));
  return settle({ config: rule(config), services: withTheirs, statusCounts: true }).state;
}

const shown = (outcome: Outcome | undefined): string =>
  outcome !== undefined && 'allocated' in outcome
    ? `${outcome.allocated.addresses.map(formatAddress)} of ${outcome.allocated.pool}`
    : 'nothing';
const recorded = ({ addresses, pool }: Recorded): string => (addresses.length === 0 ? 'nothing' : `${addresses} of ${pool}`);

/** Every difference as a line, and how much was compared: a replay that compares nothing must not pass. */
function compare(replays: Iterable<Replayed>): { steps: number; compared: number; differences: string[] } {
  const result = { steps: 0, compared: 0, differences: [] as string[] };
  for (const { moment, settled } of replays) {
    result.steps++;
    for (const [key, theirs] of Object.entries(moment.step.assigned)) {
      result.compared++;
      const ours = shown(settled.outcomes.get(key));
      if (ours !== recorded(theirs)) result.differences.push(`${moment.title}: ${key} has ${ours}, not ${recorded(theirs)}`);
    }
  }
  return result;
}

/** Quirk Q-11: a block of one address that avoidBuggyIPs excludes counts as −1 in MetalLB. */
const quirk11 = ({ avoidBuggyIPs, ranges }: Pick<Pool, 'avoidBuggyIPs' | 'ranges'>): number =>
  avoidBuggyIPs ? ranges.flatMap(prefixesOf).filter((one) => one.length === 32 && isBuggy(one.address)).length : 0;

const ALL = { steps: 1226, compared: 3294 };

describe('the recorded histories of MetalLB', () => {
  test('give everybody the same addresses from the same pool, step by step', () => {
    expect(compare(running(withQuirk04))).toEqual({ ...ALL, differences: [] });
  });

  test('also when the controller was started anew before every step', () => {
    expect(compare(restarted(withQuirk04))).toEqual({ ...ALL, differences: [] });
  });

  test('but for quirk Q-04, which is improved: selectors that match no namespace open a pool to nobody', () => {
    const { differences, ...all } = compare(restarted(OURS));
    expect(all).toEqual(ALL);
    expect(differences).toMatchInlineSnapshot(`
      [
        "seed 112, step 9: create Service green/svc-2: green/svc-2 has nothing, not 10.41.0.154 of beta-1",
        "seed 112, step 10: create Service red/svc-3: green/svc-2 has nothing, not 10.41.0.154 of beta-1",
        "seed 112, step 11: delete Service blue/svc-1: green/svc-2 has nothing, not 10.41.0.154 of beta-1",
        "seed 112, step 12: Namespace green: label env=prod: green/svc-2 has nothing, not 10.41.0.154 of beta-1",
        "seed 112, step 13: Namespace red: label team=None: green/svc-2 has nothing, not 10.41.0.154 of beta-1",
        "seed 359, step 4: create Service red/svc-3: red/svc-3 has nothing, not 2001:db8:3::b13 of gamma-2",
        "seed 359, step 5: create Service blue/svc-4: red/svc-3 has nothing, not 2001:db8:3::b13 of gamma-2",
      ]
    `);
  });

  test('are counted as we count them', () => {
    let pools = 0;
    for (const { moment, config, settled } of running(withQuirk04)) {
      for (const usage of poolUsage(config, settled.outcomes)) {
        const theirs = moment.step.poolStatus?.[usage.pool];
        // Quirk Q-10: MetalLB's sum of two endless blocks wraps.
        if (theirs === undefined || Object.values(theirs).some((count) => count < 0)) continue;
        pools++;
        expect(counters(usage, config), `${moment.title}: ${usage.pool}`).toEqual(theirs);
      }
    }
    expect(pools).toBeGreaterThan(2000);
  });
});

function counters({ pool, total: _, services: __, ...counts }: PoolUsage, { pools }: Config): Record<string, number> {
  const off = quirk11(pools.find(({ name }) => name === pool) ?? { avoidBuggyIPs: false, ranges: [] });
  return { ...counts, availableIPv4: Number(counts.availableIPv4) - off, availableIPv6: Number(counts.availableIPv6) };
}
