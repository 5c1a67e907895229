/**
 * Who holds which addresses. `holdings` is the fact; everything else here is derived from it and changed with it by `record`
 * and `forget` alone, so that questions asked for every Service don't go through all of them.
 *
 * A state belongs to one caller and one Config, and changes in place: a new Config makes a new state, into which whoever
 * may keep an address is assigned it again.
 */
import type { Config, Pool } from '../config/config.js';
import { type Address, type AddressKey, addressKey, type Family } from '../net/address.js';
import type { Reason } from './allocation.js';
import { type FreeSpace, freeSpace, returnPlace, takePlace } from './freespace.js';
import { EMPTY_LOCK, type Lock } from './lock.js';
import { hasName, type Names, withName, withoutName } from './names.js';
import { indexPools, locateAddress, type Place, type PoolIndex } from './poolindex.js';
import { closePlace, forgetRefusals, openPlace, type SharedSpace, sharedSpace } from './sharedspace.js';
import type { Tenancy } from './tenancy.js';

export interface Holding {
  readonly addresses: readonly Address[];
  readonly pool: Pool;
  readonly tenancy: Tenancy;
}

/** The Services an address is kept for, by `namespace/name`: nobody else gets it before all of them have it. */
export type Reservations = ReadonlyMap<AddressKey, ReadonlySet<string>>;

export interface AllocatorState {
  readonly pools: PoolIndex;
  readonly reserved: Reservations;
  readonly holdings: Map<string, Holding>;
  /** Addresses that somebody holds. */
  readonly tenants: Map<AddressKey, Tenants>;
  readonly free: ReadonlyMap<Pool, PoolSpace>;
  /** By sharing and backend key. */
  readonly shared: Map<string, SharedSpaces>;
  /** Why Services have what was free, for each number of addresses and each way to the pool. */
  readonly reasons: Map<Pool, readonly { readonly count: number; readonly reason: Reason }[]>;
}

export type SharedSpaces = Map<Pool, { [family in Family]?: SharedSpace }>;

/** Who is on one address. All of them have the same sharing key and backend key. */
interface Tenants {
  services: Names;
  readonly keys: Tenancy;
  /** `TCP/80` → the one Service that uses it. Kept only where others may join: with a sharing key. */
  readonly ports?: Map<string, string>;
}

/** Undefined for a family of which the pool has no address at all. */
type PoolSpace = Readonly<Record<Family, FreeSpace | undefined>>;

export function emptyState(config: Config, lock: Lock = EMPTY_LOCK): AllocatorState {
  const spaceOf = (pool: Pool, family: Family): FreeSpace | undefined =>
    pool.ranges.some(({ first }) => first.family === family) ? freeSpace(pool, family) : undefined;
  const pools = indexPools(config);
  const free = new Map(config.pools.map((pool) => [pool, { IPv4: spaceOf(pool, 'IPv4'), IPv6: spaceOf(pool, 'IPv6') }]));
  const reserved = new Map<AddressKey, Set<string>>();
  for (const [service, { addresses }] of lock.services) {
    for (const address of addresses) {
      const key = addressKey(address);
      const before = reserved.get(key);
      const space = before === undefined ? spaceAt({ pools, free }, address) : undefined;
      if (space !== undefined) space.kept++;
      reserved.set(key, (before ?? new Set()).add(service));
    }
  }
  return { pools, reserved, holdings: new Map(), tenants: new Map(), free, shared: new Map(), reasons: new Map() };
}

/** Whether nobody else can simply be given the address. */
export function isTaken({ tenants, reserved }: AllocatorState, address: Address): boolean {
  const key = addressKey(address);
  return tenants.has(key) || reserved.has(key);
}

/** For whom, who is not there, the address is kept, when that excludes `service`. */
export function reservedFor({ reserved, tenants }: AllocatorState, address: Address, service: string): string | undefined {
  const key = addressKey(address);
  const services = reserved.get(key);
  if (services === undefined || services.has(service)) return undefined;
  const present = tenants.get(key)?.services;
  return [...services].find((one) => !hasName(present, one));
}

