/**
 * Who holds which addresses. `holdings` is the fact; everything else here is derived from it and changed with it by `record`
 * and `forget` alone, so that questions asked for every Service don't go through all of them.
 *
 * A state belongs to one caller and one Config, and changes in place: a new Config makes a new state, into which whoever
 * may keep an address is assigned it again.
 */
import type { Config, Pool } from '../config/config.js';
import { type Address, type Family, formatAddress } from '../net/address.js';
import { type FreeSpace, freeSpace, returnPlace, takePlace } from './freespace.js';
import { indexPools, locateAddress, type Place, type PoolIndex } from './poolindex.js';
import { closePlace, forgetRefusals, openPlace, type SharedSpace, sharedSpace } from './sharedspace.js';
import type { Tenancy } from './tenancy.js';

export interface Holding {
  readonly addresses: readonly Address[];
  readonly pool: Pool;
  readonly tenancy: Tenancy;
}

/** Equal for equal addresses: a number for IPv4, RFC 5952 text for IPv6. */
export type AddressKey = number | string;

export const addressKey = (address: Address): AddressKey => (address.family === 'IPv4' ? address.value : formatAddress(address));

/** The Services an address is kept for, by `namespace/name`: nobody else gets it before all of them have it. */
export type Reservations = ReadonlyMap<AddressKey, ReadonlySet<string>>;

export interface AllocatorState {
  readonly pools: PoolIndex;
  readonly reserved: Reservations;
  readonly holdings: Map<string, Holding>;
  /** Addresses that somebody holds. */
  readonly tenants: Map<AddressKey, Tenants>;
  readonly free: ReadonlyMap<Pool, PoolSpace>;
  /** By sharing and backend key, then pool, then family. */
  readonly shared: Map<string, Map<Pool, Map<Family, SharedSpace>>>;
}

/** Who is on one address. All of them have the same sharing key and backend key. */
interface Tenants {
  readonly services: Set<string>;
  readonly keys: Tenancy;
  /** `TCP/80` → the one Service that uses it. Kept only where others may join: with a sharing key. */
  readonly ports?: Map<string, string>;
}

/** Undefined for a family of which the pool has no address at all. */
type PoolSpace = Readonly<Record<Family, FreeSpace | undefined>>;

export function emptyState(config: Config, reserved: Reservations = new Map()): AllocatorState {
  const spaceOf = (pool: Pool, family: Family): FreeSpace | undefined =>
    pool.ranges.some(({ first }) => first.family === family) ? freeSpace(pool, family) : undefined;
  return {
    pools: indexPools(config),
    reserved,
    holdings: new Map(),
    tenants: new Map(),
    free: new Map(config.pools.map((pool) => [pool, { IPv4: spaceOf(pool, 'IPv4'), IPv6: spaceOf(pool, 'IPv6') }])),
    shared: new Map(),
  };
}

/** Whether nobody else can simply be given the address. */
export function isTaken({ tenants, reserved }: AllocatorState, address: Address): boolean {
  const key = addressKey(address);
  return tenants.has(key) || reserved.has(key);
}

/** Whom the address is kept for, when that excludes `service`. */
export function reservedFor({ reserved, tenants }: AllocatorState, address: Address, service: string): string | undefined {
  const key = addressKey(address);
  const services = reserved.get(key);
  if (services === undefined || services.has(service)) return undefined;
  const present = tenants.get(key)?.services;
  return [...services].find((one) => present?.has(one) !== true);
}

/** `service`, which holds nothing, holds these from now on. The caller has checked that it may. */
export function record(state: AllocatorState, service: string, holding: Holding): void {
  state.holdings.set(service, holding);
  for (const address of holding.addresses) {
    const tenants = state.tenants.get(addressKey(address)) ?? moveIn(state, holding, address);
    tenants.services.add(service);
    for (const port of holding.tenancy.ports) tenants.ports?.set(port, service);
  }
}

/** `service` gives back what it holds, if anything. */
export function forget(state: AllocatorState, service: string): void {
  const holding = state.holdings.get(service);
  if (holding === undefined) return;
  state.holdings.delete(service);
  for (const address of holding.addresses) {
    const tenants = state.tenants.get(addressKey(address));
    if (tenants === undefined) continue;
    tenants.services.delete(service);
    for (const port of holding.tenancy.ports) tenants.ports?.delete(port);
    if (tenants.services.size === 0) moveOut(state, holding, address);
    else forgetRefusalsIn(state, holding, address);
  }
}

/** The addresses of `pool` on which Services with the keys of `tenancy` are. */
export const sharedSpaceOf = (
  { shared }: AllocatorState,
  pool: Pool,
  family: Family,
  tenancy: Tenancy,
): SharedSpace | undefined => shared.get(keysOf(tenancy))?.get(pool)?.get(family);

/** Made when the first Service moves in: a question about keys that nobody has leaves nothing behind. */
function openSharedSpace({ shared }: AllocatorState, pool: Pool, family: Family, tenancy: Tenancy): SharedSpace {
  const byPool = shared.get(keysOf(tenancy)) ?? new Map<Pool, Map<Family, SharedSpace>>();
  shared.set(keysOf(tenancy), byPool);
  const byFamily = byPool.get(pool) ?? new Map<Family, SharedSpace>();
  byPool.set(pool, byFamily);
  const space = byFamily.get(family) ?? sharedSpace();
  byFamily.set(family, space);
  return space;
}

const keysOf = ({ sharingKey, backendKey }: Tenancy): string => `${sharingKey.length} ${sharingKey} ${backendKey}`;

function forgetRefusalsIn(state: AllocatorState, { pool, tenancy }: Holding, { family }: Address): void {
  const space = sharedSpaceOf(state, pool, family, tenancy);
  if (space !== undefined) forgetRefusals(space);
}

/** The first on an address decides the keys. */
function moveIn(state: AllocatorState, { pool, tenancy }: Holding, address: Address): Tenants {
  const services = new Set<string>();
  const tenants = tenancy.sharingKey === '' ? { services, keys: tenancy } : { services, keys: tenancy, ports: new Map() };
  state.tenants.set(addressKey(address), tenants);
  const place = placeOf(state, address);
  const space = state.free.get(pool)?.[address.family];
  if (place === undefined || space === undefined) return tenants;
  takePlace(space, place);
  if (tenancy.sharingKey !== '') openPlace(openSharedSpace(state, pool, address.family, tenancy), place);
  return tenants;
}

/** The last has left. */
function moveOut(state: AllocatorState, { pool, tenancy }: Holding, address: Address): void {
  state.tenants.delete(addressKey(address));
  const place = placeOf(state, address);
  const space = state.free.get(pool)?.[address.family];
  if (place === undefined || space === undefined) return;
  if (!state.reserved.has(addressKey(address))) returnPlace(space, place);
  const shared = sharedSpaceOf(state, pool, address.family, tenancy);
  if (shared !== undefined && tenancy.sharingKey !== '') closePlace(shared, place);
}

const placeOf = ({ pools }: AllocatorState, address: Address): Place | undefined => locateAddress(pools, address)?.place;
