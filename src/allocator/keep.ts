/**
 * Whether a Service keeps the addresses it has: as long as they lie in one pool that is open to it, fit its families and what
 * it requests, and may be shared with whoever else is on them (metallb-behaviour §3.3, steps 6 to 10). A request that cannot
 * be read takes nothing away.
 */
import type { ServiceView } from '../api/views.js';
import type { Issue } from '../issue/issue.js';
import { type Address, sameAddress } from '../net/address.js';
import type { Loss, Outcome } from './allocation.js';
import { poolOfAll, retain } from './assign.js';
import { choose } from './choose.js';
import { agree, describeFamilies, type Families } from './families.js';
import { type LockEntry, sameAddresses } from './lock.js';
import { explain } from './refusal.js';
import { parsePlainRequest, type Request, readRequestedAddresses, readRequestedPool } from './request.js';
import { lockConflict, textOf } from './seek.js';
import { type AllocatorState, forget, reservedFor } from './state.js';

type KeptOutcome = Extract<Outcome, { readonly allocated: unknown }>;

/** The outcome of a Service that keeps `current`, at least one address; or why it cannot, and then it holds nothing. */
export function keep(
  state: AllocatorState,
  service: ServiceView,
  current: readonly Address[],
  entry: LockEntry | undefined,
): KeptOutcome | { readonly lost: Loss } {
  const kept = decide(state, service, current);
  if ('lost' in kept) {
    forget(state, kept.service);
    return { lost: { addresses: current, ...kept.lost } };
  }
  const { request, addresses, pool, warnings } = kept;
  return {
    allocated: { addresses, pool, reason: { code: 'KEPT', message: `it has ${textOf(addresses)} already` } },
    warnings: [...warnings, ...lockWarnings(state, request, addresses, entry)],
  };
}

type Decision =
  | {
      readonly request: Request;
      readonly addresses: readonly Address[];
      readonly pool: string;
      readonly warnings: readonly Issue[];
    }
  | { readonly service: string; readonly lost: Pick<Loss, 'code' | 'message'> };

function decide(state: AllocatorState, service: ServiceView, current: readonly Address[]): Decision {
  const plain = parsePlainRequest(service);
  const key = `${service.namespace}/${service.name}`;
  const lost = (code: Loss['code'], message: string): Decision => ({ service: key, lost: { code, message } });
  if (!plain.ok) return lost(plain.issues[0]?.code ?? 'SERVICE_INVALID', plain.issues[0]?.message ?? '');
  const { families } = plain.value;
  if (!fits(families, current)) {
    return lost('OTHER_FAMILY_NEEDED', `it has ${textOf(current)}, and needs ${describeFamilies(families)}`);
  }
  const retained = retain(state, plain.value, current);
  if ('refused' in retained) {
    const { code, message } = explain(retained, plain.value);
    return lost(code, message);
  }
  const { pool } = retained.assigned;
  const wanted = readRequestedPool(service);
  if (wanted !== undefined && wanted.name !== pool.name) {
    return lost('OTHER_POOL_REQUESTED', `${wanted.from.by} requests pool "${wanted.name}", and it is in pool "${pool.name}"`);
  }
  const requested = readRequestedAddresses(service);
  const keeping = { request: plain.value, addresses: current, pool: pool.name };
  if (!requested.ok) return { ...keeping, warnings: requested.issues };
  const { list, from } = requested.value;
  if (list.length > 0 && !sameAddresses(list, current)) {
    return lost('OTHER_ADDRESS_REQUESTED', `${from.by} requests ${textOf(list)}, and it has ${textOf(current)}`);
  }
  return { ...keeping, addresses: inOrder(state, plain.value, current, list), warnings: [] };
}

/** What a Service has may stay what it has: one address is enough for one that only prefers two. */
const fits = (families: Families, addresses: readonly Address[]): boolean =>
  agree(families, addresses) || (families.stack === 'dual' && families.policy === 'prefer' && addresses.length === 1);

/** Requested addresses are written in the order of the request, on whose first the election depends (quirk Q-13). */
function inOrder(
  state: AllocatorState,
  request: Request,
  current: readonly Address[],
  list: readonly Address[],
): readonly Address[] {
  if (list.length < 2 || list.every((one, i) => current[i] !== undefined && sameAddress(one, current[i]))) return current;
  retain(state, request, list);
  return list;
}

/** The lock and what is live contradict each other: the live address stays, and people are told. */
function lockWarnings(
  state: AllocatorState,
  request: Request,
  addresses: readonly Address[],
  entry: LockEntry | undefined,
): readonly Issue[] {
  const own =
    entry === undefined || sameAddresses(entry.addresses, addresses)
      ? []
      : [lockConflict(request, entry, `it has ${textOf(addresses)}, which it keeps`)];
  const others = addresses.flatMap((address) => {
    const other = reservedFor(state, address, request.service);
    const why = `${request.service} has ${textOf([address])} and keeps it`;
    return other === undefined ? [] : [lockConflict({ ...request, service: other }, { addresses: [address] }, why)];
  });
  return [...own, ...others];
}

/**
 * The other family's address for a Service that prefers both and has one: from the pool of the one it has, if that has any
 * (metallb-behaviour §3.3, step 10). A Service with one cluster IP needs no second (quirk Q-15), nor has one that requests
 * a single address use for another.
 */
export function addFamily(state: AllocatorState, service: ServiceView, outcome: KeptOutcome): KeptOutcome {
  const [only, second] = outcome.allocated.addresses;
  if (only === undefined || second !== undefined) return outcome;
  const plain = parsePlainRequest(service);
  if (!plain.ok || plain.value.families.stack !== 'dual') return outcome;
  const requested = readRequestedAddresses(service);
  const pool = poolOfAll(state, [only]);
  if (!requested.ok || requested.value.list.length > 0 || 'refused' in pool) return outcome;
  const family = only.family === 'IPv4' ? 'IPv6' : 'IPv4';
  const more = choose(state, [pool], { stack: 'single', family }, plain.value);
  if (more === undefined || 'refused' in retain(state, plain.value, [only, ...more])) return outcome;
  const reason = {
    code: 'KEPT',
    message: `${outcome.allocated.reason.message}; ${textOf(more)} of the same pool joins it`,
  } as const;
  return { ...outcome, allocated: { ...outcome.allocated, addresses: [only, ...more], reason } };
}
