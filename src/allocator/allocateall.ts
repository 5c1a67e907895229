/**
 * Every Service's addresses from nothing: locked Services first, then those that request addresses, then the rest, each by
 * namespace and name. A pure function: the order of `services`, their status and what was allocated before don't matter, so
 * every host computes the same.
 */
import { type ServiceView, serviceKey } from '../api/views.js';
import type { Config } from '../config/config.js';
import { formatPlace } from '../config/place.js';
import { type Issue, issue } from '../issue/issue.js';
import { type Address, formatAddress } from '../net/address.js';
import { allocate, inOtherPool } from './allocate.js';
import type { Outcome } from './allocation.js';
import { assign } from './assign.js';
import { agree, describeFamilies } from './families.js';
import { EMPTY_LOCK, type Lock, type LockEntry, sameAddresses } from './lock.js';
import { explain } from './refusal.js';
import { parseRequest, type Request } from './request.js';
import { type AddressKey, type AllocatorState, addressKey, emptyState, type Reservations } from './state.js';
import { tenancyOf } from './tenancy.js';

export interface AllocateOptions {
  /**
   * The `spec.loadBalancerClass` to serve.
   * @default the Services that have none
   */
  readonly loadBalancerClass?: string;
}

/** By `namespace/name`, sorted. Addresses locked for Services that are not there are given to nobody. */
export function allocateAll(
  config: Config,
  services: readonly ServiceView[],
  lock: Lock = EMPTY_LOCK,
  options: AllocateOptions = {},
): ReadonlyMap<string, Outcome> {
  const reserved = reservationsOf(lock);
  const state = emptyState(config, reserved);
  const sorted = [...services].sort(byNamespaceThenName).map((service) => {
    const key = serviceKey(service);
    const entry = lock.services.get(key);
    return { key, service, entry, turn: turnOf(service, entry, reserved) };
  });
  const outcomes = new Map<string, Outcome>();
  // A Map keeps the order in which keys first came: sorted, whichever are locked.
  for (const { key } of sorted) outcomes.set(key, { ignored: 'not-a-load-balancer' });
  for (const now of TURNS) {
    for (const { key, service, entry, turn } of sorted) {
      if (turn === now) outcomes.set(key, outcomeOf(state, service, entry, options));
    }
  }
  return outcomes;
}

/** Whoever may only have one address chooses before those who take any: a lock, then a request, then the rest. */
const TURNS = ['locked', 'locked-but-shares-no-more', 'requests-addresses', 'takes-any'] as const;
type Turn = (typeof TURNS)[number];

/**
 * Two Services that are locked to one address shared it when the lock was written. The one without a sharing key is the one
 * that changed since, and it must not drive out the other.
 */
function turnOf(service: ServiceView, entry: LockEntry | undefined, reserved: Reservations): Turn {
  if (entry !== undefined) {
    const isShared = entry.addresses.some((address) => (reserved.get(addressKey(address))?.size ?? 0) > 1);
    return isShared && tenancyOf(service).sharingKey === '' ? 'locked-but-shares-no-more' : 'locked';
  }
  const request = parseRequest(service);
  return request.ok && request.value.addresses.length > 0 ? 'requests-addresses' : 'takes-any';
}

function reservationsOf({ services }: Lock): Reservations {
  const reserved = new Map<AddressKey, Set<string>>();
  for (const [service, { addresses }] of services) {
    for (const address of addresses) {
      const key = addressKey(address);
      reserved.set(key, (reserved.get(key) ?? new Set()).add(service));
    }
  }
  return reserved;
}

function byNamespaceThenName(a: ServiceView, b: ServiceView): number {
  if (a.namespace !== b.namespace) return a.namespace < b.namespace ? -1 : 1;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function outcomeOf(
  state: AllocatorState,
  service: ServiceView,
  entry: LockEntry | undefined,
  { loadBalancerClass }: AllocateOptions,
): Outcome {
  if (service.type !== 'LoadBalancer') return { ignored: 'not-a-load-balancer' };
  if (service.loadBalancerClass !== loadBalancerClass) return { ignored: 'other-class' };
  const request = parseRequest(service);
  if (!request.ok)
    return entry === undefined ? { pending: atLeastOne(request.issues) } : keptByLock(state, service, entry, request.issues);
  if (entry !== undefined) return locked(state, request.value, entry);

  const result = allocate(state, request.value);
  if ('refused' in result) return { pending: [explain(result, request.value)] };
  return { allocated: result.allocated, warnings: [notLocked(request.value, result.allocated.addresses)] };
}

/** A request that cannot be read takes nothing from a Service whose address is locked; it is told beside it. */
function keptByLock(state: AllocatorState, service: ServiceView, entry: LockEntry, issues: readonly Issue[]): Outcome {
  const { loadBalancerIP: _, ...rest } = service;
  const plain = parseRequest({ ...rest, annotations: withoutRequests(service.annotations) });
  const outcome = plain.ok ? locked(state, plain.value, entry) : undefined;
  if (outcome === undefined || !('allocated' in outcome)) return { pending: atLeastOne(issues) };
  return { ...outcome, warnings: [...outcome.warnings, ...issues] };
}

const withoutRequests = (annotations: ServiceView['annotations']): ServiceView['annotations'] =>
  Object.fromEntries(Object.entries(annotations).filter(([key]) => !/\/(loadBalancerIPs|address-pool)$/.test(key)));

function notLocked({ service, source }: Request, addresses: readonly Address[]): Issue {
  const held = addresses.map(formatAddress).join(' and ');
  const message = `${service} has ${held} without a lock: a later change may renumber it; an entry in addresses.lock.yaml keeps it`;
  return issue('NOT_LOCKED', '', message, source);
}

/** Exactly the locked addresses, or nothing: a lock that cannot be kept is somebody's mistake, and choosing would hide it. */
function locked(state: AllocatorState, request: Request, entry: LockEntry): Outcome {
  const { addresses: asked, families, service } = request;
  const conflict = (why: string): Outcome => {
    const place = formatPlace(entry.source);
    const held = entry.addresses.map(formatAddress).join(' and ');
    const message = `${service} is locked to ${held}${place === undefined ? '' : ` (${place})`}, but ${why}`;
    return { pending: [issue('LOCK_CONFLICT', '', message, request.source)] };
  };
  if (asked.length > 0 && !sameAddresses(asked, entry.addresses)) {
    return conflict(`${request.addressesFrom.by} requests ${asked.map(formatAddress).join(' and ')}`);
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

function atLeastOne(issues: readonly Issue[]): readonly [Issue, ...Issue[]] {
  const [first, ...rest] = issues;
  if (first === undefined) throw new Error('a malformed request has an issue');
  return [first, ...rest];
}
