/**
 * One Service's addresses: the requested ones, or some of the requested pool, or some of the pools it may use
 * (metallb-behaviour §3.4). The state records what was given.
 */
import type { Pool } from '../config/config.js';
import { addressKey, type Family, formatAddress } from '../net/address.js';
import type { Allocation, Reason } from './allocation.js';
import { assign, give, release } from './assign.js';
import { choose, lowestIn, type SettledFamilies, searchFor, settleFamily } from './choose.js';
import { namesIn } from './names.js';
import { locateAddress, pinnedPools, pinRefuses } from './poolindex.js';
import type { PoolVerdict, Refusal } from './refusal.js';
import type { Request } from './request.js';
import type { AllocatorState, Holding } from './state.js';

export type Allocated = { readonly allocated: Allocation } | Refusal;

/** Gives the Service addresses by its request, in place of whatever it holds. */
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
      verdicts: [withoutRoom(state, pool, request, families)],
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
    exhausted(state, request, families, pinned)
  );
}

function fromPools(
  state: AllocatorState,
  request: Request,
  pools: readonly Pool[],
  families: SettledFamilies,
  code: Chosen,
): Allocated | undefined {
  const chosen = choose(state, pools, families, request);
  if (chosen === undefined) return undefined;
  const given = give(state, request, chosen.addresses, chosen.pool);
  return allocation(given, reasonOf(state, request, given, code));
}

const KINDS = {
  REQUESTED_POOL: (_: Pool): string => 'requested ',
  PINNED_POOL: ({ pinned }: Pool): string => `pinned (priority ${pinned?.priority ?? 0}) `,
  GENERAL_POOL: (_: Pool): string => '',
} as const;

type Chosen = keyof typeof KINDS;

function reasonOf(state: AllocatorState, { service, tenancy }: Request, { addresses, pool }: Holding, code: Chosen): Reason {
  for (const address of tenancy.sharingKey === '' ? [] : addresses) {
    for (const other of namesIn(state.tenants.get(addressKey(address))?.services)) {
      if (other === service) continue;
      const from = `of ${KINDS[code](pool)}pool ${pool.name}`;
      return { code, message: `lowest acceptable address ${from}: ${formatAddress(address)} is shared with ${other}` };
    }
  }
  return firstFree(state, pool, code, addresses.length);
}

/** `first free address of pool primary-pool`: one value for the thousands of Services that hear the same. */
function firstFree({ reasons }: AllocatorState, pool: Pool, code: Chosen, count: number): Reason {
  const known = reasons.get(pool) ?? [];
  const same = known.find((one) => one.count === count && one.reason.code === code);
  if (same !== undefined) return same.reason;
  const what = count === 1 ? 'address' : 'address of each family';
  const reason = { code, message: `first free ${what} of ${KINDS[code](pool)}pool ${pool.name}` };
  reasons.set(pool, [...known, { count, reason }]);
  return reason;
}

/** How many pools an issue tells about: with thousands of pending Services and pools, nobody reads them all. */
const MAX_VERDICTS = 8;

/** Those that were tried come first: of the others it matters less why they were not. */
function exhausted(state: AllocatorState, request: Request, families: SettledFamilies, pinned: readonly Pool[]): Refusal {
  const { byName, general } = state.pools;
  const told = new Set([...pinned.slice(0, MAX_VERDICTS), ...general.slice(0, MAX_VERDICTS)].slice(0, MAX_VERDICTS));
  for (const pool of byName.values()) {
    if (told.size === MAX_VERDICTS) break;
    told.add(pool);
  }
  const verdicts = [...told].map((pool) => verdictOn(state, pool, request, families));
  return { refused: 'exhausted', families, verdicts, more: byName.size - told.size };
}

function verdictOn(state: AllocatorState, pool: Pool, request: Request, families: SettledFamilies): PoolVerdict {
  const closed = pinRefuses(pool, request);
  if (closed === 'everybody') return { pool: pool.name, why: 'closed', to: closed };
  if (!pool.autoAssign) return { pool: pool.name, why: 'not-automatic' };
  return closed === undefined ? withoutRoom(state, pool, request, families) : { pool: pool.name, why: 'closed', to: closed };
}

/** Of a pool that is open to the Service: which family it lacks, or which it has no more of. */
function withoutRoom(state: AllocatorState, pool: Pool, request: Request, families: SettledFamilies): PoolVerdict {
  const { name } = pool;
  const space = state.free.get(pool);
  const needed: readonly Family[] = families.stack === 'single' ? [families.family] : ['IPv4', 'IPv6'];
  const present = needed.filter((family) => space?.[family] !== undefined);
  const enough = families.stack === 'dual' && families.policy === 'prefer' ? 1 : needed.length;
  if (present.length < enough) {
    return { pool: name, why: 'lacks-family', families: needed.filter((family) => !present.includes(family)) };
  }
  const search = searchFor(state, request.tenancy);
  const spent = present.filter((family) => lowestIn(search, pool, family) === undefined);
  const kept = spent.reduce((sum, family) => sum + (space?.[family]?.kept ?? 0), 0);
  const [only] = spent.length < present.length ? spent : [];
  return { pool: name, why: 'full', kept, ...(only === undefined ? {} : { family: only }) };
}

const allocation = ({ addresses, pool }: Holding, reason: Reason): Allocated => ({
  allocated: { addresses, pool: pool.name, reason },
});
