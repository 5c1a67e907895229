import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changeOver, passOver } from '../../src/layer2/changeover.js';

describe('in the turn in which a capture takes over', () => {
  test.each<[string, string[], string[], number[], Record<string, number>]>([
    ['nothing came', [], [], [], {}],
    ['both saw the same', ['a', 'b'], ['a', 'b'], [], {}],
    ['the new one saw one more', ['a'], ['a', 'b'], [1], {}],
    ['the old one saw one more', ['a', 'b'], ['a'], [], { b: 1 }],
    ['a client asked three times, and the new one saw it once', ['a', 'a', 'a'], ['a'], [], { a: 2 }],
    ['each saw what the other did not', ['a'], ['b'], [0], { a: 1 }],
  ])('%s', (_, answered, seen, missed, repeats) => {
    const result = changeOver(answered, seen);
    expect(result.missed).toEqual(missed);
    expect(Object.fromEntries(result.repeats)).toEqual(repeats);
  });
});

test('whatever is read when, each frame is answered exactly once', () => {
  const world = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 30 }).chain((frames) =>
    fc.record({
      frames: fc.constant(frames),
      /** How many of them each capture handed over before the change. */
      old: fc.nat(frames.length),
      next: fc.nat(frames.length),
    }),
  );
  fc.assert(
    fc.property(world, ({ frames, old, next }) => {
      const count = new Map<string, number>();
      const answer = (frame: string): void => void count.set(frame, (count.get(frame) ?? 0) + 1);
      const [answered, seen] = [frames.slice(0, old), frames.slice(0, next)];
      answered.forEach(answer);
      const { missed, repeats } = changeOver(answered, seen);
      for (const i of missed) answer(seen[i] ?? '');
      for (const frame of frames.slice(next)) if (!passOver(repeats, frame)) answer(frame);
      for (const frame of new Set(frames)) expect(count.get(frame)).toBe(frames.filter((one) => one === frame).length);
      expect(repeats.size).toBe(0);
    }),
  );
});
