/**
 * Who has which addresses after a change: everybody keeps what he has while that is allowed, and only then the others choose
 * (see seek.ts for their order). So no restart, reorder or reload renumbers anybody, and nobody who waits takes what a
 * Service had before (metallb-behaviour §3.3, §3.7 and §0.5).
 *
 * A pure function: the order of `services` doesn't matter.
 */
import { inOrder } from '../api/order.js';
import type { ServiceView } from '../api/views.js';
import type { Config } from '../config/config.js';
import type { Loss, Outcome } from './allocation.js';
import { addFamily, type KeptOutcome, keep, mayStay, type Stay, withLack, withLockWarnings } from './keep.js';
import { compareRights, knownOf, type Memory, type Right } from './known.js';
import { EMPTY_LOCK, type Lock } from './lock.js';
import { notLocked, type Seeker, seek, TURNS, turnOf } from './seek.js';
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
  /** Whether a Service is warned that has an address without a lock: in a folder nothing else keeps it. */
  readonly lockExpected?: boolean;
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

export function settle({ config, services, lock = EMPTY_LOCK, before, ...options }: Settling): Settled {
  const { statusCounts, lockExpected = false, loadBalancerClass } = options;
  const state = emptyState(config, lock);
  const sorted = inOrder(services, (service) => service);
  const outcomes = new Map(sorted.map((service) => [service.key, undecided(service)]));
  const ours = sorted.filter((service) => isOurs(service, loadBalancerClass));
  const { kept, lost } = keepWhatIsKnown(state, ours, { before, statusCounts, lock });
  const seekers = (kept.size === 0 ? ours : ours.filter((service) => !kept.has(service.key))).map((service) => {
    return { service, entry: lock.services.get(service.key), lost: lost.get(service.key) };
  });
  for (const seeker of inTurn(seekers, state)) {
    outcomes.set(seeker.service.key, complete(seeker, seek(state, seeker), lockExpected));
  }
  for (const service of ours) {
    const outcome = kept.get(service.key);
    if (outcome !== undefined) outcomes.set(service.key, addFamily(state, service, outcome, lock.services.get(service.key)));
  }
  for (const service of ours) {
    const outcome = service.ipFamilyPolicy === 'PreferDualStack' ? outcomes.get(service.key) : undefined;
    if (outcome === undefined || !('allocated' in outcome) || lock.services.has(service.key)) continue;
    outcomes.set(service.key, withLack(state, service, outcome));
  }
  if (lock.services.size > 0) {
    for (const service of ours) {
      const outcome = kept.has(service.key) ? outcomes.get(service.key) : undefined;
      if (outcome !== undefined) outcomes.set(service.key, withLockWarnings(state, service, outcome, lock));
    }
  }
  return { state, outcomes };
}

/** The type comes first: a Service that is no load balancer any more has lost its class too (quirk Q-02). */
const undecided = ({ type }: ServiceView): Outcome => (type === 'LoadBalancer' ? OTHER_CLASS : NO_LOAD_BALANCER);

const OTHER_CLASS: Outcome = { ignored: 'other-class' };
const NO_LOAD_BALANCER: Outcome = { ignored: 'not-a-load-balancer' };

/** What the Services of a cluster hold by their status, as far as `config` allows it, before anybody is given anything. */
export function holdersIn({
  config,
  services,
  loadBalancerClass,
}: Omit<Settling, 'lock' | 'before' | 'statusCounts'>): AllocatorState {
  const state = emptyState(config);
  const ours = services.filter((service) => isOurs(service, loadBalancerClass));
  keepWhatIsKnown(
    state,
    inOrder(ours, (service) => service),
    { before: undefined, statusCounts: true, lock: EMPTY_LOCK },
  );
  return state;
}

/** Whether a controller of this class gives `service` addresses. */
export const isOurs = (service: ServiceView, loadBalancerClass: string | undefined): boolean =>
  service.type === 'LoadBalancer' && service.loadBalancerClass === loadBalancerClass;

/**
 * Everybody keeps what he has, the strongest right first, as far as that can be; before anybody gets anything. Who leaves by
 * his own change is in nobody's way. `services` are sorted.
 */
function keepWhatIsKnown(
  state: AllocatorState,
  services: readonly ServiceView[],
  memory: Memory,
): { readonly kept: ReadonlyMap<string, KeptOutcome>; readonly lost: ReadonlyMap<string, Loss> } {
  const lost = new Map<string, Loss>();
  const staying: { readonly service: ServiceView; readonly right: Right; readonly stay: Stay }[] = [];
  for (const service of services) {
    const known = knownOf(service, memory);
    if (known === undefined) continue;
    if ('unreadable' in known) {
      lost.set(service.key, { addresses: [], code: 'STATUS_UNREADABLE', message: known.unreadable });
      continue;
    }
    const stay = mayStay(state, service, known.addresses);
    if ('lost' in stay) lost.set(service.key, stay.lost);
    else staying.push({ service, right: known.right, stay });
  }
  const kept = new Map<string, KeptOutcome>();
  for (const { service, stay } of staying.sort((a, b) => compareRights(a.right, b.right))) {
    const outcome = keep(state, stay);
    if ('allocated' in outcome) kept.set(service.key, outcome);
    else lost.set(service.key, outcome.lost);
  }
  return { kept, lost };
}

/** Sorted by turn, and within a turn as before. */
function inTurn(seekers: readonly Seeker[], { reserved }: AllocatorState): Seeker[] {
  const turns = seekers.map((seeker) => turnOf(seeker, reserved));
  return TURNS.flatMap((now) => seekers.filter((_, i) => turns[i] === now));
}

/** What `seeker` got, with what he lost and what he is warned of. */
function complete(seeker: Seeker, outcome: Outcome, lockExpected: boolean): Outcome {
  const { service, entry, lost } = seeker;
  const isUnlocked = lockExpected && entry === undefined && 'allocated' in outcome;
  const told = isUnlocked ? { ...outcome, warnings: [notLocked(service, outcome.allocated.addresses)] } : outcome;
  return lost === undefined ? told : { ...told, lost };
}
