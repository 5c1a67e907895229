/**
 * Addresses of which this node cannot know whether somebody answers for them: it has just started and some peer was not heard, or
 * it stood still for so long that others may have taken over, or somebody should have taken over and was not heard. The wire is
 * asked before anything is claimed.
 */
import type { AddressKey } from '../net/address.js';

/** Questions before silence is believed. */
const TRIES = 2;
/** How long each has for its answer, when nothing is known of who could answer. */
const EVERY_MS = 30;
/** The same when this node owned the address a moment ago, and clients wait. */
export const BRIEF_MS = 8;
/** Between two rounds while somebody answers. */
const AGAIN_MS = 500;
/** Questions in one go; the next follow after {@link PACE_MS}. Together 6,000 a second. */
const BATCH = 150;
const PACE_MS = 25;

interface Doubt {
  readonly tries: number;
  readonly nextAt: number;
  readonly everyMs: number;
  readonly answered: boolean;
}

export class Doubts {
  readonly #doubts = new Map<AddressKey, Doubt>();
  /** Not later than the earliest `nextAt`: there may be thousands, and it is asked for after each frame. */
  #nextAt = Number.POSITIVE_INFINITY;
  #pacedUntil = Number.NEGATIVE_INFINITY;

  has(key: AddressKey): boolean {
    return this.#doubts.has(key);
  }

  keys(): readonly AddressKey[] {
    return [...this.#doubts.keys()];
  }

  /** When to call `step`. */
  get wakeAt(): number {
    return Math.max(this.#nextAt, this.#pacedUntil);
  }

  /** Begins to ask, at the time `at`. */
  begin(key: AddressKey, at: number, everyMs: number = EVERY_MS): void {
    if (this.#doubts.has(key)) return;
    this.#doubts.set(key, { tries: 0, nextAt: at, everyMs, answered: false });
    this.#nextAt = Math.min(this.#nextAt, at);
  }

  /** Somebody else answers for it. */
  answer(key: AddressKey): void {
    const doubt = this.#doubts.get(key);
    if (doubt !== undefined) this.#doubts.set(key, { ...doubt, answered: true });
  }

  end(key: AddressKey): void {
    this.#doubts.delete(key);
    if (this.#doubts.size === 0) this.#nextAt = Number.POSITIVE_INFINITY;
  }

  /** Addresses to ask for now, and those for which nobody answered, of which there is no doubt any more. */
  step(now: number): { readonly ask: readonly AddressKey[]; readonly silent: readonly AddressKey[] } {
    const [ask, silent]: [AddressKey[], AddressKey[]] = [[], []];
    if (now < this.#pacedUntil) return { ask, silent };
    for (const [key, doubt] of this.#doubts) {
      if (doubt.nextAt > now + 0.1) continue;
      if (doubt.tries >= TRIES && !doubt.answered) {
        this.#doubts.delete(key);
        silent.push(key);
      } else if (doubt.tries >= TRIES) {
        this.#doubts.set(key, { tries: 0, nextAt: now + AGAIN_MS, everyMs: EVERY_MS, answered: false });
      } else if (ask.length < BATCH) {
        ask.push(key);
        this.#doubts.set(key, { ...doubt, tries: doubt.tries + 1, nextAt: now + doubt.everyMs });
      } else {
        this.#pacedUntil = now + PACE_MS;
      }
    }
    this.#nextAt = Number.POSITIVE_INFINITY;
    for (const { nextAt } of this.#doubts.values()) this.#nextAt = Math.min(this.#nextAt, nextAt);
    return { ask, silent };
  }
}
