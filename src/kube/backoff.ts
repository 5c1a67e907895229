/**
 * How long to wait after a failure, so that a server that is in trouble is not asked by a thousand nodes at once: 0.8 s, twice
 * as much each time, 30 s at most, and up to as much again by chance (client-go's reflector).
 */
export interface Backoff {
  /** Failures in a row. */
  readonly failures: number;
  readonly lastAtMs: number;
}

export const RESTED: Backoff = { failures: 0, lastAtMs: Number.NEGATIVE_INFINITY };

const FIRST_MS = 800;
const LONGEST_MS = 30_000;
/** Failures that lie further apart are not in a row. */
const HEALTHY_MS = 120_000;

/** `chance` is from 0 to 1, 1 excluded. */
export function failed(
  { failures, lastAtMs }: Backoff,
  nowMs: number,
  chance: number,
): { readonly waitMs: number; readonly backoff: Backoff } {
  const before = nowMs - lastAtMs > HEALTHY_MS ? 0 : failures;
  const base = Math.min(LONGEST_MS, FIRST_MS * 2 ** before);
  return { waitMs: Math.round(base * (1 + chance)), backoff: { failures: before + 1, lastAtMs: nowMs } };
}
