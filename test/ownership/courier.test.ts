/**
 * Words between two couriers over a way that loses, doubles and delays them.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Courier } from '../../src/ownership/courier.js';
import type { Word } from '../../src/ownership/word.js';

const BOOT = '00000000000000aa';

/** What becomes of each datagram in turn, then all arrive: how often, and how much later than it would. */
type Fates = readonly { readonly copies: number; readonly lateMs: number }[];

function carry(said: readonly number[], fates: Fates): number[] {
  const [a, b] = [new Courier('a', BOOT), new Courier('b', BOOT)];
  const heard: number[] = [];
  const way: { at: number; to: Courier; word: Word }[] = [];
  let now = 0;
  let datagrams = 0;
  const put = (to: Courier, word: Word): void => {
    const { copies, lateMs } = fates[datagrams++] ?? { copies: 1, lateMs: 0 };
    for (let i = 0; i < copies; i++) way.push({ at: now + 1 + lateMs * (i + 1), to, word });
  };
  for (const key of said) a.say('b', 'claim', [key]);
  for (; now < 10_000; now++) {
    for (const { word } of a.due(now)) put(b, word);
    const here = way.filter(({ at }) => at <= now);
    for (const one of here) way.splice(way.indexOf(one), 1);
    for (const { to, word } of here) {
      const { news, answer } = to.receive(word);
      if (news) heard.push(...word.keys.map(Number));
      if (answer !== undefined) put(to === a ? b : a, answer.word);
    }
  }
  return heard;
}

const fates = fc.array(fc.record({ copies: fc.nat(2), lateMs: fc.nat(100) }), { maxLength: 60 });

test('whatever the way does, each address is heard of once, and in order', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(100), { maxLength: 10 }), fates, (said, given) => {
      expect(carry(said, given)).toEqual(said);
    }),
    { numRuns: 50 },
  );
});

describe('a courier', () => {
  test('splits what is too much for one datagram', () => {
    const courier = new Courier('a', BOOT);
    courier.say(
      'b',
      'take',
      Array.from({ length: 300 }, (_, i) => i),
    );
    const sizes: number[] = [];
    for (let now = 0; ; now += 25) {
      const [sent] = courier.due(now);
      if (sent === undefined) break;
      sizes.push(sent.word.keys.length);
      courier.receive({ kind: 'received', node: 'b', bootId: BOOT, number: sent.word.number, keys: [] });
    }
    expect(sizes).toEqual([128, 128, 44]);
  });

  test('unsays ten thousand addresses of which a hundred others are not told yet in no time', () => {
    const courier = new Courier('a', BOOT);
    const keys = Array.from({ length: 10_000 }, (_, i) => i);
    for (let peer = 0; peer < 99; peer++) courier.say(`n${peer}`, 'claim', keys);
    courier.due(0);
    const begun = performance.now();
    for (const key of keys) courier.unsay('claim', key);
    // To look through all that waits took minutes.
    expect(performance.now() - begun).toBeLessThan(3000);
    expect(courier.wakeAt).toBe(Number.POSITIVE_INFINITY);
  });

  test('says nothing more to one that is gone, and new words to one that is back', () => {
    const courier = new Courier('a', BOOT);
    courier.say('b', 'take', [1]);
    expect(courier.due(0)).toHaveLength(1);
    courier.forget('b');
    expect(courier.due(25)).toEqual([]);
    expect(courier.wakeAt).toBe(Number.POSITIVE_INFINITY);
    courier.say('b', 'take', [2]);
    expect(courier.due(25)).toMatchObject([{ word: { keys: [2], number: 2 } }]);
  });

  test('takes the word of another life for news, whatever its number', () => {
    const courier = new Courier('b', BOOT);
    const word: Word = { kind: 'claim', node: 'a', bootId: '0000000000000001', number: 9, keys: [1] };
    expect(courier.receive(word).news).toBe(true);
    expect(courier.receive(word).news).toBe(false);
    expect(courier.receive({ ...word, bootId: '0000000000000002', number: 1 }).news).toBe(true);
  });
});

test('what holds no more is not said again, and what comes after it is heard', () => {
  const [a, b] = [new Courier('a', BOOT), new Courier('b', BOOT)];
  a.say('b', 'claim', [1, 2]);
  const [first] = a.due(0);
  a.say('b', 'take', [3]);
  a.unsay('claim', 1);
  const [second] = a.due(1);
  expect(second?.word).toMatchObject({ kind: 'claim', keys: [2], number: 2 });
  a.unsay('claim', 2);
  const [third] = a.due(2);
  expect(third?.word).toMatchObject({ kind: 'take', keys: [3], number: 3 });
  for (const sent of [third, first, second]) if (sent !== undefined) expect(b.receive(sent.word).news).toBe(sent === third);
});

test('who does not listen is told 40 times in a second, then four times a second, and often again when he talks', () => {
  const a = new Courier('a', BOOT);
  a.say('b', 'claim', [1]);
  const said = (from: number, to: number): number => {
    let count = 0;
    for (let now = from; now < to; now++) count += a.due(now).length;
    return count;
  };
  expect(said(0, 1000)).toBe(40);
  expect(said(1000, 11_000)).toBe(40);
  a.receive({ kind: 'take', node: 'b', bootId: BOOT, number: 1, keys: [1] });
  expect(said(11_000, 12_000)).toBe(40);
});
