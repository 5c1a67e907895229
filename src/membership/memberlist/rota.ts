/**
 * The order in which members are probed: every name comes once in a round, each round in another order. So no node waits longer
 * for its turn than two rounds less one (SWIM §4.3), and one that is gone is noticed within that time.
 */
import type { Chance } from './chance.js';

export class Rota {
  #names: string[] = [];
  /** Where the next turn is: names before it had theirs in this round. */
  #next = 0;

  get isOver(): boolean {
    return this.#next >= this.#names.length;
  }

  /** A newcomer's first turn is in this round or the next, as chance has it: else all would probe it at the same time. */
  add(name: string, chance: Chance): void {
    const at = chance.below(this.#names.length + 1);
    this.#names.splice(at, 0, name);
    if (at < this.#next) this.#next += 1;
  }

  remove(name: string): void {
    const at = this.#names.indexOf(name);
    if (at < 0) return;
    this.#names.splice(at, 1);
    if (at < this.#next) this.#next -= 1;
  }

  /** Whose turn it is; undefined at the end of a round. */
  take(): string | undefined {
    const name = this.#names[this.#next];
    if (name !== undefined) this.#next += 1;
    return name;
  }

  beginRound(chance: Chance): void {
    this.#names = chance.sample(this.#names, this.#names.length);
    this.#next = 0;
  }
}
