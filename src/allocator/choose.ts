/**
 * The addresses a Service gets when it asked for none: of the first pool in a list that has what it needs, the lowest that
 * are free or that it may share (metallb-behaviour §3.4.1, §3.4.2). A free one below a shared one wins (quirk Q-18).
 */
import type { Pool } from '../config/config.js';
import type { Address, Family } from '../net/address.js';
import type { Families } from './families.js';
import { lowestFree } from './freespace.js';
import { comparePlaces, type Place } from './poolindex.js';
import type { Request } from './request.js';
import { lowestShared } from './sharedspace.js';
import { type AllocatorState, addressKey, isTaken, reservedFor, sharedSpaceOf } from './state.js';

/** At least one address; IPv4 before IPv6. Undefined when no pool of `pools` has what `families` needs. */
export function choose(
  state: AllocatorState,
  pools: readonly Pool[],
  families: Exclude<Families, { stack: 'either' }>,
  request: Request,
): readonly Address[] | undefined {
  if (families.stack === 'single') return chooseSingle(state, pools, families.family, request);
  for (const pool of pools) {
    const v4 = lowestIn(state, pool, 'IPv4', request);
    const v6 = v4 === undefined ? undefined : lowestIn(state, pool, 'IPv6', request);
    if (v4 !== undefined && v6 !== undefined) return [v4, v6];
  }
  if (families.policy === 'require') return undefined;
  const other = families.primary === 'IPv4' ? 'IPv6' : 'IPv4';
  return chooseSingle(state, pools, families.primary, request) ?? chooseSingle(state, pools, other, request);
}

/** What `either` comes to among `pools`. A full pool counts: running out of IPv4 must not turn a Service to IPv6. */
export function settleFamily(
  { free }: AllocatorState,
  pools: readonly Pool[],
  families: Families,
): Exclude<Families, { stack: 'either' }> {
  if (families.stack !== 'either') return families;
  const hasIpv4 = pools.some((pool) => free.get(pool)?.IPv4 !== undefined);
  const hasIpv6 = pools.some((pool) => free.get(pool)?.IPv6 !== undefined);
  return { stack: 'single', family: hasIpv4 || !hasIpv6 ? 'IPv4' : 'IPv6' };
}

function chooseSingle(
  state: AllocatorState,
  pools: readonly Pool[],
  family: Family,
  request: Request,
): readonly Address[] | undefined {
  for (const pool of pools) {
    const address = lowestIn(state, pool, family, request);
    if (address !== undefined) return [address];
  }
  return undefined;
}

function lowestIn(state: AllocatorState, pool: Pool, family: Family, request: Request): Address | undefined {
  const space = state.free.get(pool)?.[family];
  if (space === undefined) return undefined;
  const free = lowestFree(space, (address) => isTaken(state, address));
  const joined = request.tenancy.sharingKey === '' ? undefined : lowestJoinable(state, pool, family, request);
  if (free === undefined || joined === undefined) return (free ?? joined)?.address;
  return (comparePlaces(free, joined) < 0 ? free : joined).address;
}

function lowestJoinable(state: AllocatorState, pool: Pool, family: Family, { service, tenancy }: Request): Place | undefined {
  const uses = ({ address }: Place, port: string): boolean => state.tenants.get(addressKey(address))?.ports?.has(port) === true;
  const isOpen = ({ address }: Place): boolean => reservedFor(state, address, service) === undefined;
  const space = sharedSpaceOf(state, pool, family, tenancy);
  return space === undefined ? undefined : lowestShared(space, tenancy.ports, uses, isOpen);
}
