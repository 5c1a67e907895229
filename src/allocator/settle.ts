/**
 * Who has which addresses after a change: everybody keeps what he has while that is allowed, and only then the others choose
 * (see seek.ts for their order). So no restart, reorder or reload renumbers anybody, and nobody who waits takes what a
 * Service had before (metallb-behaviour §3.3, §3.7 and §0.5).
 *
 * A pure function: the order of `services` doesn't matter.
 */
import { type ServiceView, serviceKey } from '../api/views.js';
import type { Config } from '../config/config.js';
import type { Loss, Outcome } from './allocation.js';
import { addFamily, type KeptOutcome, keep, mayStay, type Stay, withLockWarnings } from './keep.js';
import { compareRights, knownOf, type Memory, type Right } from './known.js';
import { EMPTY_LOCK, type Lock } from './lock.js';
import { type Seeker, seek, TURNS, turnOf } from './seek.js';
import { type AllocatorState, emptyState } from './state.js';

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
  const state = emptyState(config, lock);
  const sorted = [...services].sort(byNamespaceThenName);
  const outcomes = new Map<string, Outcome>();
  // A Map keeps the order in which keys first came: sorted, whoever chooses when.
  for (const service of sorted) outcomes.set(serviceKey(service), ignored(service));

  const ours = sorted.filter((service) => isOurs(service, loadBalancerClass));
  const { holders, lost } = keepWhatIsKnown(state, ours, { before, statusCounts, lock });
  const held = new Set(holders.map(({ service }) => service));
  const seekers = ours
    .filter((service) => !held.has(service))
    .map((service) => ({ service, entry: lock.services.get(serviceKey(service)), lost: lost.get(serviceKey(service)) }));
  chooseInTurn(state, seekers, outcomes);
  const complete = holders.map(({ service, outcome }) => ({
    service,
    outcome: addFamily(state, service, outcome, lock.services.get(serviceKey(service))),
  }));
  for (const { service, outcome } of complete) {
    outcomes.set(serviceKey(service), withLockWarnings(state, service, outcome, lock));
  }
  return { state, outcomes };
}

/** What the Services of a cluster hold by their status, as far as `config` allows it, before anybody is given anything. */
export function holdersIn({
  config,
  services,
  loadBalancerClass,
}: Omit<Settling, 'lock' | 'before' | 'statusCounts'>): AllocatorState {
  const state = emptyState(config);
  const ours = services.filter((service) => isOurs(service, loadBalancerClass)).sort(byNamespaceThenName);
  keepWhatIsKnown(state, ours, { before: undefined, statusCounts: true, lock: EMPTY_LOCK });
  return state;
}

/** Whether a controller of this class gives `service` addresses. */
export const isOurs = (service: ServiceView, loadBalancerClass: string | undefined): boolean =>
  service.type === 'LoadBalancer' && service.loadBalancerClass === loadBalancerClass;

/** The type comes first: a Service that is no load balancer any more has lost its class too (quirk Q-02). */
const ignored = ({ type }: ServiceView): Outcome => ({
  ignored: type === 'LoadBalancer' ? 'other-class' : 'not-a-load-balancer',
});

interface Holder {
  readonly service: ServiceView;
  readonly outcome: KeptOutcome;
}

/**
 * Everybody keeps what he has, the strongest right first, as far as that can be; before anybody gets anything. Who leaves by
 * his own change is in nobody's way. `services` are sorted, and so are the holders.
 */
function keepWhatIsKnown(
  state: AllocatorState,
  services: readonly ServiceView[],
  memory: Memory,
): { readonly holders: readonly Holder[]; readonly lost: ReadonlyMap<string, Loss> } {
  const lost = new Map<string, Loss>();
  const staying: { readonly service: ServiceView; readonly right: Right; readonly stay: Stay }[] = [];
  for (const service of services) {
    const known = knownOf(service, memory);
    if (known === undefined) continue;
    if ('unreadable' in known) {
      lost.set(serviceKey(service), { addresses: [], code: 'STATUS_UNREADABLE', message: known.unreadable });
      continue;
    }
    const stay = mayStay(state, service, known.addresses);
    if ('lost' in stay) lost.set(serviceKey(service), stay.lost);
    else staying.push({ service, right: known.right, stay });
  }
  const holders: Holder[] = [];
  for (const { service, stay } of staying.sort((a, b) => compareRights(a.right, b.right))) {
    const kept = keep(state, stay);
    if ('lost' in kept) lost.set(serviceKey(service), kept.lost);
    else holders.push({ service, outcome: kept });
  }
  return { holders: holders.sort((a, b) => byNamespaceThenName(a.service, b.service)), lost };
}

function chooseInTurn(state: AllocatorState, seekers: readonly Seeker[], outcomes: Map<string, Outcome>): void {
  const turns = seekers.map((seeker) => ({ seeker, turn: turnOf(seeker, state.reserved) }));
  for (const now of TURNS) {
    for (const { seeker, turn } of turns) {
      if (turn !== now) continue;
      const outcome = seek(state, seeker);
      outcomes.set(serviceKey(seeker.service), seeker.lost === undefined ? outcome : { ...outcome, lost: seeker.lost });
    }
  }
}

const byNamespaceThenName = (a: ServiceView, b: ServiceView): number =>
  compareTexts(a.namespace, b.namespace) || compareTexts(a.name, b.name);

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
