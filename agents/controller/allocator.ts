/**
 * Who gets which address after a change: in a folder as a function of it alone; in a cluster by what everybody had before.
 */
import { allocateAll } from '../../src/allocator/allocateall.js';
import type { Outcome } from '../../src/allocator/allocation.js';
import { settle } from '../../src/allocator/settle.js';
import type { AllocatorState } from '../../src/allocator/state.js';
import type { Objects } from '../../src/api/objects.js';
import type { Config } from '../../src/config/config.js';
import { type Address, compareAddresses } from '../../src/net/address.js';
import type { Snapshot } from '../source/source.js';

/** By `namespace/name`, sorted. */
export type Outcomes = ReadonlyMap<string, Outcome>;

export interface Allocator {
  /** The `spec.loadBalancerClass` that is served; absent: Services that have none. */
  readonly loadBalancerClass?: string;
  allocate(config: Config, snapshot: Pick<Snapshot, 'objects' | 'lock'>, before: Outcomes): Outcomes;
}

/** Without a lock file that can be read nothing is allocated anew. */
export const IN_A_FOLDER: Allocator = {
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
  readonly loadBalancerClass?: string;
  #state: AllocatorState | undefined;

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
    const kept = new Map<string, Outcome>();
    for (const [key, outcome] of outcomes) kept.set(key, unchanged(before.get(key), outcome) ?? outcome);
    return kept;
  }
}

/** `before`, if `after` only says that it was kept. */
function unchanged(before: Outcome | undefined, after: Outcome): Outcome | undefined {
  if (before === undefined || !('allocated' in before) || !('allocated' in after)) return undefined;
  const [was, is] = [before.allocated, after.allocated];
  const same = is.reason.code === 'KEPT' && was.pool === is.pool && equal(was.addresses, is.addresses);
  return same && before.lost === undefined && before.warnings.length === 0 && after.warnings.length === 0 ? before : undefined;
}

/** In the same order, too: the first address decides the election. */
const equal = (a: readonly Address[], b: readonly Address[]): boolean =>
  a.length === b.length && a.every((one, i) => b[i] !== undefined && compareAddresses(one, b[i]) === 0);
