/**
 * Our own lateness is not the silence of others. While we stalled nobody's answer could reach us, so whatever would be held
 * against another is put off by as long as we came too late.
 *
 * We know only when we should have run, not since when we could not. So after a stall worth the name nothing is decided until
 * what waited in the sockets has been read. That is granted now and then only: a node that is always late would never decide.
 */
const STALL_MS = 10;
const CATCH_UP_MS = 20;
const CATCH_UP_EVERY_MS = 200;

/** When a verdict is due that was due `at`. */
export type PutOff = (at: number) => number;

export class Lateness {
  #caughtUpAt = Number.NEGATIVE_INFINITY;

  /** What becomes of all verdicts when we came `lateMs` too late. */
  credit(lateMs: number, now: number): PutOff {
    if (lateMs < STALL_MS || now - this.#caughtUpAt < CATCH_UP_EVERY_MS) return (at) => at + lateMs;
    this.#caughtUpAt = now;
    return (at) => Math.max(at + lateMs, now + CATCH_UP_MS);
  }
}

/** When a thing done at every interval is done again: counted from when it was due, unless that has passed too. */
export function following(at: number, intervalMs: number, now: number): number {
  return at + intervalMs > now ? at + intervalMs : now + intervalMs;
}
