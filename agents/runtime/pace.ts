/**
 * Work that follows from something that may change often, done so that it takes no more than a share of a thread: at once while
 * that is kept, and else once for all changes that came meanwhile.
 */

/** Between two turns, in times of what the first took. */
const REST = 4;

export class Pace {
  readonly #work: () => void;
  #timer: NodeJS.Timeout | undefined;
  #restedAt = Number.NEGATIVE_INFINITY;

  constructor(work: () => void) {
    this.#work = work;
  }

  /** The work is done now, or once later. */
  request(): void {
    if (this.#timer !== undefined) return;
    const waitMs = this.#restedAt - performance.now();
    if (waitMs <= 0) this.#run();
    else this.#timer = setTimeout(() => this.#run(), waitMs);
  }

  /** What was put off is done now. */
  flush(): void {
    if (this.#timer !== undefined) this.#run();
  }

  /** What was put off is not done any more. */
  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #run(): void {
    this.cancel();
    const beganAt = performance.now();
    this.#work();
    const now = performance.now();
    this.#restedAt = now + REST * (now - beganAt);
  }
}
