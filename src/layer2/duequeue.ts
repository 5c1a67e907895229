/**
 * A priority queue whose items can be taken out from within: a binary heap in which each item knows its place. Smallest `at`
 * first; among equals, smallest `order`. Every operation costs O(log n), `peek` O(1).
 */
export interface Queued {
  /** Must not change while the item is queued, nor may `order`. */
  at: number;
  order: number;
  /** Its place in the queue's array. The queue's own; {@link UNQUEUED} outside. An item is in one queue at most. */
  slot: number;
}

export const UNQUEUED = -1;

export const isBefore = (a: Queued, b: Queued): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

export class DueQueue<T extends Queued> {
  readonly #heap: T[] = [];

  get size(): number {
    return this.#heap.length;
  }

  peek(): T | undefined {
    return this.#heap[0];
  }

  push(item: T): void {
    this.#place(item, this.#heap.length);
    this.#rise(item);
  }

  /** `item` is in this queue. */
  remove(item: T): void {
    const last = this.#heap.pop();
    if (last !== undefined && last !== item) {
      this.#place(last, item.slot);
      this.#rise(last);
      this.#sink(last);
    }
    item.slot = UNQUEUED;
  }

  #rise(item: T): void {
    for (;;) {
      const parent = this.#heap[(item.slot - 1) >> 1];
      if (parent === undefined || !isBefore(item, parent)) return;
      this.#swap(item, parent);
    }
  }

  #sink(item: T): void {
    for (;;) {
      const [left, right] = [this.#heap[2 * item.slot + 1], this.#heap[2 * item.slot + 2]];
      const child = left !== undefined && right !== undefined && isBefore(right, left) ? right : left;
      if (child === undefined || !isBefore(child, item)) return;
      this.#swap(item, child);
    }
  }

  #swap(a: T, b: T): void {
    const slot = a.slot;
    this.#place(a, b.slot);
    this.#place(b, slot);
  }

  #place(item: T, slot: number): void {
    this.#heap[slot] = item;
    item.slot = slot;
  }
}
