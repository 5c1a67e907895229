/**
 * The addresses a Service gets when it asked for none: of the first pool in a list that has what it needs, the lowest that
 * are free or that it may share (metallb-behaviour §3.4.1, §3.4.2). A free one below a shared one wins (quirk Q-18).
 */
import type { Pool } from '../config/config.js';
import { type Address, addressKey, type Family } from '../net/address.js';
import type { Families } from './families.js';
import { lowestFree } from './freespace.js';
import { comparePlaces, type Place } from './poolindex.js';
import type { Request } from './request.js';
import { lowestShared } from './sharedspace.js';
import { type AllocatorState, isTaken, type SharedSpaces, sharedSpacesOf } from './state.js';
import type { Tenancy } from './tenancy.js';

/** What a Service wants once it is decided which family `either` is. */
export type SettledFamilies = Exclude<Families, { stack: 'either' }>;

/** At least one address, IPv4 before IPv6, and the pool they are from. */
export interface Choice {
  readonly addresses: readonly Address[];
  readonly pool: Pool;
}

/** Undefined when no pool of `pools` has what `families` needs. */
export function choose(
  state: AllocatorState,
  pools: readonly Pool[],
  families: SettledFamilies,
  { tenancy }: Request,
): Choice | undefined {
  const search = searchFor(state, tenancy);
  if (families.stack === 'single') return chooseSingle(search, pools, families.family);
  for (const pool of pools) {
    const v4 = lowestIn(search, pool, 'IPv4');
    const v6 = v4 === undefined ? undefined : lowestIn(search, pool, 'IPv6');
    if (v4 !== undefined && v6 !== undefined) return { addresses: [v4, v6], pool };
  }
  if (families.policy === 'require') return undefined;
  const other = families.primary === 'IPv4' ? 'IPv6' : 'IPv4';
  return chooseSingle(search, pools, families.primary) ?? chooseSingle(search, pools, other);
}

/** What `either` comes to among `pools`. A full pool counts: running out of IPv4 must not turn a Service to IPv6. */
export function settleFamily({ free }: AllocatorState, pools: readonly Pool[], families: Families): SettledFamilies {
  if (families.stack !== 'either') return families;
  const hasIpv4 = pools.some((pool) => free.get(pool)?.IPv4 !== undefined);
  const hasIpv6 = pools.some((pool) => free.get(pool)?.IPv6 !== undefined);
  return { stack: 'single', family: hasIpv4 || !hasIpv6 ? 'IPv4' : 'IPv6' };
}

function chooseSingle(search: Search, pools: readonly Pool[], family: Family): Choice | undefined {
  for (const pool of pools) {
    const address = lowestIn(search, pool, family);
    if (address !== undefined) return { addresses: [address], pool };
  }
  return undefined;
}

/** What looking into one pool after the other needs: of thousands of pools, each must cost next to nothing. */
export interface Search {
  readonly free: AllocatorState['free'];
  /** Those whose keys the Service has. */
  readonly shared: SharedSpaces | undefined;
  readonly ports: readonly string[];
  readonly isTaken: (address: Address) => boolean;
  readonly uses: (place: Place, port: string) => boolean;
}

export const searchFor = (state: AllocatorState, tenancy: Tenancy): Search => ({
  free: state.free,
  shared: sharedSpacesOf(state, tenancy),
  ports: tenancy.ports,
  isTaken: (address) => isTaken(state, address),
  uses: ({ address }, port) => state.tenants.get(addressKey(address))?.ports?.has(port) === true,
});

/** The lowest address of `family` in `pool` that the Service may have, free or shared; undefined when there is none. */
export function lowestIn({ free, shared, ports, isTaken, uses }: Search, pool: Pool, family: Family): Address | undefined {
  const space = free.get(pool)?.[family];
  if (space === undefined) return undefined;
  const empty = lowestFree(space, isTaken);
  const joinable = shared?.get(pool)?.[family];
  const joined = joinable === undefined ? undefined : lowestShared(joinable, ports, uses);
  if (empty === undefined || joined === undefined) return (empty ?? joined)?.address;
  return (comparePlaces(empty, joined) < 0 ? empty : joined).address;
}