/** `service`, which holds nothing, holds these from now on. The caller has checked that it may. */
export function record(state: AllocatorState, service: string, holding: Holding): void {
  state.holdings.set(service, holding);
  for (const address of holding.addresses) {
    const key = addressKey(address);
    const present = state.tenants.get(key);
    const tenants = present ?? moveIn(state, service, holding, { address, key });
    tenants.services = withName(tenants.services, service);
    for (const port of holding.tenancy.ports) tenants.ports?.set(port, service);
    if (present === undefined || state.reserved.has(key)) openToOthers(state, holding, address);
  }
}

/** `service` gives back what it holds, if anything. */
export function forget(state: AllocatorState, service: string): void {
  const holding = state.holdings.get(service);
  if (holding === undefined) return;
  state.holdings.delete(service);
  for (const address of holding.addresses) {
    const key = addressKey(address);
    const tenants = state.tenants.get(key);
    if (tenants === undefined) continue;
    const rest = withoutName(tenants.services, service);
    if (rest !== undefined) tenants.services = rest;
    for (const port of holding.tenancy.ports) tenants.ports?.delete(port);
    const space = sharedSpacesOf(state, holding.tenancy)?.get(holding.pool)?.[address.family];
    if (rest === undefined) moveOut(state, holding, { address, key });
    else if (space !== undefined) forgetRefusals(space);
    if (rest === undefined || state.reserved.has(key)) closeToOthers(state, holding, address);
  }
}

/** The addresses that Services with the keys of `tenancy` are on, and that are open to others with the same keys. */
export const sharedSpacesOf = ({ shared }: AllocatorState, tenancy: Tenancy): SharedSpaces | undefined =>
  tenancy.sharingKey === '' ? undefined : shared.get(keysOf(tenancy));

const keysOf = ({ sharingKey, backendKey }: Tenancy): string => `${sharingKey.length} ${sharingKey} ${backendKey}`;

/** An address with a sharing key is open to others once everybody it is kept for is on it. */
function openToOthers(state: AllocatorState, { pool, tenancy }: Holding, address: Address): void {
  if (tenancy.sharingKey === '') return;
  const place = placeOf(state, address);
  if (place === undefined || reservedFor(state, address, '') !== undefined) return;
  const spaces: SharedSpaces = sharedSpacesOf(state, tenancy) ?? new Map();
  state.shared.set(keysOf(tenancy), spaces);
  const byFamily = spaces.get(pool) ?? {};
  spaces.set(pool, byFamily);
  const space = byFamily[address.family] ?? sharedSpace();
  byFamily[address.family] = space;
  openPlace(space, place);
}

function closeToOthers(state: AllocatorState, { pool, tenancy }: Holding, address: Address): void {
  const space = sharedSpacesOf(state, tenancy)?.get(pool)?.[address.family];
  const place = space === undefined ? undefined : placeOf(state, address);
  if (place !== undefined && space !== undefined) closePlace(space, place);
}

interface KeyedAddress {
  readonly address: Address;
  readonly key: AddressKey;
}

/** The first on an address decides the keys. */
function moveIn(state: AllocatorState, service: string, { pool, tenancy }: Holding, { address, key }: KeyedAddress): Tenants {
  const alone = { services: service, keys: tenancy };
  const tenants: Tenants = tenancy.sharingKey === '' ? alone : { ...alone, ports: new Map() };
  state.tenants.set(key, tenants);
  const space = state.free.get(pool)?.[address.family];
  if (space === undefined) return tenants;
  const place = space.returned.length === 0 ? undefined : placeOf(state, address);
  if (place !== undefined) takePlace(space, place);
  if (state.reserved.has(key)) space.kept--;
  return tenants;
}

/** The last has left. */
function moveOut(state: AllocatorState, { pool }: Holding, { address, key }: KeyedAddress): void {
  state.tenants.delete(key);
  const [place, space] = [placeOf(state, address), state.free.get(pool)?.[address.family]];
  if (place === undefined || space === undefined) return;
  if (state.reserved.has(key)) space.kept++;
  else returnPlace(space, place);
}

const placeOf = ({ pools }: AllocatorState, address: Address): Place | undefined => locateAddress(pools, address)?.place;

function spaceAt({ pools, free }: Pick<AllocatorState, 'pools' | 'free'>, address: Address): FreeSpace | undefined {
  const located = locateAddress(pools, address);
  return located === undefined ? undefined : free.get(located.pool)?.[address.family];
}
