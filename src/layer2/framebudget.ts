/**
 * How many frames may be sent on each interface: never more than `framesPerSecond` in any second, wherever that second begins,
 * and never more than `batch`, some milliseconds' worth, at once. What is not used is not saved up beyond one batch. Switches shut
 * ports that broadcast more than their storm control allows.
 *
 * A token bucket, kept as one time for each interface: when the frames sent so far are paid for (GCRA, ITU-T I.371 annex A).
 */
const BATCH_MS = 10;
/** A round of IPv4 has two frames, which are sent together. */
const LEAST_BATCH = 2;
/** Interfaces that sent something, before those are forgotten that need not be remembered: the ends of pods come and go all day. */
const MOST_REMEMBERED = 64;

export class FrameBudget {
  /** Frames that may be sent at once on an interface that was quiet. */
  readonly batch: number;
  readonly #frameMs: number;
  /** May lie ahead of now by a batch. An interface that has sent nothing of late is absent. */
  readonly #paidAt = new Map<string, number>();

  /** `framesPerSecond` is 10 or more; `batchMs`, less than half a second: how long it takes to earn what may be sent at once. */
  constructor(framesPerSecond: number, batchMs: number = BATCH_MS) {
    this.batch = Math.max(LEAST_BATCH, Math.floor((framesPerSecond * batchMs) / 1000));
    // A second may begin with a whole batch: what is earned within it is the rest.
    this.#frameMs = 1000 / (framesPerSecond - this.batch);
  }

  /** When that many frames, a batch at most, may be sent on each of these interfaces; not later than now: at once. */
  readyAt(interfaces: readonly string[], frames: number): number {
    let at = Number.NEGATIVE_INFINITY;
    for (const name of interfaces) at = Math.max(at, this.#paidAt.get(name) ?? at);
    return at - (this.batch - frames) * this.#frameMs;
  }

  spend(interfaces: readonly string[], frames: number, now: number): void {
    // One that is paid for is as good as absent; its interface may be gone.
    if (this.#paidAt.size > MOST_REMEMBERED) {
      for (const [name, at] of this.#paidAt) if (at <= now) this.#paidAt.delete(name);
    }
    for (const name of interfaces) this.#paidAt.set(name, Math.max(this.#paidAt.get(name) ?? now, now) + frames * this.#frameMs);
  }
}
