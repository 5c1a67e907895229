/**
 * Leadership by a Lease, coordination.k8s.io/v1: of several controllers one writes (client-go's leader election, with its
 * times). Whoever holds the lease renews it; the others watch whether it changes, by their own clock alone, since clocks of
 * different hosts differ.
 *
 * A machine that somebody else drives. Times are of a monotonic clock, but for what is written into the lease.
 */
import { isRecord } from '../api/value.js';

/** How long the others wait for a holder that says nothing any more. */
const LEASE_SECONDS = 15;
/** A holder that could not renew for so long writes nothing more: before the others may begin. */
const RENEW_WITHIN_MS = 10_000;
/** One renewal may hang until it is given up, and the next still comes in time. */
const RENEW_MS = 3000;
/** Between two looks of those who wait. */
const LOOK_MS = 2000;
/** After a failure. The lease has to be won again before anything is read or written: that is part of how fast an outage is over. */
const RETRY_MS = 1000;
/** Until it is looked again whether another install is gone: that takes a person. */
const RIVAL_MS = 5000;
/** The others try at different times. */
const JITTER = 1.2;

export interface LeaseSpec {
  readonly holderIdentity: string;
  readonly leaseDurationSeconds: number;
  readonly acquireTime: string;
  readonly renewTime: string;
  readonly leaseTransitions: number;
}

export interface StoredLease {
  readonly spec: LeaseSpec;
  readonly resourceVersion: string;
}

export interface Election {
  /** The name of the pod: one that is started again takes its own lease back at once. */
  readonly identity: string;
  readonly stored?: StoredLease;
  /** When the lease was last seen to change. */
  readonly changedAtMs: number;
  /** When this one last renewed it, or asked to: undefined while somebody else leads. */
  readonly renewedAtMs?: number;
}

export type ElectionInput =
  | { readonly input: 'due' }
  /** What the API server has; undefined: there is no such lease. */
  | { readonly input: 'read'; readonly lease: StoredLease | undefined }
  /** The server took what was asked to be written at `askedAtMs`. */
  | { readonly input: 'written'; readonly lease: StoredLease; readonly askedAtMs: number }
  /** Nothing could be read or written. `conflict`: somebody else wrote in between. */
  | { readonly input: 'failed'; readonly conflict?: boolean }
  /** Another install has the right to lead, and this one has not. */
  | { readonly input: 'rival' };

export type ElectionEffect =
  | { readonly effect: 'read' }
  /** Without a version: create it. */
  | { readonly effect: 'write'; readonly spec: LeaseSpec; readonly resourceVersion?: string }
  | { readonly effect: 'wait'; readonly ms: number }
  | { readonly effect: 'won' }
  | { readonly effect: 'lost' };

export interface ElectionStep {
  readonly state: Election;
  readonly effects: readonly ElectionEffect[];
}

export interface Now {
  readonly nowMs: number;
  /** For people, and what is written: RFC 3339 with microseconds. */
  readonly wallTime: string;
  /** From 0 to 1, 1 excluded. */
  readonly chance: number;
}

export const newElection = (identity: string): Election => ({ identity, changedAtMs: Number.NEGATIVE_INFINITY });

/** Whether its holder may write: nobody else can lead yet. */
export const leads = ({ renewedAtMs }: Election, nowMs: number): boolean =>
  renewedAtMs !== undefined && nowMs - renewedAtMs < RENEW_WITHIN_MS;

export function stepElection(state: Election, input: ElectionInput, now: Now): ElectionStep {
  switch (input.input) {
    case 'due':
      return isLeading(state) ? renew(state, now) : { state, effects: [{ effect: 'read' }] };
    case 'read':
      return onRead(state, input.lease, now);
    case 'written': {
      const { stored: _, ...rest } = state;
      const won = isLeading(state) ? [] : [{ effect: 'won' } as const];
      const written = { ...rest, stored: input.lease, changedAtMs: now.nowMs, renewedAtMs: input.askedAtMs };
      return { state: written, effects: [...won, { effect: 'wait', ms: RENEW_MS }] };
    }
    case 'failed':
      return onFailure(state, input.conflict === true, now);
    case 'rival':
      return isLeading(state) ? lose(state, now) : { state, effects: [{ effect: 'wait', ms: pause(RIVAL_MS, now) }] };
  }
}

