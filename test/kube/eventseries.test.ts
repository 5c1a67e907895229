import { expect, test } from 'vitest';
import { EventSeries } from '../../src/kube/eventseries.js';

test('the same event is counted, another is new', () => {
  const series = new EventSeries();
  expect(series.tell('a', 'web', 5)).toEqual({ tell: 'new', id: 1 });
  expect(series.tell('a', 'web', 9)).toEqual({ tell: 'again', id: 1, count: 2, firstAtMs: 5 });
  expect(series.tell('b', 'web', 9)).toEqual({ tell: 'new', id: 2 });
  expect(series.tell('a', 'web', 600_000)).toEqual({ tell: 'again', id: 1, count: 3, firstAtMs: 5 });
});

test('a series that was silent for ten minutes begins anew', () => {
  const series = new EventSeries();
  series.tell('a', 'web', 0);
  expect(series.tell('a', 'web', 600_000)).toEqual({ tell: 'new', id: 2 });
});

test('of one object 25 are told, then one in five minutes; of others as many', () => {
  const series = new EventSeries();
  const told = (about: string, nowMs: number): boolean => series.tell(`${nowMs} ${about}`, about, nowMs).tell !== 'nothing';
  const first = Array.from({ length: 30 }, (_, i) => told('web', i));
  expect(first.filter((one) => one).length).toBe(25);
  expect([told('api', 30), told('web', 299_000), told('web', 301_000), told('web', 302_000)]).toEqual([true, false, true, false]);
});

test('what is remembered is bounded', () => {
  const series = new EventSeries();
  series.tell('first', 'first', 0);
  for (let i = 0; i < 5000; i++) series.tell(`e${i}`, `o${i}`, 1);
  expect(series.tell('first', 'first', 2)).toMatchObject({ tell: 'new' });
});

test('what says nothing any more is forgotten: series of ten minutes ago, and budgets that are full again', () => {
  const series = new EventSeries();
  for (let i = 0; i < 100; i++) series.tell(`e${i}`, `o${i}`, i);
  expect(series.size).toBe(200);
  series.tell('later', 'another', 300_000);
  expect(series.size).toBe(100 + 1 + 99 + 1);
  series.tell('last', 'another', 700_000);
  expect(series.size).toBe(2 + 1);
});
