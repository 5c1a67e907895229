/**
 * A Service that holds nothing gets what it may have: what it is locked to, or what it requests, or any. Whoever may only
 * have one address chooses before those who take any.
 */
import type { ServiceView } from '../api/views.js';
import { formatPlace } from '../config/place.js';
import { type Issue, issue } from '../issue/issue.js';
import { type Address, addressKey, formatAddress } from '../net/address.js';
import { allocate, inOtherPool } from './allocate.js';
import type { Loss, Outcome } from './allocation.js';
import { assign } from './assign.js';
import { agree, describeFamilies } from './families.js';
import { type LockEntry, sameAddresses } from './lock.js';
import { explain } from './refusal.js';
import { parsePlainRequest, parseRequest, type Request, requestsAddresses } from './request.js';
import type { AllocatorState, Reservations } from './state.js';
import { tenancyOf } from './tenancy.js';

/** In which order Services choose; within a turn by namespace and name. */
export const TURNS = ['locked', 'locked-but-shares-no-more', 'requests-addresses', 'lost-its-own', 'takes-any'] as const;
type Turn = (typeof TURNS)[number];

export interface Seeker {
  readonly service: ServiceView;
  readonly entry: LockEntry | undefined;
  readonly lost: Loss | undefined;
}

/**
 * Two Services that are locked to one address shared it when the lock was written. The one without a sharing key is the one
 * that changed since, and it must not drive out the other.
 */
export function turnOf({ service, entry, lost }: Seeker, reserved: Reservations): Turn {
  if (entry !== undefined) {
    const isShared = entry.addresses.some((address) => (reserved.get(addressKey(address))?.size ?? 0) > 1);
    return isShared && tenancyOf(service).sharingKey === '' ? 'locked-but-shares-no-more' : 'locked';
  }
  if (requestsAddresses(service)) return 'requests-addresses';
  return lost === undefined ? 'takes-any' : 'lost-its-own';
}

export function seek(state: AllocatorState, { service, entry }: Seeker): Outcome {
  const request = parseRequest(service);
  if (!request.ok) {
    return entry === undefined ? { pending: atLeastOne(request.issues) } : keptByLock(state, service, entry, request.issues);
  }
  if (entry !== undefined) return locked(state, request.value, entry);
  const result = allocate(state, request.value);
  return 'refused' in result ? { pending: [explain(result, request.value)] } : { allocated: result.allocated, warnings: [] };
}

type Decided = Exclude<Outcome, { readonly ignored: unknown }>;

/** A request that cannot be read takes nothing from a Service whose address is locked; it is told beside it. */
function keptByLock(state: AllocatorState, service: ServiceView, entry: LockEntry, issues: readonly Issue[]): Outcome {
  const plain = parsePlainRequest(service);
  const outcome = plain.ok ? locked(state, plain.value, entry) : undefined;
  if (outcome === undefined || 'pending' in outcome) return { pending: atLeastOne([...issues, ...(outcome?.pending ?? [])]) };
  return { ...outcome, warnings: [...outcome.warnings, ...issues] };
}

/** Exactly the locked addresses, or nothing: a lock that cannot be kept is somebody's mistake, and choosing would hide it. */
function locked(state: AllocatorState, request: Request, entry: LockEntry): Decided {
  const { addresses: asked, families } = request;
  const conflict = (why: string): Decided => ({
    pending: [lockConflict(request, entry, why)],
  });
  if (asked.length > 0 && !sameAddresses(asked, entry.addresses)) {
    return conflict(`${request.addressesFrom.by} requests ${textOf(asked)}`);
  }
  const fits = agree(families, entry.addresses) || (families.stack === 'dual' && families.policy === 'prefer');
  if (!fits || (families.stack === 'either' && entry.addresses.length > 1)) {
    return conflict(`the Service needs ${describeFamilies(families)}`);
  }
  const addresses = asked.length > 0 ? asked : entry.addresses;
  const pool = request.pool === undefined ? undefined : state.pools.byName.get(request.pool.name);
  if (request.pool !== undefined && pool === undefined)
    return conflict(`the requested pool "${request.pool.name}" does not exist`);
  const elsewhere = inOtherPool(state, { ...request, addresses }, pool);
  const result = elsewhere ?? assign(state, request, addresses);
  if ('refused' in result) return conflict(explain(result, request).message);
  const place = formatPlace(entry.source);
  const reason = { code: 'LOCKED', message: `locked${place === undefined ? '' : ` by ${place}`}` } as const;
  return { allocated: { addresses, pool: result.assigned.pool.name, reason }, warnings: [] };
}

/** LOCK_CONFLICT at the Service: what it is locked to, and what stands against it. */
export function lockConflict({ service, source }: Pick<Request, 'service' | 'source'>, entry: LockEntry, why: string): Issue {
  const place = formatPlace(entry.source);
  const message = `${service} is locked to ${textOf(entry.addresses)}${place === undefined ? '' : ` (${place})`}, but ${why}`;
  return issue('LOCK_CONFLICT', '', message, source);
}

/** NOT_LOCKED, for whoever allocates from a folder. */
export function notLocked({ key, source }: ServiceView, addresses: readonly Address[]): Issue {
  const kept = 'a later change may renumber it; an entry in addresses.lock.yaml keeps it';
  return issue('NOT_LOCKED', '', `${key} has ${textOf(addresses)} without a lock: ${kept}`, source);
}

export const textOf = (addresses: readonly Address[]): string => addresses.map(formatAddress).join(' and ');

function atLeastOne(issues: readonly Issue[]): readonly [Issue, ...Issue[]] {
  const [first, ...rest] = issues;
  if (first === undefined) throw new Error('a malformed request has an issue');
  return [first, ...rest];
}
