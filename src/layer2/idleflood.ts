/**
 * Whether frames that need nothing from us come so fast that they may wait for each other. A node is woken for each request for
 * an address that another one owns, and a wake-up costs many times what the frame does.
 *
 * Only a flood of such frames alone counts: the first that is answered ends it, so nobody who is answered regularly waits.
 */

/** So many frames in a row, none of which needed anything, ... */
const RUN = 32;
/** ... within this time, that is 2,000 a second and more, are a flood. */
const RUN_MS = 16;
/**
 * How long frames may gather. It is what the first answer after a flood can be late by, and with what the kernel adds to a wait
 * it stays under half a millisecond.
 */
const GATHER_MS = 0.4;

export class IdleFlood {
  /** Since `#since`, without one that needed something. */
  #frames = 0;
  #since = Number.NEGATIVE_INFINITY;
  #isOn = false;

  /** A frame was answered, or said something that matters. */
  end(): void {
    this.#frames = 0;
    this.#since = Number.NEGATIVE_INFINITY;
    this.#isOn = false;
  }

  /** So many frames came that needed nothing, and no other; gives for how long the next may gather, 0: not at all. */
  pauseMs(frames: number, now: number): number {
    const isOver = now - this.#since > RUN_MS;
    this.#frames += frames;
    if (isOver) this.#isOn = false;
    if (this.#frames >= RUN || isOver) {
      this.#isOn ||= !isOver;
      this.#frames = 0;
      this.#since = now;
    }
    return this.#isOn ? GATHER_MS : 0;
  }
}
