/**
 * What is to happen, in the order of its time; of one time, in the order in which it was put here. Nothing happens between: a
 * simulated month costs what happens in it.
 */
interface Entry {
  readonly at: number;
  readonly order: number;
  readonly act: () => void;
}

export class Agenda {
  readonly #heap: Entry[] = [];
  #order = 0;
  #now = 0;
  #second = 0;
  #acts = 0;
  /** In one second of it, at most; whoever does more goes in circles. */
  readonly #mostActs: number;

  constructor(mostActs: number = Number.POSITIVE_INFINITY) {
    this.#mostActs = mostActs;
  }

  get now(): number {
    return this.#now;
  }

  /** What is put before the present happens at the present. */
  at(time: number, act: () => void): void {
    const heap = this.#heap;
    const entry = { at: Math.max(time, this.#now), order: this.#order++, act };
    let i = heap.length;
    heap.push(entry);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(entry, above)) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = entry;
  }

  /** Does all that is due until then, or until `isOver`. */
  run(until: number, isOver: () => boolean = () => false): void {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.at > until || isOver()) break;
      this.#pop();
      this.#now = next.at;
      this.#count();
      next.act();
    }
    if (!isOver()) this.#now = Math.max(this.#now, until);
  }

  #count(): void {
    const second = Math.floor(this.#now / 1000);
    if (second !== this.#second) [this.#second, this.#acts] = [second, 0];
    this.#acts++;
    if (this.#acts > this.#mostActs) throw new Error(`more than ${this.#mostActs} things happen within one second`);
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let i = 0;
    for (;;) {
      const left = 2 * i + 1;
      const [a, b] = [heap[left], heap[left + 1]];
      if (a === undefined) break;
      const isRight = b !== undefined && isBefore(b, a);
      const child = isRight ? b : a;
      if (!isBefore(child, last)) break;
      heap[i] = child;
      i = isRight ? left + 1 : left;
    }
    heap[i] = last;
  }
}

const isBefore = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
