/**
 * Lets frames gather in the rings while nothing but frames that need nothing comes in (idleflood.ts). One for all interfaces: it
 * is the loop that waits, so an answer on any of them is a reason not to.
 *
 * The binding cannot be told to poll less often, and a timer has whole milliseconds; so the thread sleeps for a moment at the
 * end of a turn of the loop, and reads what has gathered in the next. Heartbeats and timers may be late by that moment.
 */
import { IdleFlood } from '../../../src/layer2/idleflood.js';

/** Nobody notifies it: waiting for it is sleeping. */
const NOBODY = new Int32Array(new SharedArrayBuffer(4));

export class Gathering {
  readonly #flood: IdleFlood = new IdleFlood();
  /** Frames of this turn that needed nothing. */
  #frames = 0;
  #armed = false;

  /** A frame needed nothing. */
  needless(): void {
    this.#frames++;
    if (this.#armed) return;
    this.#armed = true;
    setImmediate(this.#endTurn);
  }

  /** A frame was answered, or said something that matters. */
  needed(): void {
    this.#flood.end();
  }

  readonly #endTurn = (): void => {
    const pauseMs = this.#frames > 0 ? this.#flood.pauseMs(this.#frames, performance.now()) : 0;
    this.#frames = 0;
    this.#armed = pauseMs > 0;
    if (!this.#armed) return;
    Atomics.wait(NOBODY, 0, 0, pauseMs);
    setImmediate(this.#endTurn);
  };
}
