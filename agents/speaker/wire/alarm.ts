/**
 * One timer for whatever is due first. It may be set at every event: one that comes early enough stays as it is. Begun again at each of
 * a thousand words that come within a millisecond of each other, it would not come before the last, and beats would be missed.
 */
export class Alarm {
  readonly #ring: () => void;
  #timer: NodeJS.Timeout | undefined;
  /** When it comes; infinity: there is none. */
  #at = Number.POSITIVE_INFINITY;

  /** `ring` may be called before the time that was set last, and sets the next. */
  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** By `at`, in milliseconds of performance.now(), it rings; infinity: nothing is due. */
  set(at: number): void {
    if (at >= this.#at) return;
    clearTimeout(this.#timer);
    this.#at = at;
    this.#timer = setTimeout(
      () => {
        this.#at = Number.POSITIVE_INFINITY;
        this.#ring();
      },
      // A timer cuts fractions off: it would come too early, and once more.
      Math.max(0, Math.ceil(at - performance.now())),
    );
  }

  /** Nothing is due any more. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#at = Number.POSITIVE_INFINITY;
  }
}
