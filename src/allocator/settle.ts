/**
 * Who has which addresses after a change: everybody keeps what he has while that is allowed, and only then the others choose
 * (see seek.ts for their order). So no restart, reorder or reload renumbers anybody, and nobody who waits takes what a
 * Service had before (metallb-behaviour §3.3, §3.7 and §0.5).
 *
 * A pure function: the order of `services` doesn't matter.
 */
import { type ServiceView, serviceKey } from '../api/views.js';
import type { Config } from '../config/config.js';
import { type Address, parseAddress } from '../net/address.js';
import type { Outcome } from './allocation.js';
import { poolOfAll, retain } from './assign.js';
import { addFamily, keep } from './keep.js';
import { EMPTY_LOCK, type Lock } from './lock.js';
import { parsePlainRequest } from './request.js';
import { type Seeker, seek, TURNS, turnOf } from './seek.js';
import { type AddressKey, type AllocatorState, addressKey, emptyState, type Reservations, record } from './state.js';
import { tenancyOf } from './tenancy.js';

export interface Settling {
  readonly config: Config;
  readonly services: readonly ServiceView[];
  /** Addresses locked for Services that are not there are given to nobody. */
  readonly lock?: Lock;
  /** What was in force before. It is not changed. */
  readonly before?: AllocatorState;
  /** Whether a Service that held nothing before has what its status says; else status is output, as in a folder. */
  readonly statusCounts: boolean;
  /**
   * The `spec.loadBalancerClass` to serve.
   * @default the Services that have none
   */
  readonly loadBalancerClass?: string;
}

export interface Settled {
  readonly state: AllocatorState;
  /** By `namespace/name`, sorted. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
}

export function settle({ config, services, lock = EMPTY_LOCK, before, statusCounts, loadBalancerClass }: Settling): Settled {
  const reserved = reservationsOf(lock);
  const state = emptyState(config, reserved);
  const sorted = [...services].sort(byNamespaceThenName);
  const outcomes = new Map<string, Outcome>();
  // A Map keeps the order in which keys first came: sorted, whoever chooses when.
  for (const service of sorted) outcomes.set(serviceKey(service), ignored(service));

  const ours = sorted.filter((service) => service.type === 'LoadBalancer' && service.loadBalancerClass === loadBalancerClass);
  const current = claim(state, ours, before, statusCounts);
  const seekers: Seeker[] = [];
  const holders: ServiceView[] = [];
  for (const service of ours) {
    const key = serviceKey(service);
    const entry = lock.services.get(key);
    const result = keepCurrent(state, service, current.get(key), entry);
    if ('allocated' in result) {
      outcomes.set(key, result);
      holders.push(service);
    } else seekers.push({ service, entry, ...result });
  }
  chooseInTurn(state, seekers, reserved, outcomes);
  for (const service of holders) {
    const outcome = outcomes.get(serviceKey(service));
    if (outcome !== undefined && 'allocated' in outcome) outcomes.set(serviceKey(service), addFamily(state, service, outcome));
  }
  return { state, outcomes };
}

/** The type comes first: a Service that is no load balancer any more has lost its class too (quirk Q-02). */
const ignored = ({ type }: ServiceView): Outcome => ({
  ignored: type === 'LoadBalancer' ? 'other-class' : 'not-a-load-balancer',
});

/** What a Service has, as it is known: from before, or from its status. */
type Current = { readonly addresses: readonly Address[] } | { readonly unreadable: string };

function keepCurrent(
  state: AllocatorState,
  service: ServiceView,
  current: Current | undefined,
  entry: Seeker['entry'],
): ReturnType<typeof keep> | { readonly lost: undefined } {
  if (current === undefined) return { lost: undefined };
  if ('addresses' in current) return keep(state, service, current.addresses, entry);
  return { lost: { addresses: [], code: 'STATUS_UNREADABLE', message: current.unreadable } };
}

/** Everybody who has something holds it from now on, as far as it can be held; before anybody gets anything. */
function claim(
  state: AllocatorState,
  services: readonly ServiceView[],
  before: AllocatorState | undefined,
  statusCounts: boolean,
): ReadonlyMap<string, Current> {
  const current = new Map<string, Current>();
  const imported: { readonly service: ServiceView; readonly addresses: readonly Address[] }[] = [];
  for (const service of services) {
    const key = serviceKey(service);
    const holding = before?.holdings.get(key);
    if (holding !== undefined) {
      current.set(key, { addresses: holding.addresses });
      // Under the keys it was held with: who changes them now must not drive out those who don't.
      const pool = poolOfAll(state, holding.addresses);
      if (!('refused' in pool)) record(state, key, { ...holding, pool });
    } else if (statusCounts && service.ingress.length > 0) {
      const read = readIngress(service.ingress);
      current.set(key, read);
      if ('addresses' in read) imported.push({ service, addresses: read.addresses });
    }
  }
  for (const { service, addresses } of imported.sort(inOrderOfRight)) {
    const plain = parsePlainRequest(service);
    if (plain.ok) retain(state, plain.value, addresses);
  }
  return current;
}

/**
 * Of two that cannot both keep an address, the one that shares does: they shared it once, and the other has changed. Else the
 * older one does.
 */
function inOrderOfRight(a: { readonly service: ServiceView }, b: { readonly service: ServiceView }): number {
  const shares = ({ service }: { readonly service: ServiceView }): number => (tenancyOf(service).sharingKey === '' ? 1 : 0);
  const age = compareTexts(a.service.createdAt ?? '', b.service.createdAt ?? '');
  return shares(a) - shares(b) || age || byNamespaceThenName(a.service, b.service);
}

function readIngress(texts: readonly string[]): Current {
  const addresses: Address[] = [];
  for (const text of texts) {
    const read = parseAddress(text);
    if (!read.ok) return { unreadable: `its status has "${text}", which is no address` };
    addresses.push(read.value);
  }
  const [first, second] = addresses;
  if (addresses.length > 2 || first?.family === second?.family) {
    return { unreadable: `its status has ${texts.join(', ')}, which are not one address or one of each family` };
  }
  return { addresses };
}

function chooseInTurn(
  state: AllocatorState,
  seekers: readonly Seeker[],
  reserved: Reservations,
  outcomes: Map<string, Outcome>,
): void {
  const turns = seekers.map((seeker) => ({ seeker, turn: turnOf(seeker, reserved) }));
  for (const now of TURNS) {
    for (const { seeker, turn } of turns) {
      if (turn !== now) continue;
      const outcome = seek(state, seeker);
      outcomes.set(serviceKey(seeker.service), seeker.lost === undefined ? outcome : { ...outcome, lost: seeker.lost });
    }
  }
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

const byNamespaceThenName = (a: ServiceView, b: ServiceView): number =>
  compareTexts(a.namespace, b.namespace) || compareTexts(a.name, b.name);

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
