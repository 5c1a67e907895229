/**
 * Giving a Service particular addresses, letting it keep them, and taking them back: the changes there are
 * (metallb-behaviour §3.5, §3.6).
 */
import type { Pool } from '../config/config.js';
import { type Address, addressKey, isBuggy } from '../net/address.js';
import { countNames, hasName, type Names, namesIn } from './names.js';
import { locateAddress, pinRefuses } from './poolindex.js';
import type { Conflict, Refusal } from './refusal.js';
import type { Request } from './request.js';
import { type AllocatorState, forget, type Holding, record, reservedFor } from './state.js';
import { keysAgree, type Tenancy } from './tenancy.js';

/**
 * Gives `addresses` (one, or one of each family) to the Service, in place of whatever it holds; refused, it keeps that.
 * `autoAssign` doesn't matter here: it is about addresses nobody asked for.
 */
export function assign(state: AllocatorState, request: Request, addresses: readonly Address[]): Assigned {
  for (const address of addresses) {
    const reserved = reservedFor(state, address, request.service);
    if (reserved !== undefined) return { refused: 'address-locked', address, for: reserved };
  }
  return retain(state, request, addresses);
}

export type Assigned = { readonly assigned: Holding } | Refusal;

/** As {@link assign}, for addresses that the Service has already: that they are locked for others takes nothing away. */
export function retain(state: AllocatorState, request: Request, addresses: readonly Address[]): Assigned {
  const pool = openPoolOfAll(state, request, addresses);
  if ('refused' in pool) return pool;
  const refusal = occupied(state, request, addresses);
  if (refusal !== undefined) return refusal;
  forget(state, request.service);
  return { assigned: give(state, request, addresses, pool) };
}

/** As {@link assign}, of a pool that is known to have them and to be open, to a Service that holds nothing. */
export function give(state: AllocatorState, request: Request, addresses: readonly Address[], pool: Pool): Holding {
  const holding: Holding = { addresses, pool, tenancy: request.tenancy };
  record(state, request.service, holding);
  return holding;
}

/** The one pool that has all of `addresses` and is open to the Service. */
export function openPoolOfAll(state: AllocatorState, request: Request, addresses: readonly Address[]): Pool | Refusal {
  const pool = poolOfAll(state, addresses);
  if ('refused' in pool) return pool;
  const closed = pinRefuses(pool, request);
  return closed === undefined ? pool : { refused: 'pool-closed', pool, to: closed };
}

/** Takes back what the Service holds, if anything. */
export const release = (state: AllocatorState, service: string): void => forget(state, service);

/** The one pool that has all of `addresses`, and would give them. */
export function poolOfAll({ pools }: AllocatorState, addresses: readonly Address[]): Pool | Refusal {
  let common: Pool | undefined;
  for (const address of addresses) {
    const pool = locateAddress(pools, address)?.pool;
    if (pool === undefined) return { refused: 'address-outside-pools', address };
    if (pool.avoidBuggyIPs && isBuggy(address)) return { refused: 'address-buggy', address, pool: pool.name };
    common ??= pool;
    if (pool !== common) return { refused: 'addresses-in-two-pools', pools: [common.name, pool.name] };
  }
  if (common === undefined) throw new Error('assign needs at least one address');
  return common;
}

/** Why the Service may not be on one of `addresses` beside those who are. A Service is never in its own way. */
export function occupied(state: AllocatorState, request: Request, addresses: readonly Address[]): Refusal | undefined {
  for (const address of addresses) {
    const refusal = occupiedOne(state, request, address);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function occupiedOne(state: AllocatorState, { service, tenancy }: Request, address: Address): Refusal | undefined {
  const tenants = state.tenants.get(addressKey(address));
  if (tenants === undefined) return undefined;
  const { services, keys, ports } = tenants;
  const isThere = hasName(services, service);
  const isAlone = isThere && countNames(services) === 1;
  if (!isAlone && !keysAgree(tenancy, keys)) {
    const others = countNames(services) - (isThere ? 1 : 0);
    const by = someOthers(services, service);
    return { refused: 'address-in-use', address, by, more: others - by.length, because: keyConflict(tenancy, keys) };
  }
  for (const port of tenancy.ports) {
    const user = ports?.get(port);
    if (user !== undefined && user !== service)
      return { refused: 'address-in-use', address, by: [user], more: 0, because: { port } };
  }
  return undefined;
}

/** Thousands may be on one address; an issue names the first three. */
function someOthers(services: Names, service: string): string[] {
  const some: string[] = [];
  for (const one of namesIn(services)) {
    if (some.length === 3) break;
    if (one !== service) some.push(one);
  }
  return some;
}

function keyConflict(a: Tenancy, b: Tenancy): Conflict {
  if (a.sharingKey === '' || b.sharingKey === '') return 'no-sharing-key';
  return a.sharingKey === b.sharingKey ? 'backends-differ' : 'sharing-keys-differ';
}
