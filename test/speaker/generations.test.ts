import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Generations } from '../../agents/speaker/view/generations.js';

/** A list with these counts of carrier changes, begun after everything that was heard so far. */
const list = (generations: Generations, counts: Record<number, number | undefined>, mark = generations.mark) =>
  generations.listed(new Map(Object.entries(counts).map(([index, count]) => [Number(index), count])), mark);

describe('the generation of an interface', () => {
  test.each<[string, (generations: Generations) => number | undefined, boolean]>([
    ['stays when nothing happens', (g) => list(g, { 2: 7 }).get(2), false],
    [
      'grows with an interruption, though it looks the same again',
      (g) => {
        g.interrupted(2);
        return list(g, { 2: 7 }).get(2);
      },
      true,
    ],
    ['grows with the count of carrier changes', (g) => list(g, { 2: 9 }).get(2), true],
    [
      'stays when another is interrupted',
      (g) => {
        g.interrupted(3);
        return list(g, { 2: 7 }).get(2);
      },
      false,
    ],
    [
      'grows when events were lost',
      (g) => {
        g.interruptedAll();
        return list(g, { 2: 7 }).get(2);
      },
      true,
    ],
    [
      'stays in a list that was begun before the interruption',
      (g) => {
        const mark = g.mark;
        g.interrupted(2);
        return list(g, { 2: 7 }, mark).get(2);
      },
      false,
    ],
  ])('%s', (_, happen, grows) => {
    const generations = new Generations();
    const before = list(generations, { 2: 7 }).get(2) ?? 0;
    const after = happen(generations) ?? 0;
    expect(after > before).toBe(grows);
    expect(after).toBeGreaterThanOrEqual(before);
  });

  test('grows in the list after the one that was begun too early', () => {
    const generations = new Generations();
    const { mark } = generations;
    generations.interrupted(2);
    const before = list(generations, { 2: 7 }, mark).get(2) ?? 0;
    expect(list(generations, { 2: 7 }).get(2)).toBeGreaterThan(before);
  });

  test('grows once when the count tells first what an event tells later', () => {
    const generations = new Generations();
    list(generations, { 2: 7 });
    const { mark } = generations;
    generations.interrupted(2);
    const first = list(generations, { 2: 9 }, mark);
    expect(list(generations, { 2: 9 })).toEqual(first);
  });

  test('never falls while it is listed, and grows with every interruption heard before a list', () => {
    const steps = fc.array(fc.constantFrom('list', 'interrupt', 'lose', 'count', 'other'), { maxLength: 40 });
    fc.assert(
      fc.property(steps, (happening) => {
        const generations = new Generations();
        let [last, count, isDue] = [list(generations, { 2: 0 }).get(2) ?? 0, 0, false];
        for (const one of happening) {
          if (one === 'interrupt') generations.interrupted(2);
          else if (one === 'lose') generations.interruptedAll();
          else if (one === 'other') generations.interrupted(3);
          else if (one === 'count') count += 2;
          if (one !== 'list') {
            isDue ||= one !== 'other';
            continue;
          }
          const now = list(generations, { 2: count }).get(2) ?? 0;
          expect(now > last).toBe(isDue);
          [last, isDue] = [now, false];
        }
      }),
    );
  });
});
