/**
 * How long to wait after a failure. A server that is away is asked again every second or two, for as long as it takes: whoever follows it
 * shall be up to date within seconds of its return. One that is there and refuses is left alone longer each time, up to half a minute.
 * Up to as much again is waited by chance, so that a thousand nodes don't ask at once.
 */
export interface Backoff {
  /** Failures in a row. */
  readonly failures: number;
  readonly why: Failure;
}

/** `away`: there was no answer, or one that the server is in trouble. `refused`: it will not do what was asked. */
export type Failure = 'away' | 'refused';

/** How it stands after a success. */
export const RESTED: Backoff = { failures: 0, why: 'away' };

const FIRST_MS: Readonly<Record<Failure, number>> = { away: 500, refused: 800 };
const LONGEST_MS: Readonly<Record<Failure, number>> = { away: 1000, refused: 30_000 };

/** `chance` is from 0 to 1, 1 excluded. */
export function failed(before: Backoff, why: Failure, chance: number): { readonly waitMs: number; readonly backoff: Backoff } {
  // A server that begins again may refuse for a moment what it will allow.
  const failures = before.why === why ? before.failures : 0;
  const base = Math.min(LONGEST_MS[why], FIRST_MS[why] * 2 ** failures);
  return { waitMs: Math.round(base * (1 + chance)), backoff: { failures: failures + 1, why } };
}

/** Of an answer with this HTTP status. */
export const failureOf = (code: number): Failure => (code >= 500 || code === 429 ? 'away' : 'refused');
