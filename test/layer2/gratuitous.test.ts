import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { On } from '../../src/layer2/claims.js';
import { GRATUITOUS_TIMING, type Gratuitous, type GratuitousInput, QUIET, stepGratuitous } from '../../src/layer2/gratuitous.js';
import type { Ipv4 } from '../../src/net/address.js';

const announce = (...addresses: Ipv4[]): GratuitousInput => ({ kind: 'announce', claims: addresses.map((one) => [one, 'all']) });
const release = (...addresses: Ipv4[]): GratuitousInput => ({ kind: 'release', addresses });

/** Plays inputs at their times, wakes when asked to, and tells when which address was sent: `1100: 1`. */
function play(inputs: Record<number, GratuitousInput>, untilMs = 20_000): string[] {
  const sent: string[] = [];
  const times = Object.keys(inputs).map(Number);
  let state: Gratuitous = QUIET;
  let wakeAt: number | undefined;
  for (;;) {
    const now = Math.min(wakeAt ?? Number.POSITIVE_INFINITY, times[0] ?? Number.POSITIVE_INFINITY);
    if (now > untilMs) return sent;
    const isInput = now === times[0];
    if (isInput) times.shift();
    const step = stepGratuitous(state, isInput ? (inputs[now] ?? { kind: 'time' }) : { kind: 'time' }, now);
    for (const { address } of step.due) sent.push(`${now}: ${address}`);
    ({ state, wakeAt } = step);
  }
}

describe('rounds are sent', () => {
  test.each([
    ['at once and each 1.1 s until 5 s', { 0: announce(1) }, ['0: 1', '1100: 1', '2200: 1', '3300: 1', '4400: 1']],
    [
      'until 5 s after the last announcement, in the rhythm of the first',
      { 0: announce(1), 2000: announce(1) },
      ['0: 1', '1100: 1', '2200: 1', '3300: 1', '4400: 1', '5500: 1', '6600: 1'],
    ],
    ['no more after a release', { 0: announce(1), 1500: release(1) }, ['0: 1', '1100: 1']],
    [
      'anew after a release',
      { 0: announce(1), 1500: release(1), 1600: announce(1), 1700: release(1) },
      ['0: 1', '1100: 1', '1600: 1'],
    ],
    [
      'for each address in its own time',
      { 0: announce(1), 500: announce(2), 1200: release(1, 2, 3) },
      ['0: 1', '500: 2', '1100: 1'],
    ],
  ])('%s', (_, inputs, sent) => {
    expect(play(inputs)).toEqual(sent);
  });

  test('on the interfaces of the last announcement', () => {
    const on = (interfaces: On): GratuitousInput => ({ kind: 'announce', claims: [[1, interfaces]] });
    const first = stepGratuitous(QUIET, on(new Set(['eth0'])), 0);
    const again = stepGratuitous(first.state, on('all'), 500);
    expect(again.due).toEqual([]);
    expect(stepGratuitous(again.state, { kind: 'time' }, 1100).due).toEqual([{ address: 1, on: 'all' }]);
  });

  test('not twice in a row by one who comes late', () => {
    const { state } = stepGratuitous(QUIET, announce(1), 0);
    const late = stepGratuitous(state, { kind: 'time' }, 2100);
    expect(late.due).toHaveLength(1);
    expect(late.wakeAt).toBe(3200);
  });

  test('not at all by one who comes after their end', () => {
    const { state } = stepGratuitous(QUIET, announce(1), 0);
    expect(stepGratuitous(state, { kind: 'time' }, 9000)).toEqual({ state: QUIET, due: [], wakeAt: undefined });
  });

  test('a batch at a time, each address once', () => {
    const addresses = Array.from({ length: 5000 }, (_, i) => i);
    const sent: Ipv4[] = [];
    let step = stepGratuitous(QUIET, announce(...addresses), 0);
    for (;;) {
      expect(step.due.length).toBeLessThanOrEqual(GRATUITOUS_TIMING.batch);
      sent.push(...step.due.map(({ address }) => address));
      if (step.wakeAt !== 0) break;
      step = stepGratuitous(step.state, { kind: 'time' }, 0);
    }
    expect(sent).toEqual(addresses);
    expect(step.wakeAt).toBe(1100);
  });
});

test('whatever happens, a released address is silent, and the rounds end', () => {
  const input = fc.oneof(
    fc.array(fc.nat(5), { maxLength: 4 }).map((addresses) => announce(...addresses)),
    fc.array(fc.nat(5), { maxLength: 4 }).map((addresses) => release(...addresses)),
    fc.constant<GratuitousInput>({ kind: 'time' }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(input, fc.nat(3000)), { maxLength: 30 }), (history) => {
      const held = new Set<Ipv4>();
      let state = QUIET;
      let now = 0;
      for (const [one, waitMs] of history) {
        now += waitMs;
        if (one.kind === 'announce') for (const [address] of one.claims) held.add(address);
        if (one.kind === 'release') for (const address of one.addresses) held.delete(address);
        const step = stepGratuitous(state, one, now);
        expect(step.due.every(({ address }) => held.has(address))).toBe(true);
        state = step.state;
      }
      expect(stepGratuitous(state, { kind: 'time' }, now + 5001).wakeAt).toBeUndefined();
    }),
  );
});
