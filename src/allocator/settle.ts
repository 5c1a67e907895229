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
import { compareParties, type Party, partyOf } from './party.js';
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
  const rows = services.map(rowOf).sort(compareParties);
  const ours = rows.filter(({ service }) => isOurs(service, loadBalancerClass));
  const { holders, lost } = keepWhatIsKnown(state, ours, { before, statusCounts, lock });
  const held = new Set(holders.map(({ party }) => party));
  const seeking = held.size === 0 ? ours : ours.filter((row) => !held.has(row));
  chooseInTurn(state, seeking, { lost, lock, lockExpected });
  for (const { party, outcome } of holders) party.outcome = addFamily(state, party, outcome, lock.services.get(party.key));
  if (lock.services.size > 0)
    for (const { party } of holders) party.outcome = withLockWarnings(state, party, party.outcome, lock);
  return { state, outcomes: new Map(rows.map(({ key, outcome }) => [key, outcome])) };
}

/** A Service and its outcome, as far as that is decided. */
interface Row extends Party {
  outcome: Outcome;
}

/** The type comes first: a Service that is no load balancer any more has lost its class too (quirk Q-02). */
const rowOf = (service: ServiceView): Row => ({
  key: serviceKey(service),
  service,
  outcome: service.type === 'LoadBalancer' ? OTHER_CLASS : NO_LOAD_BALANCER,
});

const OTHER_CLASS: Outcome = { ignored: 'other-class' };
const NO_LOAD_BALANCER: Outcome = { ignored: 'not-a-load-balancer' };

/** What the Services of a cluster hold by their status, as far as `config` allows it, before anybody is given anything. */
export function holdersIn({
  config,
  services,
  loadBalancerClass,
}: Omit<Settling, 'lock' | 'before' | 'statusCounts'>): AllocatorState {
  const state = emptyState(config);
  const ours = services.filter((service) => isOurs(service, loadBalancerClass)).map(partyOf);
  keepWhatIsKnown(state, ours.sort(compareParties), { before: undefined, statusCounts: true, lock: EMPTY_LOCK });
  return state;
}

/** Whether a controller of this class gives `service` addresses. */
export const isOurs = (service: ServiceView, loadBalancerClass: string | undefined): boolean =>
  service.type === 'LoadBalancer' && service.loadBalancerClass === loadBalancerClass;

interface Holder<P extends Party> {
  readonly party: P;
  readonly outcome: KeptOutcome;
}

/**
 * Everybody keeps what he has, the strongest right first, as far as that can be; before anybody gets anything. Who leaves by
 * his own change is in nobody's way. `parties` are sorted, and so are the holders.
 */
function keepWhatIsKnown<P extends Party>(
  state: AllocatorState,
  parties: readonly P[],
  memory: Memory,
): { readonly holders: readonly Holder<P>[]; readonly lost: ReadonlyMap<string, Loss> } {
  const lost = new Map<string, Loss>();
  const staying: { readonly party: P; readonly right: Right; readonly stay: Stay }[] = [];
  for (const party of parties) {
    const known = knownOf(party, memory);
    if (known === undefined) continue;
    if ('unreadable' in known) {
      lost.set(party.key, { addresses: [], code: 'STATUS_UNREADABLE', message: known.unreadable });
      continue;
    }
    const stay = mayStay(state, party, known.addresses);
    if ('lost' in stay) lost.set(party.key, stay.lost);
    else staying.push({ party, right: known.right, stay });
  }
  const holders: Holder<P>[] = [];
  for (const { party, stay } of staying.sort((a, b) => compareRights(a.right, b.right))) {
    const kept = keep(state, stay);
    if ('lost' in kept) lost.set(party.key, kept.lost);
    else holders.push({ party, outcome: kept });
  }
  return { holders: holders.sort((a, b) => compareParties(a.party, b.party)), lost };
}

function chooseInTurn(
  state: AllocatorState,
  rows: readonly Row[],
  { lost, lock, lockExpected }: { lost: ReadonlyMap<string, Loss>; lock: Lock; lockExpected: boolean },
): void {
  const seekerOf = ({ key, service }: Row): Seeker => ({ key, service, entry: lock.services.get(key), lost: lost.get(key) });
  const turns = rows.map((row) => turnOf(seekerOf(row), state.reserved));
  for (const now of TURNS) {
    for (const [i, row] of rows.entries()) {
      if (turns[i] !== now) continue;
      const seeker = seekerOf(row);
      row.outcome = complete(seeker, seek(state, seeker), lockExpected);
    }
  }
}

/** What `seeker` got, with what he lost and what he is warned of. */
function complete(seeker: Seeker, outcome: Outcome, lockExpected: boolean): Outcome {
  const { entry, lost } = seeker;
  const isUnlocked = lockExpected && entry === undefined && 'allocated' in outcome;
  const told = isUnlocked ? { ...outcome, warnings: [notLocked(seeker, outcome.allocated.addresses)] } : outcome;
  return lost === undefined ? told : { ...told, lost };
}
