/**
 * What checks look at: the objects, what was compiled from them, and who got which address. Everything several checks need
 * is indexed here, once.
 */
import type { Allocation, Outcome } from '../allocator/allocation.js';
import type { IPAddressPool } from '../api/ipaddresspool.js';
import type { L2Advertisement } from '../api/l2advertisement.js';
import type { Sourced } from '../api/object.js';
import type { Objects } from '../api/objects.js';
import type { NodeView, ServiceView } from '../api/views.js';
import type { Advertisement, Config } from '../config/config.js';
import { advertisementsByPool, covers, isAvailable } from '../layer2/eligibility.js';

export interface Situation {
  readonly objects: Objects;
  /** Compiled from those objects, without an error. */
  readonly config: Config;
  /** Of {@link objects}' Services, by `namespace/name`. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
  /**
   * The `spec.loadBalancerClass` that is served.
   * @default the Services that have none
   */
  readonly loadBalancerClass?: string;
}

export interface World extends Situation {
  /** By name. Every pool and advertisement of the config is there. */
  readonly poolObjects: ReadonlyMap<string, Sourced<IPAddressPool>>;
  readonly advertisementObjects: ReadonlyMap<string, Sourced<L2Advertisement>>;
  /** By pool name; absent for a pool that nothing advertises. */
  readonly advertisementsOf: ReadonlyMap<string, readonly Advertisement[]>;
  /** Nodes that an advertisement covers, and that may announce. */
  readonly nodesOf: ReadonlyMap<Advertisement, readonly NodeView[]>;
  /** Services with addresses, in the order of the outcomes. */
  readonly served: readonly Served[];
}

export interface Served {
  readonly key: string;
  readonly service: ServiceView;
  readonly allocation: Allocation;
}

export function survey(situation: Situation): World {
  const { objects, config } = situation;
  const available = objects.nodes.filter(isAvailable);
  return {
    ...situation,
    poolObjects: byName(objects.pools),
    advertisementObjects: byName(objects.advertisements),
    advertisementsOf: advertisementsByPool(config.advertisements),
    nodesOf: new Map(config.advertisements.map((ad) => [ad, available.filter((node) => covers(ad, node))])),
    served: servedOf(situation),
  };
}

function byName<T extends IPAddressPool | L2Advertisement>(sourced: readonly Sourced<T>[]): ReadonlyMap<string, Sourced<T>> {
  return new Map(sourced.map((one) => [one.object.metadata.name, one]));
}

function servedOf({ objects, outcomes }: Situation): Served[] {
  const services = new Map(objects.services.map((service) => [service.key, service]));
  return [...outcomes].flatMap(([key, outcome]) => {
    const service = services.get(key);
    return service === undefined || !('allocated' in outcome) ? [] : [{ key, service, allocation: outcome.allocated }];
  });
}
