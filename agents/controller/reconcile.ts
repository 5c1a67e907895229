/**
 * From one snapshot of state to what is in force: the configuration, who has which address, and everything that is wrong.
 *
 * A bad set of pools and advertisements never replaces a good one, and without a readable lock file nothing is allocated anew:
 * both would take addresses from Services that have them.
 */
import type { Outcome } from '../../src/allocator/allocation.js';
import { poolsMissing } from '../../src/allocator/awaitpools.js';
import { type PoolUsage, poolUsage } from '../../src/allocator/usage.js';
import type { Objects } from '../../src/api/objects.js';
import { compileConfig } from '../../src/config/compile.js';
import type { Config } from '../../src/config/config.js';
import type { Issue } from '../../src/issue/issue.js';
import { check } from '../../src/plan/check.js';
import type { Snapshot } from '../source/source.js';
import { type Allocator, IN_A_FOLDER } from './allocator.js';

export interface InForce {
  /** Undefined until the first set of pools and advertisements without an error. */
  readonly config: Config | undefined;
  /** Whether the newest set was refused, and `config` is older than `objects`. */
  readonly stale: boolean;
  readonly objects: Objects;
  /** By `namespace/name`, sorted. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly usage: readonly PoolUsage[];
  /** Of reading and compiling, the warnings of Services that have an address, and what checks across objects find. */
  readonly issues: readonly Issue[];
}

export const NOTHING: InForce = {
  config: undefined,
  stale: false,
  objects: { pools: [], advertisements: [], services: [], nodes: [], namespaces: [], endpointSlices: [], serviceCIDRs: [] },
  outcomes: new Map(),
  usage: [],
  issues: [],
};

export function reconcile(before: InForce, snapshot: Snapshot, allocator: Allocator = IN_A_FOLDER): InForce {
  const { objects, issues } = snapshot;
  const { loadBalancerClass } = allocator;
  const compiled = compileConfig(objects);
  const next = mayComeIntoForce(before, snapshot, compiled.config, allocator) ? compiled.config : undefined;
  const config = next ?? before.config;
  const outcomes = config === undefined ? new Map<string, Outcome>() : allocator.allocate(config, snapshot, before.outcomes);
  // A set that was refused is not what is in force: nothing is said about how its objects fit together.
  const findings =
    compiled.config === undefined
      ? []
      : check({ objects, config: compiled.config, outcomes, ...(loadBalancerClass === undefined ? {} : { loadBalancerClass }) });
  return {
    config,
    stale: next === undefined,
    objects,
    outcomes,
    usage: config === undefined ? [] : poolUsage(config, outcomes),
    issues: [
      ...issues,
      ...compiled.issues,
      ...poolsMissing(outcomes),
      ...[...outcomes.values()].flatMap(warningsOf),
      ...findings.map(({ issue }) => issue),
    ],
  };
}

function mayComeIntoForce(
  { config, outcomes }: InForce,
  { objects, refused }: Snapshot,
  next: Config | undefined,
  { accepts }: Allocator,
): boolean {
  if (refused === true || next === undefined) return false;
  return config === undefined || accepts === undefined || accepts(next, objects, outcomes);
}

/** Why a pending Service has no address is in its outcome; only what an allocated one is warned about counts here. */
const warningsOf = (outcome: Outcome): readonly Issue[] => ('allocated' in outcome ? outcome.warnings : []);
