import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Probes } from '../../src/layer2/probes.js';

const ETH0 = new Set(['eth0']);

/** Everything that is sent until nothing waits, with its time. */
function run(probes: Probes, open: ReadonlySet<string> = ETH0): { readonly key: unknown; readonly at: number }[] {
  const sent: { key: unknown; at: number }[] = [];
  for (let now = 0; ; ) {
    const { due, wakeAt } = probes.step(now, open);
    sent.push(...due.map(({ key }) => ({ key, at: now })));
    if (wakeAt === undefined) return sent;
    expect(wakeAt).toBeGreaterThan(now);
    now = wakeAt;
  }
}

describe('an address that is announced', () => {
  test('is asked for at once, and once', () => {
    const probes = new Probes(600);
    probes.ask(1, 'all');
    probes.ask(1, 'all');
    expect(probes.step(0, ETH0)).toEqual({ due: [{ key: 1, on: 'all' }], wakeAt: undefined });
  });

  test('is not asked for when it is released before', () => {
    const probes = new Probes(600);
    probes.ask(1, 'all');
    probes.ask('\u2001\u0db8\0\0\0\0\0\u0001', 'all');
    probes.release([1, 2]);
    expect(run(probes)).toHaveLength(1);
  });

  test('is not asked for where nothing can be sent', () => {
    const probes = new Probes(600);
    probes.ask(1, new Set(['eth1']));
    probes.ask(2, new Set(['eth0', 'eth1']));
    expect(run(probes)).toEqual([{ key: 2, at: 0 }]);
  });
});

test('who asks for many is not woken for each question', () => {
  const probes = new Probes(600);
  for (let key = 0; key < 60; key++) probes.ask(key, 'all');
  expect(new Set(run(probes).map(({ at }) => at)).size).toBeLessThan(30);
});

test('what is refreshed in one second of a thousand addresses is asked for in one wake', () => {
  const probes = new Probes(600);
  for (let key = 0; key < 17; key++) probes.ask(key, 'all');
  expect(new Set(run(probes).map(({ at }) => at)).size).toBe(1);
});

test('however many are asked for, all are, in order, and never more than the rate in any second', () => {
  fc.assert(
    fc.property(fc.integer({ min: 10, max: 1000 }), fc.integer({ min: 1, max: 3000 }), (rate, count) => {
      const probes = new Probes(rate);
      for (let key = 0; key < count; key++) probes.ask(key, 'all');
      const sent = run(probes);
      expect(sent.map(({ key }) => key)).toEqual(Array.from({ length: count }, (_, key) => key));
      let from = 0;
      for (const [to, { at }] of sent.entries()) {
        while ((sent[from]?.at ?? at) < at - 1000) from++;
        expect(to - from + 1).toBeLessThanOrEqual(rate);
      }
    }),
    { numRuns: 30 },
  );
});
