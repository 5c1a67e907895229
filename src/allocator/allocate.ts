/**
 * One Service's addresses: the requested ones, or some of the requested pool, or some of the pools it may use
 * (metallb-behaviour §3.4). The state records what was given.
 */
import type { Pool } from '../config/config.js';
import { formatAddress } from '../net/address.js';
import type { Allocation, Reason } from './allocation.js';
import { assign, release } from './assign.js';
import { choose, settleFamily } from './choose.js';
import type { Families } from './families.js';
import { locateAddress, pinnedPools, pinRefuses } from './poolindex.js';
import type { PoolVerdict, Refusal } from './refusal.js';
import type { Request } from './request.js';
import { type AllocatorState, addressKey, type Holding } from './state.js';

export type Allocated = { readonly allocated: Allocation } | Refusal;

/** Gives the Service, which must hold nothing, addresses by its request. */
export function allocate(state: AllocatorState, request: Request): Allocated {
  release(state, request.service);
  const wanted = request.pool === undefined ? undefined : (state.pools.byName.get(request.pool.name) ?? 'unknown');
  if (wanted === 'unknown') {
    return { refused: 'pool-unknown', pool: request.pool?.name ?? '', known: [...state.pools.byName.keys()] };
  }
  if (request.addresses.length > 0) return requestedAddresses(state, request, wanted);
  return wanted === undefined ? automatic(state, request) : requestedPool(state, request, wanted);
}

function requestedAddresses(state: AllocatorState, request: Request, wanted: Pool | undefined): Allocated {
  const elsewhere = inOtherPool(state, request, wanted);
  if (elsewhere !== undefined) return elsewhere;
  const result = assign(state, request, request.addresses);
  if ('refused' in result) return result;
  return allocation(result.assigned, { code: 'REQUESTED_ADDRESS', message: `requested by ${request.addressesFrom.by}` });
}

/** Whether one of the requested addresses is in a pool, but not in the one that is requested too. */
export function inOtherPool({ pools }: AllocatorState, { addresses }: Request, wanted: Pool | undefined): Refusal | undefined {
  if (wanted === undefined) return undefined;
  for (const address of addresses) {
    const pool = locateAddress(pools, address)?.pool;
    if (pool !== undefined && pool !== wanted) {
      return { refused: 'address-in-other-pool', address, pool: pool.name, wanted: wanted.name };
    }
  }
  return undefined;
}

function requestedPool(state: AllocatorState, request: Request, pool: Pool): Allocated {
  const closed = pinRefuses(pool, request);
  if (closed !== undefined) return { refused: 'pool-closed', pool, to: closed };
  const families = settleFamily(state, [pool], request.families);
  return (
    fromPools(state, request, [pool], families, 'REQUESTED_POOL') ?? {
      refused: 'exhausted',
      families,
      verdicts: [{ pool: pool.name, why: hasRoomFor(state, pool, families) ? 'full' : 'lacks-family' }],
      more: 0,
    }
  );
}

/** Pinned pools first, and only when none of them has what is needed the general ones: the two are never combined. */
function automatic(state: AllocatorState, request: Request): Allocated {
  const pinned = pinnedPools(state.pools, request.namespace).filter((pool) => pinRefuses(pool, request) === undefined);
  const { general } = state.pools;
  const families =
    request.families.stack === 'either' ? settleFamily(state, [...pinned, ...general], request.families) : request.families;
  return (
    fromPools(state, request, pinned, families, 'PINNED_POOL') ??
    fromPools(state, request, general, families, 'GENERAL_POOL') ??
    exhausted(state, request, families)
  );
}

function fromPools(
  state: AllocatorState,
  request: Request,
  pools: readonly Pool[],
  families: Exclude<Families, { stack: 'either' }>,
  code: 'REQUESTED_POOL' | 'PINNED_POOL' | 'GENERAL_POOL',
): Allocated | undefined {
  const addresses = choose(state, pools, families, request);
  if (addresses === undefined) return undefined;
  const result = assign(state, request, addresses);
  if ('refused' in result) throw new Error(`chose an address that assign refuses: ${result.refused}`);
  return allocation(result.assigned, { code, message: describeChoice(state, request, result.assigned, code) });
}

const KINDS = {
  REQUESTED_POOL: (_: Pool): string => 'requested ',
  PINNED_POOL: ({ pinned }: Pool): string => `pinned (priority ${pinned?.priority ?? 0}) `,
  GENERAL_POOL: (_: Pool): string => '',
} as const;

/** `first free address of pool primary-pool`. */
function describeChoice(
  { tenants }: AllocatorState,
  { service }: Request,
  { addresses, pool }: Holding,
  code: keyof typeof KINDS,
): string {
  const from = `of ${KINDS[code](pool)}pool ${pool.name}`;
  for (const address of addresses) {
    for (const other of tenants.get(addressKey(address))?.services ?? []) {
      if (other !== service) return `lowest acceptable address ${from}: ${formatAddress(address)} is shared with ${other}`;
    }
  }
  return `first free ${addresses.length === 1 ? 'address' : 'address of each family'} ${from}`;
}

/** How many pools an issue tells about: with thousands of pending Services and pools, nobody reads them all. */
const MAX_VERDICTS = 8;

function exhausted(state: AllocatorState, request: Request, families: Families): Refusal {
  const pools = [...state.pools.byName.values()];
  const verdicts = pools
    .slice(0, MAX_VERDICTS)
    .map((pool) => ({ pool: pool.name, why: verdictOn(state, pool, request, families) }));
  return { refused: 'exhausted', families, verdicts, more: pools.length - verdicts.length };
}

function verdictOn(state: AllocatorState, pool: Pool, request: Request, families: Families): PoolVerdict['why'] {
  if (!pool.autoAssign) return 'not-automatic';
  const closed = pinRefuses(pool, request);
  if (closed !== undefined) return `closed-to-${closed}`;
  return hasRoomFor(state, pool, families) ? 'full' : 'lacks-family';
}

/** Whether the pool, when it is empty, has every family that is needed. */
function hasRoomFor({ free }: AllocatorState, pool: Pool, families: Families): boolean {
  const space = free.get(pool);
  if (families.stack === 'single') return space?.[families.family] !== undefined;
  const both = space?.IPv4 !== undefined && space.IPv6 !== undefined;
  return both || (families.stack === 'dual' && families.policy === 'prefer');
}

const allocation = ({ addresses, pool }: Holding, reason: Reason): Allocated => ({
  allocated: { addresses, pool: pool.name, reason },
});
