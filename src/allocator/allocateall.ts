/**
 * Every Service's addresses from nothing: a pure function of a folder. Status and what was allocated before don't matter, so
 * every host computes the same; a Service without a lock is warned, because a later change may renumber it.
 */
import { type ServiceView, serviceKey } from '../api/views.js';
import type { Config } from '../config/config.js';
import type { Outcome } from './allocation.js';
import { EMPTY_LOCK, type Lock } from './lock.js';
import { notLocked } from './seek.js';
import { type Settling, settle } from './settle.js';

/** By `namespace/name`, sorted. Addresses locked for Services that are not there are given to nobody. */
export function allocateAll(
  config: Config,
  services: readonly ServiceView[],
  lock: Lock = EMPTY_LOCK,
  options: Pick<Settling, 'loadBalancerClass'> = {},
): ReadonlyMap<string, Outcome> {
  const { outcomes } = settle({ config, services, lock, statusCounts: false, ...options });
  const warned = new Map(outcomes);
  for (const service of services) {
    const key = serviceKey(service);
    const outcome = outcomes.get(key);
    if (outcome === undefined || !('allocated' in outcome) || lock.services.has(key)) continue;
    warned.set(key, { ...outcome, warnings: [...outcome.warnings, notLocked(service, outcome.allocated.addresses)] });
  }
  return warned;
}
