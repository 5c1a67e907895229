import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WorkQueue } from '../../src/kube/workqueue.js';

describe('a work queue', () => {
  test('gives keys in the order in which they came, each once', () => {
    const queue = new WorkQueue();
    for (const key of ['b', 'a', 'b']) queue.add(key);
    expect([queue.next(0), queue.next(0), queue.next(0)]).toEqual(['b', 'a', undefined]);
  });

  test('gives a key again that was added while it was worked on, and not before that is done', () => {
    const queue = new WorkQueue();
    queue.add('a');
    expect(queue.next(0)).toBe('a');
    queue.add('a');
    expect(queue.next(0)).toBeUndefined();
    queue.done('a');
    expect(queue.next(0)).toBe('a');
  });

  test('lets a key that failed wait, longer each time, up to a bound', () => {
    const queue = new WorkQueue({ longestRetryMs: 15 });
    queue.add('a');
    let now = 0;
    const waits: number[] = [];
    for (let i = 0; i < 4; i++) {
      queue.next(now);
      queue.retry('a', now);
      expect(queue.next(queue.dueAtMs - 1)).toBeUndefined();
      waits.push(queue.dueAtMs - now);
      now = queue.dueAtMs;
    }
    expect(waits).toEqual([5, 10, 15, 15]);
  });

  test('begins anew with a key that worked', () => {
    const queue = new WorkQueue();
    queue.add('a');
    for (const now of [0, 5]) {
      queue.next(now);
      queue.retry('a', now);
    }
    expect(queue.next(15)).toBe('a');
    queue.done('a');
    queue.add('a');
    queue.next(20);
    queue.retry('a', 20);
    expect(queue.dueAtMs).toBe(25);
  });

  test('waits as long as the server asks', () => {
    const queue = new WorkQueue();
    queue.add('a');
    queue.next(0);
    queue.retry('a', 0, 3000);
    expect([queue.isWaiting('a'), queue.dueAtMs, queue.next(2999), queue.next(3000)]).toEqual([true, 3000, undefined, 'a']);
  });

  test('gives a key that waits at once when it is added, and not at all when nobody wants it', () => {
    const queue = new WorkQueue();
    for (const key of ['a', 'b']) {
      queue.add(key);
      queue.next(0);
      queue.retry(key, 0, 1000);
    }
    queue.add('a');
    queue.forget('b');
    expect([queue.next(1), queue.next(2000), queue.size]).toEqual(['a', undefined, 0]);
  });

  test('lets no more than its rate of retries through', () => {
    const queue = new WorkQueue({ retriesPerSecond: 10, burst: 3 });
    const due: number[] = [];
    for (const key of ['a', 'b', 'c', 'd', 'e']) {
      queue.add(key);
      queue.next(0);
      queue.retry(key, 0);
      queue.add(`${key}-marker`);
      queue.forget(`${key}-marker`);
    }
    for (let now = 0; now < 1000; now++) for (let key = queue.next(now); key !== undefined; key = queue.next(now)) due.push(now);
    expect(due).toEqual([5, 5, 5, 100, 200]);
  });

  test('loses no key and gives none twice at a time, whatever happens', () => {
    const commands = fc.array(fc.tuple(fc.constantFrom('add', 'next', 'done', 'retry'), fc.constantFrom('a', 'b', 'c')));
    fc.assert(
      fc.property(commands, (told) => {
        const queue = new WorkQueue();
        const [wanted, working] = [new Set<string>(), new Set<string>()];
        let now = 0;
        for (const [command, key] of told) {
          now += 3;
          if (command === 'add') {
            queue.add(key);
            wanted.add(key);
          } else if (command === 'next') {
            const given = queue.next(now);
            if (given === undefined) continue;
            expect(working.has(given)).toBe(false);
            working.add(given);
            wanted.delete(given);
          } else if (working.delete(key)) {
            if (command === 'done') queue.done(key);
            else {
              queue.retry(key, now);
              wanted.add(key);
            }
          }
        }
        for (const key of working) queue.done(key);
        const rest = new Set<string>();
        for (let key = queue.next(now + 10_000_000); key !== undefined; key = queue.next(now + 10_000_000)) rest.add(key);
        expect(rest).toEqual(wanted);
      }),
    );
  });
});
