/**
 * A clock that stands still until it is told to go on, for whatever takes `now` as a parameter.
 */
export class ManualClock {
  #ms: number;

  constructor(ms: number = Date.UTC(2026, 0, 1)) {
    this.#ms = ms;
  }

  readonly now = (): number => this.#ms;

  advance(ms: number): void {
    this.#ms += ms;
  }
}
