/**
 * Keeps the event loop turning under load. The capture binding hands over frames until its ring is empty, so with enough
 * clients it would never give the loop back; and a loop that sleeps costs each client of a busy node a wake-up.
 *
 * A turn has a budget of frames: what comes after is put off to the end of the turn, which empties the ring, since the
 * clients wait for their answers. And while answers come in quick succession, the loop spins for a moment instead of sleeping.
 */
const BUDGET = 256;
/**
 * An answer this soon after the last is worth spinning for: above 6,000 answers a second. Longer than a wake-up takes, so that a
 * loop that once fell asleep between two quick clients' questions finds out that they are quick.
 */
const HOT_MS = 0.16;
/** Empty turns before the loop may sleep: about 75 µs. */
const SPIN_TURNS = 50;

export class Turn {
  readonly #atEnd: () => void;
  #frames = 0;
  #armed = false;
  #hot = false;
  #emptyTurns = 0;
  #lastBusyAt = Number.NEGATIVE_INFINITY;

  /** `atEnd` is called at the end of each turn that had frames; it does what was put off. */
  constructor(atEnd: () => void) {
    this.#atEnd = atEnd;
  }

  /** Counts a frame that wants an answer. False: over budget, put it off to the end of the turn. */
  admit(): boolean {
    if (this.#frames === 0) {
      this.#hot = performance.now() - this.#lastBusyAt < HOT_MS;
      if (!this.#armed) {
        this.#armed = true;
        setImmediate(this.#end);
      }
    }
    this.#frames++;
    return this.#frames <= BUDGET;
  }

  readonly #end = (): void => {
    if (this.#frames > 0) {
      this.#frames = 0;
      this.#emptyTurns = 0;
      this.#atEnd();
      this.#lastBusyAt = performance.now();
    } else {
      this.#emptyTurns++;
    }
    if (this.#hot && this.#emptyTurns < SPIN_TURNS) {
      setImmediate(this.#end);
      return;
    }
    if (this.#hot) this.#lastBusyAt = performance.now();
    this.#armed = false;
  };
}
