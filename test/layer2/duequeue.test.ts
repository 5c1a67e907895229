import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DueQueue, type Queued, UNQUEUED } from '../../src/layer2/duequeue.js';

/** An item that counts how often its `at` is looked at. */
class Item implements Queued {
  static looks = 0;
  slot = UNQUEUED;
  readonly #at: number;
  readonly order: number;
  constructor(at: number, order: number) {
    this.#at = at;
    this.order = order;
  }
  get at(): number {
    Item.looks++;
    return this.#at;
  }
}

test('its head is the first of a sorted list, whatever is put in and taken out', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ at: fc.nat(30), take: fc.option(fc.nat()) }), { maxLength: 100, size: 'max' }),
      (history) => {
        const queue = new DueQueue<Item>();
        let list: Item[] = [];
        for (const [order, { at, take }] of history.entries()) {
          const item = new Item(at, order);
          queue.push(item);
          list = [...list, item].sort((a, b) => a.at - b.at || a.order - b.order);
          const taken = take === null ? undefined : list[take % list.length];
          if (taken !== undefined) {
            queue.remove(taken);
            list = list.filter((one) => one !== taken);
            expect(taken.slot).toBe(UNQUEUED);
          }
          expect(queue.peek()).toBe(list[0]);
          expect(queue.size).toBe(list.length);
        }
      },
    ),
  );
});

test('5,000 items cost a few dozen looks each, also from within', () => {
  const queue = new DueQueue<Item>();
  const items = Array.from({ length: 5000 }, (_, i) => new Item((i * 7919) % 5003, i));
  for (const item of items) queue.push(item);
  const most = (work: () => void): number => {
    Item.looks = 0;
    work();
    return Item.looks;
  };
  const costs = items.map((item) =>
    most(() => {
      queue.remove(item);
      queue.push(item);
    }),
  );
  // Four looks a level at most on the way down, two on the way up; thirteen levels.
  expect(Math.max(...costs)).toBeLessThan(150);
});