/** What to write at the end, so that nobody has to wait; undefined when somebody else leads. */
export function released(state: Election, { wallTime }: Pick<Now, 'wallTime'>): ElectionEffect | undefined {
  const { stored, identity } = state;
  if (!isLeading(state) || stored?.spec.holderIdentity !== identity) return undefined;
  const spec = { ...stored.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: wallTime };
  return { effect: 'write', spec, resourceVersion: stored.resourceVersion };
}

const isLeading = ({ renewedAtMs }: Election): boolean => renewedAtMs !== undefined;

function onRead(state: Election, lease: StoredLease | undefined, now: Now): ElectionStep {
  const { stored: before, ...rest } = state;
  const changed = lease?.resourceVersion !== before?.resourceVersion;
  const seen: Election = {
    ...rest,
    ...(lease === undefined ? {} : { stored: lease }),
    changedAtMs: changed ? now.nowMs : state.changedAtMs,
  };
  const holder = lease?.spec.holderIdentity ?? '';
  const heldUntilMs = seen.changedAtMs + (lease?.spec.leaseDurationSeconds ?? 0) * 1000;
  if (holder === '' || holder === state.identity || heldUntilMs <= now.nowMs) return renew(seen, now);
  if (isLeading(state)) return lose(seen, now);
  return { state: seen, effects: [{ effect: 'wait', ms: pause(LOOK_MS, now) }] };
}

function renew(state: Election, { wallTime }: Now): ElectionStep {
  const { identity, stored } = state;
  const isOurs = stored?.spec.holderIdentity === identity;
  const spec: LeaseSpec = {
    holderIdentity: identity,
    leaseDurationSeconds: LEASE_SECONDS,
    acquireTime: isOurs ? stored.spec.acquireTime : wallTime,
    renewTime: wallTime,
    leaseTransitions: stored === undefined ? 0 : stored.spec.leaseTransitions + (isOurs ? 0 : 1),
  };
  const version = stored === undefined ? {} : { resourceVersion: stored.resourceVersion };
  return { state, effects: [{ effect: 'write', spec, ...version }] };
}

/** Who could not write looks again what there is: at once, if somebody else wrote. */
function onFailure(state: Election, conflict: boolean, now: Now): ElectionStep {
  if (isLeading(state) && !leads(state, now.nowMs)) return lose(state, now);
  return { state, effects: [conflict ? { effect: 'read' } : { effect: 'wait', ms: pause(RETRY_MS, now) }] };
}

function lose(state: Election, now: Now): ElectionStep {
  const { renewedAtMs: _, ...rest } = state;
  return { state: rest, effects: [{ effect: 'lost' }, { effect: 'wait', ms: pause(RETRY_MS, now) }] };
}

const pause = (ms: number, { chance }: Now): number => Math.round(ms * (1 + (JITTER - 1) * chance));

/** Undefined when the object is no Lease. */
export function readLease(object: unknown): StoredLease | undefined {
  if (!isRecord(object) || !isRecord(object['metadata'])) return undefined;
  const { resourceVersion } = object['metadata'];
  if (typeof resourceVersion !== 'string') return undefined;
  const spec = isRecord(object['spec']) ? object['spec'] : {};
  return {
    resourceVersion,
    spec: {
      holderIdentity: text(spec['holderIdentity']),
      leaseDurationSeconds: number(spec['leaseDurationSeconds']),
      acquireTime: text(spec['acquireTime']),
      renewTime: text(spec['renewTime']),
      leaseTransitions: number(spec['leaseTransitions']),
    },
  };
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
