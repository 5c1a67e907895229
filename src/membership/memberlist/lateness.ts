/**
 * Our own lateness is not the silence of others. While we stalled nobody's answer could reach us, so whatever would be held
 * against another is put off by as long as we came too late.
 *
 * We know only when we should have run, not since when we could not. So after a stall worth the name nothing is decided until
 * what waited in the sockets has been read.
 */
const STALL_MS = 10;
const CATCH_UP_MS = 20;

/** When what was due `at` is due after we came `lateMs` too late. */
export const putOff = (at: number, lateMs: number, now: number): number =>
  lateMs < STALL_MS ? at + lateMs : Math.max(at + lateMs, now + CATCH_UP_MS);

/** When a thing done at every interval is done again: counted from when it was due, unless that has passed too. */
export function following(at: number, intervalMs: number, now: number): number {
  return at + intervalMs > now ? at + intervalMs : now + intervalMs;
}
