/**
 * How long a suspected member may stay silent before it is declared dead (memberlist's Lifeguard extension; Dadgar, Phillips,
 * Currey 2018, §IV-B). Each independent confirmation shortens the wait, from `max` down to `min`:
 *
 *   wait = max − (max − min) · log(confirmations + 1) / log(expected + 1)
 *
 * Pure: it holds when the suspicion began, and is told what time it is.
 */
import type { Tuning } from './settings.js';

export interface Suspicion extends Patience {
  /** When the suspicion began, moved forward by the time in which we could not have heard a refutation. */
  readonly since: number;
  /** The member that raised it: its own repetition is no new evidence. */
  readonly accuser: string;
  readonly confirmedBy: ReadonlySet<string>;
}

/** Sampled once, when a suspicion begins: a cluster that grows or shrinks meanwhile does not change it. */
export interface Patience {
  readonly minMs: number;
  readonly maxMs: number;
  /** How many confirmations bring the wait down to `minMs`. Zero in clusters too small to have any. */
  readonly expected: number;
}

/** The patience of a cluster of `size` nodes, this one, the suspected and the not yet forgotten dead included. */
export function patience(size: number, tuning: Tuning): Patience {
  const { suspicionMult, suspicionMaxTimeoutMult, probeIntervalMs } = tuning;
  const scale = Math.max(1, Math.log10(Math.max(1, size)));
  // Cut to thousandths as the reference cuts it, so that all members are equally patient.
  const minMs = (suspicionMult * Math.trunc(1000 * scale) * probeIntervalMs) / 1000;
  // Of those who could confirm, the suspected and its accuser are none.
  const expected = size - 2 < suspicionMult - 2 ? 0 : Math.max(0, suspicionMult - 2);
  return { minMs, maxMs: suspicionMaxTimeoutMult * minMs, expected };
}

export const suspect = (accuser: string, patience: Patience, now: number): Suspicion => ({
  ...patience,
  since: now,
  accuser,
  confirmedBy: new Set(),
});

/** The time at which the suspected member is dead if it has not refuted by then, in milliseconds of the injected clock. */
export function deadline(suspicion: Suspicion): number {
  const { since, minMs, maxMs, expected, confirmedBy } = suspicion;
  if (expected === 0) return since + minMs;
  const share = Math.log(confirmedBy.size + 1) / Math.log(expected + 1);
  return since + Math.max(minMs, Math.floor(maxMs - (maxMs - minMs) * share));
}

/** The suspicion after `member` has confirmed it: the same value, not a copy, when that tells nothing new. */
export function confirm(suspicion: Suspicion, member: string): Suspicion {
  const { accuser, confirmedBy, expected } = suspicion;
  const isNews = confirmedBy.size < expected && member !== accuser && !confirmedBy.has(member);
  return isNews ? { ...suspicion, confirmedBy: new Set(confirmedBy).add(member) } : suspicion;
}
