/**
 * Questions to the pools of a Config that allocation asks often: in which range an address lies, which pools a namespace is
 * offered and in which order. Derived from the Config in one place, and as frozen as that.
 */
import type { Config, Pool } from '../config/config.js';
import { findRange, indexRanges, type RangeIndex } from '../config/rangeindex.js';
import { type Labels, matchesAny } from '../config/selector.js';
import { type Address, compareAddresses } from '../net/address.js';

/** An address and its place in the order in which its pool gives addresses. */
export interface Place {
  /** Index of the range in `pool.ranges`. */
  readonly range: number;
  readonly address: Address;
}

export interface PoolIndex {
  readonly byName: ReadonlyMap<string, Pool>;
  readonly ranges: RangeIndex;
  /** Tried when no pinned pool has an address, by name. */
  readonly general: readonly Pool[];
  /** Pinned pools by the namespaces they name, with those for any namespace; each list is in the order of {@link pinnedPools}. */
  readonly pinnedTo: ReadonlyMap<string, readonly Pool[]>;
  readonly pinnedAnywhere: readonly Pool[];
}

export function indexPools({ pools }: Config): PoolIndex {
  const automatic = pools.filter(({ autoAssign }) => autoAssign);
  return {
    byName: new Map(pools.map((pool) => [pool.name, pool])),
    ranges: indexRanges(pools),
    general: automatic.filter(({ pinned }) => pinned === undefined),
    ...indexPins(automatic.filter(({ pinned }) => pinned !== undefined).sort((a, b) => orderOf(a) - orderOf(b))),
  };
}

/** Pools pinned to Services of `namespace` that give addresses without being asked: priority 1 first, 0 last, then by name. */
export const pinnedPools = ({ pinnedTo, pinnedAnywhere }: PoolIndex, namespace: string): readonly Pool[] =>
  pinnedTo.get(namespace) ?? pinnedAnywhere;

const orderOf = ({ pinned }: Pool): number =>
  pinned === undefined || pinned.priority === 0 ? Number.MAX_SAFE_INTEGER : pinned.priority;

function indexPins(pinned: readonly Pool[]): Pick<PoolIndex, 'pinnedTo' | 'pinnedAnywhere'> {
  const pinnedTo = new Map<string, Pool[]>();
  const pinnedAnywhere: Pool[] = [];
  for (const pool of pinned) {
    const namespaces = pool.pinned?.namespaces ?? 'any';
    if (namespaces === 'any') {
      pinnedAnywhere.push(pool);
      for (const list of pinnedTo.values()) list.push(pool);
      continue;
    }
    for (const namespace of namespaces) {
      const list = pinnedTo.get(namespace) ?? [...pinnedAnywhere];
      list.push(pool);
      pinnedTo.set(namespace, list);
    }
  }
  return { pinnedTo, pinnedAnywhere };
}

/** The pool `address` lies in, and its place there, whether or not the pool would give it. O(log ranges). */
export function locateAddress(
  { ranges }: PoolIndex,
  address: Address,
): { readonly pool: Pool; readonly place: Place } | undefined {
  const owned = findRange(ranges, address);
  return owned === undefined ? undefined : { pool: owned.pool, place: { range: owned.index, address } };
}

export const comparePlaces = (a: Place, b: Place): number => a.range - b.range || compareAddresses(a.address, b.address);

/** A Service as pools see it. */
export interface Applicant {
  readonly namespace: string;
  readonly labels: Labels;
}

/** `everybody`: its namespace selectors match no namespace (quirk Q-04). */
export type ClosedTo = 'everybody' | 'namespace' | 'labels';

/** Why `pool` is closed to the Service; undefined when it is open. Namespaces and Service labels must both match. */
export function pinRefuses({ pinned }: Pool, { namespace, labels }: Applicant): ClosedTo | undefined {
  if (pinned === undefined) return undefined;
  const { namespaces } = pinned;
  if (namespaces !== 'any' && !namespaces.has(namespace)) return namespaces.size === 0 ? 'everybody' : 'namespace';
  return matchesAny(pinned.serviceSelectors, labels) ? undefined : 'labels';
}
