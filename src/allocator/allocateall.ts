/**
 * Every Service's addresses from nothing: a pure function of a folder. Status and what was allocated before don't matter, so
 * every host computes the same; a Service without a lock is warned, because a later change may renumber it.
 */
import type { ServiceView } from '../api/views.js';
import type { Config } from '../config/config.js';
import type { Outcome } from './allocation.js';
import { EMPTY_LOCK, type Lock } from './lock.js';
import { type Settling, settle } from './settle.js';

/** By `namespace/name`, sorted. Addresses locked for Services that are not there are given to nobody. */
export const allocateAll = (
  config: Config,
  services: readonly ServiceView[],
  lock: Lock = EMPTY_LOCK,
  options: Pick<Settling, 'loadBalancerClass'> = {},
): ReadonlyMap<string, Outcome> =>
  settle({ config, services, lock, statusCounts: false, lockExpected: true, ...options }).outcomes;
