import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameBudget } from '../../src/layer2/framebudget.js';
import { mostInASecond } from './gratuitousplay.js';

/** How many frames, one by one, are admitted at that moment. */
function drain(budget: FrameBudget, name: string, now: number): number {
  let count = 0;
  while (budget.readyAt([name], 1) <= now) {
    budget.spend([name], 1, now);
    count++;
  }
  return count;
}

describe('a budget', () => {
  test.each([
    [6000, 60],
    [1000, 10],
    [250, 2],
    [10, 2],
  ])('of %i frames/s admits %i at once', (framesPerSecond, batch) => {
    const budget = new FrameBudget(framesPerSecond);
    expect(budget.batch).toBe(batch);
    expect(drain(budget, 'eth0', 0)).toBe(batch);
  });

  test('saves no more than a batch, however long nothing was sent', () => {
    const budget = new FrameBudget(1010);
    drain(budget, 'eth0', 0);
    expect(drain(budget, 'eth0', 3)).toBe(3);
    expect(drain(budget, 'eth0', 3_600_000)).toBe(10);
  });

  test('is spent on one interface and not on another', () => {
    const budget = new FrameBudget(6000);
    drain(budget, 'eth0', 0);
    expect(budget.readyAt(['eth0'], 1)).toBeGreaterThan(0);
    expect(budget.readyAt(['eth0', 'eth1'], 1)).toBe(budget.readyAt(['eth0'], 1));
    expect(drain(budget, 'eth1', 0)).toBe(60);
  });

  test('forgets interfaces that come and go, and no debt with them', () => {
    const budget = new FrameBudget(6000);
    for (let i = 0; i < 1000; i++) drain(budget, `veth${i}`, i * 5);
    drain(budget, 'eth0', 5000);
    for (let i = 0; i < 100; i++) budget.spend([`veth${i}`], 1, 5000);
    expect(budget.readyAt(['eth0'], 1)).toBeGreaterThan(5000);
  });

  test('admits at the very moment it named', () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 20_000 }), fc.double({ min: 0, max: 1e9, noNaN: true }), (framesPerSecond, now) => {
        const budget = new FrameBudget(framesPerSecond);
        drain(budget, 'eth0', now);
        for (const frames of [1, 2, budget.batch]) {
          const at = budget.readyAt(['eth0'], frames);
          for (let fewer = frames; fewer > 0; fewer--) expect(budget.readyAt(['eth0'], fewer)).toBeLessThanOrEqual(at);
          expect(drain(budget, 'eth0', at)).toBeGreaterThan(0);
        }
      }),
    );
  });

  test('admits no more than it says in any second, and nearly that much', () => {
    const waits = fc.array(fc.double({ min: 0, max: 40, noNaN: true }), { minLength: 100, maxLength: 300 });
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 3000 }), waits, (framesPerSecond, history) => {
        const budget = new FrameBudget(framesPerSecond);
        const times: number[] = [];
        let now = 0;
        for (const wait of history) {
          now += wait;
          for (let i = drain(budget, 'eth0', now); i > 0; i--) times.push(now);
        }
        expect(mostInASecond(times)).toBeLessThanOrEqual(framesPerSecond);
      }),
      { numRuns: 50 },
    );
    const steady = new FrameBudget(6000);
    let sent = 0;
    for (let now = 0; now < 1000; now += 5) sent += drain(steady, 'eth0', now);
    expect(sent).toBeGreaterThan(5900);
  });
});
