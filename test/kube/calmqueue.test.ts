import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CalmQueue } from '../../src/kube/calmqueue.js';

const SETTLE_MS = 1000;
const REST_MS = 5000;
const queue = (): CalmQueue => new CalmQueue({ settleMs: SETTLE_MS, restMs: REST_MS });

test('a key waits a moment after its first change, and comes once', () => {
  const calm = queue();
  calm.note('a', 0);
  calm.note('b', 300);
  calm.note('a', 600);
  expect([calm.dueAtMs, calm.take(999), calm.take(1000), calm.dueAtMs]).toEqual([1000, [], ['a'], 1300]);
  expect([calm.take(1300), calm.dueAtMs, calm.size]).toEqual([['b'], Number.POSITIVE_INFINITY, 0]);
});

test('a key that was written rests; others do not', () => {
  const calm = queue();
  calm.wrote('a', 0);
  calm.note('a', 100);
  calm.note('b', 100);
  expect([calm.take(1100), calm.take(4999), calm.take(5000)]).toEqual([['b'], [], ['a']]);
});

test('a key that changed again before its write was begun rests after that write', () => {
  const calm = queue();
  calm.note('a', 0);
  expect(calm.take(1000)).toEqual(['a']);
  calm.note('a', 1100);
  calm.wrote('a', 2000);
  expect([calm.take(2100), calm.take(6999), calm.take(7000)]).toEqual([[], [], ['a']]);
});

test('after its rest a key is as any other', () => {
  const calm = queue();
  calm.wrote('a', 0);
  calm.wrote('b', 6000);
  calm.note('a', 6000);
  expect(calm.take(7000)).toEqual(['a']);
});

test('whatever changes when, no key is written twice within its rest, and none waits longer than both', () => {
  const changes = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(3000)), { maxLength: 60 });
  fc.assert(
    fc.property(changes, (told) => {
      const calm = queue();
      const [noted, written] = [new Map<string, number>(), new Map<string, number>()];
      let now = 0;
      const write = (untilMs: number): void => {
        while (calm.dueAtMs <= untilMs) {
          const at = calm.dueAtMs;
          for (const key of calm.take(at)) {
            expect(at - (written.get(key) ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(REST_MS);
            const waited = at - (noted.get(key) ?? Number.NaN);
            expect(waited).toBeGreaterThanOrEqual(SETTLE_MS);
            expect(waited).toBeLessThanOrEqual(REST_MS);
            calm.wrote(key, at);
            written.set(key, at);
            noted.delete(key);
          }
        }
      };
      for (const [key, later] of told) {
        write(now + later);
        now += later;
        calm.note(key, now);
        if (!noted.has(key)) noted.set(key, now);
      }
      write(Number.MAX_SAFE_INTEGER);
      expect([noted.size, calm.size]).toEqual([0, 0]);
    }),
  );
});
