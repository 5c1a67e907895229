/**
 * Whether a Service keeps the addresses it has: as long as they lie in one pool that is open to it, fit its families and what
 * it requests, and may be shared with whoever else is on them (metallb-behaviour §3.3, steps 6 to 10). A request that cannot
 * be read takes nothing away.
 */
import type { ServiceView } from '../api/views.js';
import type { Pool } from '../config/config.js';
import type { Issue } from '../issue/issue.js';
import type { Address, Family } from '../net/address.js';
import type { Loss, Outcome } from './allocation.js';
import { give, occupied, openPoolOfAll, poolOfAll, retain } from './assign.js';
import { choose } from './choose.js';
import { agree, describeFamilies, type Families } from './families.js';
import { type Lock, type LockEntry, sameAddresses } from './lock.js';
import { explain } from './refusal.js';
import { parsePlainRequest, type Request, readRequestedAddresses, readRequestedPool, requestsAddresses } from './request.js';
import { lockConflict, textOf } from './seek.js';
import { type AllocatorState, reservedFor } from './state.js';

export type KeptOutcome = Extract<Outcome, { readonly allocated: unknown }>;

/** What a Service has and may keep as far as it goes by itself: whether others on its addresses allow it is for {@link keep}. */
export interface Stay {
  readonly request: Request;
  /** At least one, in the order of status. */
  readonly addresses: readonly Address[];
  /** It has all of them. */
  readonly pool: Pool;
  readonly warnings: readonly Issue[];
}

export function mayStay(
  state: AllocatorState,
  service: ServiceView,
  current: readonly Address[],
): Stay | { readonly lost: Loss } {
  const lost = (code: Loss['code'], message: string) => ({ lost: { addresses: current, code, message } });
  const plain = parsePlainRequest(service);
  if (!plain.ok) return lost(plain.issues[0]?.code ?? 'SERVICE_INVALID', plain.issues[0]?.message ?? '');
  const request = plain.value;
  if (!fits(request.families, current)) {
    return lost('OTHER_FAMILY_NEEDED', `it has ${textOf(current)}, and needs ${describeFamilies(request.families)}`);
  }
  const pool = openPoolOfAll(state, request, current);
  if ('refused' in pool) {
    const { code, message } = explain(pool, request);
    return lost(code, message);
  }
  const wanted = readRequestedPool(service);
  if (wanted !== undefined && wanted.name !== pool.name) {
    return lost('OTHER_POOL_REQUESTED', `${wanted.from.by} requests pool "${wanted.name}", and it is in pool "${pool.name}"`);
  }
  const requested = readRequestedAddresses(service);
  if (!requested.ok) return { request, addresses: current, pool, warnings: requested.issues };
  const { list, from } = requested.value;
  if (list.length > 0 && !sameAddresses(list, current)) {
    return lost('OTHER_ADDRESS_REQUESTED', `${from.by} requests ${textOf(list)}, and it has ${textOf(current)}`);
  }
  // Requested addresses are written in the order of the request, on whose first the election depends (quirk Q-13).
  return { request, addresses: list.length > 0 ? list : current, pool, warnings: [] };
}

/** The outcome of a Service that keeps what it has; or why it cannot. In `state` it holds nothing yet. */
export function keep(state: AllocatorState, stay: Stay): KeptOutcome | { readonly lost: Loss } {
  const { request, addresses, pool, warnings } = stay;
  const refusal = occupied(state, request, addresses);
  if (refusal !== undefined) {
    const { code, message } = explain(refusal, request);
    return { lost: { addresses, code, message } };
  }
  give(state, request, addresses, pool);
  const reason = { code: 'KEPT', message: `it has ${textOf(addresses)} already` } as const;
  return { allocated: { addresses, pool: pool.name, reason }, warnings };
}

/** What a Service has may stay what it has: one address is enough for one that only prefers two. */
const fits = (families: Families, addresses: readonly Address[]): boolean =>
  agree(families, addresses) || (families.stack === 'dual' && families.policy === 'prefer' && addresses.length === 1);

