/**
 * Which of many keys to work on next (client-go's rate limiting work queue). A key is never worked on twice at a time; what
 * is added while it is worked on comes again afterwards; what is added twice before comes once. A key that failed waits, longer
 * each time, and all that failed share a rate, so that thousands of failures don't become a storm.
 *
 * It has no timer and knows no clock: whoever drives it says what time it is.
 */
export interface WorkQueueOptions {
  /** Of a key's first failure. @default 5 */
  readonly firstRetryMs?: number;
  /** @default 1_000_000 */
  readonly longestRetryMs?: number;
  /** Retries of all keys, a second. @default 10 */
  readonly retriesPerSecond?: number;
  /** Retries that need not wait for the rate. @default 100 */
  readonly burst?: number;
}

export class WorkQueue {
  readonly #firstRetryMs: number;
  readonly #longestRetryMs: number;
  readonly #intervalMs: number;
  readonly #burst: number;
  /** In the order in which they came. */
  readonly #ready = new Set<string>();
  readonly #processing = new Set<string>();
  /** Added while they were worked on. */
  readonly #again = new Set<string>();
  readonly #failures = new Map<string, number>();
  /** When each may come; a key that is added before comes at once. */
  readonly #waiting = new Map<string, number>();
  /** No key that waits may come before this. */
  #earliestMs = Number.POSITIVE_INFINITY;
  /** The time up to which the rate of retries is used up. */
  #spentUntilMs = Number.NEGATIVE_INFINITY;

  constructor({ firstRetryMs = 5, longestRetryMs = 1_000_000, retriesPerSecond = 10, burst = 100 }: WorkQueueOptions = {}) {
    this.#firstRetryMs = firstRetryMs;
    this.#longestRetryMs = longestRetryMs;
    this.#intervalMs = 1000 / retriesPerSecond;
    this.#burst = burst;
  }

  /** Keys that are ready or wait. */
  get size(): number {
    return this.#ready.size + this.#waiting.size + this.#again.size;
  }

  add(key: string): void {
    if (this.#processing.has(key)) {
      this.#again.add(key);
      return;
    }
    this.#waiting.delete(key);
    this.#ready.add(key);
  }

  /** Undefined: nothing is ready. The key must be given to {@link done} or {@link retry} afterwards. */
  next(nowMs: number): string | undefined {
    if (this.#earliestMs <= nowMs) this.#wake(nowMs);
    const [key] = this.#ready;
    if (key === undefined) return undefined;
    this.#ready.delete(key);
    this.#processing.add(key);
    return key;
  }

  /** When {@link next} may have something, if nothing is added. */
  get dueAtMs(): number {
    return this.#ready.size > 0 ? Number.NEGATIVE_INFINITY : this.#earliestMs;
  }

  /** Whether it failed and its time has not come. */
  isWaiting(key: string): boolean {
    return this.#waiting.has(key);
  }

  /** It worked. */
  done(key: string): void {
    this.#failures.delete(key);
    this.#finish(key);
  }

  /** It failed; `atLeastMs` is what the server asked for. */
  retry(key: string, nowMs: number, atLeastMs = 0): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const own = Math.min(this.#longestRetryMs, this.#firstRetryMs * 2 ** failures);
    const wait = Math.max(own, atLeastMs, this.#spend(nowMs));
    // What was added meanwhile may be what it failed for; it still waits, since the server may be in trouble.
    this.#finish(key);
    this.#ready.delete(key);
    this.#waiting.set(key, nowMs + wait);
    this.#earliestMs = Math.min(this.#earliestMs, nowMs + wait);
  }

  /** Nobody wants it any more. One that is worked on is finished. */
  forget(key: string): void {
    this.#ready.delete(key);
    this.#waiting.delete(key);
    this.#again.delete(key);
    this.#failures.delete(key);
  }

  #wake(nowMs: number): void {
    this.#earliestMs = Number.POSITIVE_INFINITY;
    for (const [key, atMs] of this.#waiting) {
      if (atMs <= nowMs) {
        this.#waiting.delete(key);
        this.#ready.add(key);
      } else this.#earliestMs = Math.min(this.#earliestMs, atMs);
    }
  }

  #finish(key: string): void {
    this.#processing.delete(key);
    if (this.#again.delete(key)) this.#ready.add(key);
  }

  /** Takes one of the retries that all keys share, and tells how long it has to wait for it. */
  #spend(nowMs: number): number {
    this.#spentUntilMs = Math.max(this.#spentUntilMs, nowMs - this.#burst * this.#intervalMs) + this.#intervalMs;
    return Math.max(0, this.#spentUntilMs - nowMs);
  }
}
