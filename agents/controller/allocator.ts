/**
 * Who gets which address after a change: in a folder as a function of it alone; in a cluster by what everybody had before.
 */
import { allocateAll } from '../../src/allocator/allocateall.js';
import type { Outcome } from '../../src/allocator/allocation.js';
import { awaitingPools } from '../../src/allocator/awaitpools.js';
import { settle } from '../../src/allocator/settle.js';
import { shownByStatus } from '../../src/allocator/shown.js';
import type { AllocatorState } from '../../src/allocator/state.js';
import type { Objects } from '../../src/api/objects.js';
import type { Config } from '../../src/config/config.js';
import { type Address, compareAddresses, formatAddress } from '../../src/net/address.js';
import type { Snapshot } from '../source/source.js';

/** By `namespace/name`, sorted. */
export type Outcomes = ReadonlyMap<string, Outcome>;

export interface Allocator {
  /** Whether it gives addresses; else it reads what somebody else gave, and nothing is said of them. */
  readonly gives: boolean;
  /** The `spec.loadBalancerClass` that is served; absent: Services that have none. */
  readonly loadBalancerClass?: string;
  allocate(config: Config, snapshot: Pick<Snapshot, 'objects' | 'lock'>, before: Outcomes): Outcomes;
  /** Whether a new configuration may come into force in place of one in which these had their addresses. @default it may */
  accepts?(config: Config, objects: Objects, before: Outcomes): boolean;
}

/** Without a lock file that can be read nothing is allocated anew. */
export const IN_A_FOLDER: Allocator = {
  gives: true,
  allocate: (config, { objects, lock }, before) =>
    lock === undefined ? stillThere(before, objects) : allocateAll(config, objects.services, lock),
};

/** What is gone or no load balancer any more gives its address back. */
function stillThere(outcomes: Outcomes, { services }: Objects): Outcomes {
  const wanted = new Set(services.filter(({ type }) => type === 'LoadBalancer').map(({ key }) => key));
  return new Map([...outcomes].filter(([key]) => wanted.has(key)));
}

/**
 * For as long as one controller leads: what Services show counts when it begins, what it gave them afterwards. A Service that keeps
 * what it has keeps the outcome that gave it, and with that the reason.
 */
export class ClusterAllocator implements Allocator {
  readonly gives = true;
  readonly loadBalancerClass?: string;
  #state: AllocatorState | undefined;
  /** There was a pool since it began. */
  #hadPools = false;

  constructor(loadBalancerClass?: string) {
    if (loadBalancerClass !== undefined) this.loadBalancerClass = loadBalancerClass;
  }

  allocate(config: Config, { objects, lock }: Pick<Snapshot, 'objects' | 'lock'>, before: Outcomes): Outcomes {
    const { state, outcomes } = settle({
      config,
      services: objects.services,
      ...(lock === undefined ? {} : { lock }),
      ...(this.#state === undefined ? {} : { before: this.#state }),
      statusCounts: true,
      ...(this.loadBalancerClass === undefined ? {} : { loadBalancerClass: this.loadBalancerClass }),
    });
    this.#state = state;
    this.#hadPools ||= config.pools.length > 0;
    const kept = new Map<string, Outcome>();
    for (const [key, outcome] of outcomes) {
      kept.set(key, this.#hadPools ? (unchanged(before.get(key), outcome) ?? outcome) : awaitingPools(outcome));
    }
    return kept;
  }
}

/**
 * What Services show. A configuration without the pool of an address that is announced waits until the controller has moved that:
 * until then the Service would be nobody's (metallb-behaviour §4.10).
 */
export const byStatus = (loadBalancerClass?: string): Allocator => ({
  gives: false,
  ...(loadBalancerClass === undefined ? {} : { loadBalancerClass }),
  allocate: (config, { objects }) => shownByStatus(config, objects.services, loadBalancerClass),
  accepts: (config, { services }, before) => {
    const after = shownByStatus(config, services, loadBalancerClass);
    const stranded = services.filter(({ key, ingress }) => !after.has(key) && before.has(key) && ingress.length > 0);
    return stranded.every(({ key, ingress }) => textOf(before.get(key)) !== ingress.join());
  },
});

const textOf = (outcome: Outcome | undefined): string =>
  outcome !== undefined && 'allocated' in outcome ? outcome.allocated.addresses.map(formatAddress).join() : '';

/** `before`, if `after` only says that it was kept. */
function unchanged(before: Outcome | undefined, after: Outcome): Outcome | undefined {
  if (before === undefined || !('allocated' in before) || !('allocated' in after)) return undefined;
  const [was, is] = [before.allocated, after.allocated];
  const same = is.reason.code === 'KEPT' && was.pool === is.pool && equal(was.addresses, is.addresses);
  if (!same || before.lost !== undefined || before.warnings.length > 0 || after.warnings.length > 0) return undefined;
  if (before.lacks === after.lacks) return before;
  const { lacks: _, ...rest } = before;
  return after.lacks === undefined ? rest : { ...rest, lacks: after.lacks };
}

/** In the same order, too: the first address decides the election. */
const equal = (a: readonly Address[], b: readonly Address[]): boolean =>
  a.length === b.length && a.every((one, i) => b[i] !== undefined && compareAddresses(one, b[i]) === 0);
