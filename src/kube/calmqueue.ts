/**
 * Which of many keys to write now, where no write is urgent and each should tell something that lasts: a key waits for a moment after it
 * changed, so that what changes together is written once, and is written again no sooner than some seconds after it was.
 *
 * It has no timer and knows no clock: whoever drives it says what time it is.
 */
export interface CalmQueueOptions {
  /** From the first change until the write, at least. */
  readonly settleMs: number;
  /** Between two writes of one key, at least. */
  readonly restMs: number;
}

export class CalmQueue {
  readonly #options: CalmQueueOptions;
  /** When each may be written. */
  readonly #waiting = new Map<string, number>();
  /** When each was written last, the oldest first; forgotten after its rest. */
  readonly #written = new Map<string, number>();
  /** No key that waits may be written before this. */
  #dueAtMs = Number.POSITIVE_INFINITY;

  constructor(options: CalmQueueOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** When {@link take} may give something. */
  get dueAtMs(): number {
    return this.#dueAtMs;
  }

  /** It changed. One that waits already comes no later. */
  note(key: string, nowMs: number): void {
    if (this.#waiting.has(key)) return;
    const { settleMs, restMs } = this.#options;
    const dueAtMs = Math.max(nowMs + settleMs, (this.#written.get(key) ?? Number.NEGATIVE_INFINITY) + restMs);
    this.#waiting.set(key, dueAtMs);
    this.#dueAtMs = Math.min(this.#dueAtMs, dueAtMs);
  }

  /** All that may be written now. */
  take(nowMs: number): readonly string[] {
    if (nowMs < this.#dueAtMs) return [];
    const due: string[] = [];
    this.#dueAtMs = Number.POSITIVE_INFINITY;
    for (const [key, atMs] of this.#waiting) {
      if (atMs <= nowMs) {
        this.#waiting.delete(key);
        due.push(key);
      } else this.#dueAtMs = Math.min(this.#dueAtMs, atMs);
    }
    return due;
  }

  /** A write of it was begun. If it changed again since it was taken, that has to rest as well. */
  wrote(key: string, nowMs: number): void {
    const waitingUntilMs = this.#waiting.get(key);
    if (waitingUntilMs !== undefined) this.#waiting.set(key, Math.max(waitingUntilMs, nowMs + this.#options.restMs));
    this.#written.delete(key);
    this.#written.set(key, nowMs);
    for (const [oldest, atMs] of this.#written) {
      if (atMs + this.#options.restMs > nowMs) return;
      this.#written.delete(oldest);
    }
  }
}