/**
 * The other family's address for a Service that prefers both and has one: from the pool of the one it has, if that has any
 * (metallb-behaviour §3.3, step 10). A Service with one cluster IP needs no second (quirk Q-15), nor has one that requests
 * a single address use for another. One that is locked gets the second address it is locked to, or none.
 */
export function addFamily(
  state: AllocatorState,
  service: ServiceView,
  outcome: KeptOutcome,
  entry: LockEntry | undefined,
): KeptOutcome {
  const [only, second] = outcome.allocated.addresses;
  if (service.ipFamilyPolicy !== 'PreferDualStack' || only === undefined || second !== undefined) return outcome;
  const plain = parsePlainRequest(service);
  if (!plain.ok || plain.value.families.stack !== 'dual') return outcome;
  const requested = readRequestedAddresses(service);
  if (!requested.ok || requested.value.list.length > 0) return outcome;
  const more = entry === undefined ? chooseOther(state, plain.value, only) : lockedOther(only, entry);
  if (more === undefined || 'refused' in retain(state, plain.value, [only, more])) return outcome;
  const message = `${outcome.allocated.reason.message}; ${textOf([more])} of the same pool joins it`;
  return { ...outcome, allocated: { ...outcome.allocated, addresses: [only, more], reason: { code: 'KEPT', message } } };
}

/** An outcome with the reason why its Service has one address, if it prefers both families and there is no second. */
export function withLack(state: AllocatorState, service: ServiceView, outcome: KeptOutcome): KeptOutcome {
  const { addresses, pool: name } = outcome.allocated;
  const [only, second] = addresses;
  const pool = state.pools.byName.get(name);
  if (only === undefined || second !== undefined || pool === undefined) return outcome;
  const plain = parsePlainRequest(service);
  if (!plain.ok || plain.value.families.stack !== 'dual' || requestsAddresses(service)) return outcome;
  const family = otherThan(only);
  const why = state.free.get(pool)?.[family] === undefined ? `has no ${family} addresses` : `has no free ${family} address`;
  return { ...outcome, lacks: `pool "${name}" ${why}` };
}

const otherThan = ({ family }: Address): Family => (family === 'IPv4' ? 'IPv6' : 'IPv4');

function chooseOther(state: AllocatorState, request: Request, only: Address): Address | undefined {
  const pool = poolOfAll(state, [only]);
  if ('refused' in pool) return undefined;
  return choose(state, [pool], { stack: 'single', family: otherThan(only) }, request)?.addresses[0];
}

/** Undefined where the lock has no second address, or has another in place of `only`. */
function lockedOther(only: Address, { addresses }: LockEntry): Address | undefined {
  const other = addresses.find(({ family }) => family !== only.family);
  return other !== undefined && sameAddresses(addresses, [only, other]) ? other : undefined;
}

/**
 * Where the lock and what is live contradict each other the live address stays, and people are told: once everybody has what
 * he gets, for whom it is locked may have joined.
 */
export function withLockWarnings(state: AllocatorState, { key, source }: ServiceView, outcome: Outcome, lock: Lock): Outcome {
  if (!('allocated' in outcome)) return outcome;
  const { addresses } = outcome.allocated;
  const holder = { service: key, ...(source === undefined ? {} : { source }) };
  const entry = lock.services.get(holder.service);
  const own =
    entry === undefined || sameAddresses(entry.addresses, addresses)
      ? []
      : [lockConflict(holder, entry, `it has ${textOf(addresses)}, which it keeps`)];
  const others = addresses.flatMap((address) => {
    const other = reservedFor(state, address, holder.service);
    const theirs = other === undefined ? undefined : lock.services.get(other);
    if (other === undefined || theirs === undefined) return [];
    return [lockConflict({ ...holder, service: other }, theirs, `${holder.service} has ${textOf([address])} and keeps it`)];
  });
  return { ...outcome, warnings: [...outcome.warnings, ...own, ...others] };
}
