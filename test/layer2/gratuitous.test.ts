import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { On } from '../../src/layer2/ballot.js';
import { DueQueue } from '../../src/layer2/duequeue.js';
import { GRATUITOUS_TIMING, Gratuitous, type GratuitousInput, type GratuitousTiming } from '../../src/layer2/gratuitous.js';
import { type AddressKey, addressKey, ipv6 } from '../../src/net/address.js';
import {
  announce,
  type Event,
  mostInASecond,
  NaiveGratuitous,
  play,
  ROUNDS_ONLY,
  release,
  type Sent,
  whereTo,
} from './gratuitousplay.js';

const V6 = addressKey(ipv6([0xfd000000, 0, 0, 1]));
const ETH0: ReadonlySet<string> = new Set(['eth0']);
const ETH1: ReadonlySet<string> = new Set(['eth1']);
const BOTH: ReadonlySet<string> = new Set(['eth0', 'eth1']);
const TIME: GratuitousInput = { kind: 'time' };
/** A budget of 42 frames a second makes times that are no round numbers. */
const ROUNDING_MS = 1e-6;
const keys = (count: number, from = 0): AddressKey[] => Array.from({ length: count }, (_, i) => from + i);

/** When which address began a round: `1100: 1`. */
const rounds = (sent: readonly Sent[]): string[] =>
  sent.filter(({ operation }) => operation !== 'reply').map(({ at, key }) => `${at}: ${key}`);
const frames = (sent: readonly Sent[]): string[] =>
  sent.map(({ at, kind, operation, key }) => `${at} ${kind} ${operation} ${key}`);

describe('rounds are sent', () => {
  test.each<[string, Record<number, GratuitousInput>, string[]]>([
    ['at once and each 1.1 s until 5 s', { 0: announce([1]) }, ['0: 1', '1100: 1', '2200: 1', '3300: 1', '4400: 1']],
    [
      'until 5 s after the last announcement, in the rhythm of the first',
      { 0: announce([1]), 2000: announce([1]) },
      ['0: 1', '1100: 1', '2200: 1', '3300: 1', '4400: 1', '5500: 1', '6600: 1'],
    ],
    [
      'in the same rhythm when they would just be over',
      { 0: announce([1]), 5000: announce([1]), 5600: release(1) },
      ['0: 1', '1100: 1', '2200: 1', '3300: 1', '4400: 1', '5500: 1'],
    ],
    [
      'anew when they are over',
      { 0: announce([1]), 7000: announce([1]), 8200: release(1) },
      ['0: 1', '1100: 1', '2200: 1', '3300: 1', '4400: 1', '7000: 1', '8100: 1'],
    ],
    ['no more after a release', { 0: announce([1]), 1500: release(1) }, ['0: 1', '1100: 1']],
    [
      'anew after a release',
      { 0: announce([1]), 1500: release(1), 1600: announce([1]), 1700: release(1) },
      ['0: 1', '1100: 1', '1600: 1'],
    ],
    [
      'for each address in its own time',
      { 0: announce([1]), 500: announce([2]), 1200: release(1, 2, 3) },
      ['0: 1', '500: 2', '1100: 1'],
    ],
    ['once for an address that is named twice', { 0: announce([1, 1]), 1000: release(1) }, ['0: 1']],
  ])('%s', (_, inputs, expected) => {
    expect(rounds(play(Object.entries(inputs).map(([at, input]) => ({ at: Number(at), input }))))).toEqual(expected);
  });

  test('as a request and a reply for IPv4, as one advertisement for IPv6', () => {
    const sent = play([
      { at: 0, input: announce([7, V6, 8]) },
      { at: 1200, input: release(7, 8, V6) },
    ]);
    expect(frames(sent)).toEqual([
      '0 first request 7',
      '0 first reply 7',
      `0 first advertisement ${V6}`,
      '0 first request 8',
      '0 first reply 8',
      '1100 round request 7',
      '1100 round reply 7',
      `1100 round advertisement ${V6}`,
      '1100 round request 8',
      '1100 round reply 8',
    ]);
  });

  test('on the interfaces of the last announcement', () => {
    const sent = play([
      { at: 0, input: announce([1], ETH0), open: BOTH },
      { at: 500, input: announce([1], ETH1) },
      { at: 1200, input: announce([1], 'all') },
      { at: 2300, input: release(1) },
    ]);
    const where = sent.map(({ at, operation, interfaces }) => `${at} ${operation} ${interfaces}`);
    expect(where).toEqual([
      '0 request eth0',
      '0 reply eth0',
      '1100 request eth1',
      '1100 reply eth1',
      '2200 request eth0,eth1',
      '2200 reply eth0,eth1',
    ]);
  });

  test('when an interface opens, if none was open before', () => {
    const sent = play([
      { at: 0, input: announce([1], ETH1), open: ETH0 },
      { at: 9000, input: TIME, open: BOTH },
    ]);
    expect(rounds(sent)).toEqual(['9000: 1', '10100: 1', '11200: 1', '12300: 1', '13400: 1']);
  });

  test('late, and not twice in a row, when the caller is late: none is lost', () => {
    const late = play([{ at: 0, input: announce([1]) }], { lateMs: (n) => (n === 1 ? 8000 : 0) });
    expect(rounds(late)).toEqual(['0: 1', '9100: 1', '10200: 1', '11300: 1', '12400: 1']);
  });
});

describe('of many addresses', () => {
  test('up to 30 are sent in pairs, and more a pass of requests first', () => {
    const few = play([{ at: 0, input: announce(keys(30)) }], { untilMs: 0 });
    expect(few.map(({ operation }) => operation)).toEqual(keys(30).flatMap(() => ['request', 'reply']));
    const many = play([{ at: 0, input: announce(keys(31)) }], { untilMs: 100 });
    expect(many.map(({ operation, key }) => `${operation} ${key}`)).toEqual([
      ...keys(31).map((key) => `request ${key}`),
      ...keys(31).map((key) => `reply ${key}`),
    ]);
  });

  test('the newest go first, and before replies and rounds of others', () => {
    const timing = { ...ROUNDS_ONLY, framesPerSecond: 202 };
    const sent = play(
      [
        { at: 0, input: announce(keys(3)) },
        { at: 1, input: announce(keys(3, 10)) },
      ],
      { timing, untilMs: 60 },
    );
    expect(sent.map(({ operation, key }) => `${operation} ${key}`)).toEqual([
      'request 0',
      'request 1',
      'request 10',
      'request 11',
      'request 12',
      'request 2',
      'reply 10',
      'reply 11',
      'reply 12',
      'reply 0',
      'reply 1',
      'reply 2',
    ]);
  });

  test('one that is released is not sent its owed reply', () => {
    const sent = play([
      { at: 0, input: announce(keys(100)) },
      { at: 1, input: release(0, 99) },
    ]);
    const of = (key: AddressKey): string[] => sent.filter((one) => one.key === key).map(({ operation }) => operation);
    expect([of(0), of(99)]).toEqual([['request'], []]);
    expect(of(1)).toHaveLength(10);
  });

  test('those on one interface do not slow down those on another', () => {
    const sent = play(
      [
        { at: 0, input: announce(keys(3000), ETH0), open: BOTH },
        { at: 0, input: announce(keys(3000, 10_000), ETH1) },
      ],
      { untilMs: 2500 },
    );
    const requests = (name: string): number[] =>
      sent
        .filter(({ kind, operation, on }) => kind === 'first' && operation === 'request' && on !== 'all' && on.has(name))
        .map(({ at }) => at);
    for (const name of BOTH) {
      expect(requests(name)).toHaveLength(3000);
      expect(requests(name).at(-1)).toBeLessThan(550);
    }
  });

  test('those on all interfaces are not kept waiting for ever by those on one', () => {
    const sent = play(
      [
        { at: 0, input: announce(keys(40), ETH0), open: BOTH },
        { at: 0, input: announce(keys(40, 100), ETH1) },
        { at: 0, input: announce([1000], 'all') },
      ],
      { timing: { ...ROUNDS_ONLY, framesPerSecond: 10 }, untilMs: 600_000 },
    );
    const times = sent.filter(({ key }) => key === 1000).map(({ at }) => at);
    expect(times).toHaveLength(10);
    expect(times[0]).toBe(125);
  });
});

describe('of 5,000 addresses', () => {
  const NEW = 77_777;
  const sent = play(
    [
      { at: 0, input: announce(keys(5000)) },
      { at: 3003, input: announce([NEW]) },
    ],
    { lateMs: (n) => n % 4 },
  );
  const first = (operation: string): Sent[] =>
    sent.filter((one) => one.kind === 'first' && one.operation === operation && one.key !== NEW);

  test('each has its request within a second, though the caller is always late', () => {
    expect(first('request').map(({ key }) => key)).toEqual(keys(5000));
    expect(first('request').at(-1)?.at).toBeLessThan(1000);
  });

  test('each has its reply when all have their request', () => {
    expect(first('reply').map(({ key }) => key)).toEqual(keys(5000));
    expect(sent.slice(0, 10_000).map(({ kind }) => kind)).toEqual(Array(10_000).fill('first'));
    expect(sent.slice(0, 5000).every(({ operation }) => operation === 'request')).toBe(true);
  });

  test('each has its five rounds, and a new one does not wait for them', () => {
    const count = new Map<AddressKey, number>();
    for (const { key } of sent) count.set(key, (count.get(key) ?? 0) + 1);
    expect(new Set(count.values())).toEqual(new Set([10]));
    expect(count.size).toBe(5001);
    expect(sent.find(({ key }) => key === NEW)?.at).toBeLessThan(3010);
    expect(sent.at(-1)?.at).toBeLessThan(10_000);
  });

  test('no second has more frames than the budget', () => {
    expect(mostInASecond(sent.map(({ at }) => at))).toBeLessThanOrEqual(6000);
  });
});

describe('a stalled caller', () => {
  test('finds no more than a batch to send, and then the usual rate', () => {
    const steps: [number, number][] = [];
    play([{ at: 0, input: announce(keys(2000)) }], {
      untilMs: 12_000,
      lateMs: (n) => (n === 10 ? 10_000 : 0),
      onStep: ({ due }, now) => steps.push([now, due.length]),
    });
    expect(Math.max(...steps.map(([, count]) => count))).toBe(60);
    const after = steps.filter(([now]) => now >= 10_000 && now < 11_000);
    expect(after.reduce((sum, [, count]) => sum + count, 0)).toBeLessThanOrEqual(6000);
  });
});

describe('refreshes', () => {
  const REFRESHED: GratuitousTiming = GRATUITOUS_TIMING;
  const refreshes = (sent: readonly Sent[]): Sent[] =>
    sent.filter(({ kind, operation }) => kind === 'refresh' && operation !== 'reply');

  test('come once a minute after the rounds, and end with a release', () => {
    const sent = refreshes(
      play(
        [
          { at: 0, input: announce([1, V6]) },
          { at: 300_000, input: release(1) },
        ],
        { timing: REFRESHED, untilMs: 600_000 },
      ),
    );
    const times = (key: AddressKey): number[] => sent.filter((one) => one.key === key).map(({ at }) => at);
    expect(times(1)).toHaveLength(5);
    expect(times(V6)).toHaveLength(10);
    expect(times(1)[0]).toBeGreaterThan(5500);
    for (const [i, at] of times(V6).entries()) expect(at - i * 60_000).toBeCloseTo(times(V6)[0] ?? Number.NaN, 6);
  });

  test.each([undefined, 0])('do not come when their interval is %s', (refreshMs) => {
    const step = (at: number) => ({ at, input: TIME });
    const timing = { ...GRATUITOUS_TIMING, refreshMs };
    let wakeAt: number | undefined;
    const sent = play([{ at: 0, input: announce([1]) }, step(10_000)], {
      timing,
      untilMs: 600_000,
      onStep: (one) => {
        wakeAt = one.wakeAt;
      },
    });
    expect(sent).toHaveLength(10);
    expect(wakeAt).toBeUndefined();
  });

  test('give way to rounds', () => {
    const timing = { ...GRATUITOUS_TIMING, framesPerSecond: 42, refreshMs: 2000 };
    const sent = play(
      [
        { at: 0, input: announce(keys(4)) },
        { at: 20_000, input: announce(keys(60, 100)) },
      ],
      { timing, untilMs: 30_000 },
    );
    const during = sent.filter(({ at }) => at >= 20_000 && at < 30_000);
    expect(during.length).toBeGreaterThan(390);
    expect(during.filter(({ kind }) => kind === 'refresh')).toEqual([]);
    expect(refreshes(sent.filter(({ at }) => at < 20_000)).length).toBeGreaterThanOrEqual(4 * 6);
  });

  test('of 5,000 addresses are some 83 in each second', () => {
    const sent = refreshes(play([{ at: 0, input: announce(keys(5000)) }], { timing: REFRESHED, untilMs: 140_000 }));
    const minute = sent.filter(({ at }) => at >= 80_000 && at < 140_000);
    expect(new Set(minute.map(({ key }) => key)).size).toBe(5000);
    expect(minute).toHaveLength(5000);
    expect(mostInASecond(minute.map(({ at }) => at))).toBeLessThan(140);
  });
});

describe('whatever happens', () => {
  const key = fc.oneof(fc.nat(6), fc.constantFrom(V6, addressKey(ipv6([0xfd000000, 0, 0, 2]))));
  const on = fc.constantFrom<On>('all', ETH0, ETH1, BOTH, new Set(['eth0', 'eth9']));
  const input = fc.oneof(
    fc
      .array(fc.tuple(key, on), { maxLength: 6 })
      .map((claims): GratuitousInput => ({ kind: 'announce', claims: claims.map(([one, where]) => [one, where] as const) })),
    fc.array(key, { maxLength: 3 }).map((some): GratuitousInput => ({ kind: 'release', keys: some })),
    fc.constant<GratuitousInput>(TIME),
  );
  const open = fc.constantFrom(BOTH, BOTH, BOTH, ETH0, ETH1, new Set<string>());
  const waitMs = fc.oneof(fc.nat(30), fc.nat(3000), fc.constant(1100));
  const history = fc.array(fc.tuple(input, waitMs, open), { maxLength: 40 });
  // Frames that cost whole milliseconds: 125, 25, 5 and 1.
  const timing = fc.record({
    framesPerSecond: fc.constantFrom(10, 42, 202, 1010),
    refreshMs: fc.constantFrom(undefined, 700, 5000),
    intervalMs: fc.constant(1100),
    durationMs: fc.constant(5000),
  });
  const played = fc.tuple(history, timing, fc.array(fc.nat(1500), { minLength: 1, maxLength: 5 }));
  type Played = typeof played extends fc.Arbitrary<infer T> ? T : never;

  /** The history on its own clock, and then time enough with everything open. */
  function playOut([steps, its, lates]: Played, stepper?: Gratuitous): { sent: Sent[]; events: Event[]; endMs: number } {
    let at = 0;
    const events = steps.map(([one, wait, isOpen]): Event => {
      at += wait;
      return { at, input: one, open: isOpen };
    });
    events.push({ at: at + 1, input: TIME, open: BOTH });
    const endMs = at + 60_000;
    const options = { timing: its, untilMs: endMs, lateMs: (n: number) => (n % 3 === 0 ? (lates[n % lates.length] ?? 0) : 0) };
    return { sent: play(events, stepper === undefined ? options : { ...options, stepper }), events, endMs };
  }

  test('it does what the naive model does', () => {
    const steps = fc.array(fc.tuple(input, waitMs, open), { minLength: 20, maxLength: 80 });
    fc.assert(
      fc.property(steps, timing, (some, its) => {
        const [real, naive] = [new Gratuitous(its), new NaiveGratuitous(its)];
        let now = 0;
        for (const [one, wait, isOpen] of some) {
          now += wait;
          expect(real.step(one, now, isOpen).due).toEqual(naive.step(one, now, isOpen).due);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('the budget of no interface is exceeded', () => {
    fc.assert(
      fc.property(played, (one) => {
        const { sent } = playOut(one);
        for (const name of BOTH) {
          const times = sent.filter(({ interfaces }) => interfaces.includes(name)).map(({ at }) => at);
          expect(mostInASecond(times)).toBeLessThanOrEqual(one[1].framesPerSecond);
        }
      }),
    );
  });

  test('a released address is silent, and nothing goes where nothing is open', () => {
    fc.assert(
      fc.property(played, (one) => {
        const { sent, events } = playOut(one);
        for (const { at, key: address, interfaces, on: where } of sent) {
          const before = events.filter((event) => event.at <= at);
          const isNamed = ({ input: its }: Event): boolean =>
            (its.kind === 'announce' && [...its.claims].some(([each]) => each === address)) ||
            (its.kind === 'release' && [...its.keys].includes(address));
          // What happens at one moment is in doubt here: the model is exact about it.
          const now = before.filter((event) => event.at === at && isNamed(event));
          if (now.length > 1 || now.some(({ input: its }) => its.kind === 'release')) continue;
          expect(before.findLast(isNamed)?.input.kind).toBe('announce');
          expect(interfaces).not.toEqual([]);
          expect(interfaces.every((name) => whereTo(where, BOTH).includes(name))).toBe(true);
        }
      }),
    );
  });

  test('rounds of one address are 1.1 s apart, a request before its reply', () => {
    fc.assert(
      fc.property(played, (one) => {
        const { sent, events } = playOut(one);
        for (const address of new Set(sent.map(({ key: each }) => each))) {
          const releases = events.filter(({ input: its }) => its.kind === 'release' && [...its.keys].includes(address));
          let last: Sent | undefined;
          for (const frame of sent.filter((each) => each.key === address)) {
            const isAnew = last === undefined || releases.some(({ at }) => at >= (last?.at ?? 0) && at <= frame.at);
            if (frame.operation === 'reply') expect(last?.operation).toBe('request');
            else if (!isAnew) {
              expect(last?.operation).not.toBe('request');
              expect(frame.at - (last?.at ?? 0)).toBeGreaterThanOrEqual(1100 - ROUNDING_MS);
            }
            last = frame;
          }
        }
      }),
    );
  });

  test('all rounds that are owed are sent in the end', () => {
    fc.assert(
      fc.property(played, (one) => {
        const { sent, events } = playOut(one);
        for (const address of new Set(sent.map(({ key: each }) => each))) {
          const last = events.findLast(
            ({ input: its }) =>
              its.kind !== 'time' && [...(its.kind === 'release' ? its.keys : its.claims)].flat().includes(address),
          );
          if (last?.input.kind !== 'announce') continue;
          const begun = sent.filter(
            ({ key: each, at, kind, operation }) =>
              each === address && at >= last.at && kind !== 'refresh' && operation !== 'request',
          );
          // The rhythm may have a round just before: then four fit into 5 s.
          expect(begun.length).toBeGreaterThanOrEqual(4);
        }
      }),
    );
  });

  test('it is the same each time', () => {
    fc.assert(
      fc.property(played, (one) => {
        expect(playOut(one, new Gratuitous(one[1])).sent).toEqual(playOut(one, new Gratuitous(one[1])).sent);
      }),
      { numRuns: 20 },
    );
  });
});

describe('a step', () => {
  afterEach(() => vi.restoreAllMocks());

  test('touches the addresses it sends, not those it holds', () => {
    const gratuitous = new Gratuitous();
    let { wakeAt } = gratuitous.step(announce(keys(5000)), 0, ETH0);
    const [push, remove, peek] = [
      vi.spyOn(DueQueue.prototype, 'push'),
      vi.spyOn(DueQueue.prototype, 'remove'),
      vi.spyOn(DueQueue.prototype, 'peek'),
    ];
    const calls = (): number => push.mock.calls.length + remove.mock.calls.length + peek.mock.calls.length;
    for (let steps = 0; wakeAt !== undefined && steps < 1000; steps++) {
      const before = calls();
      const { due, wakeAt: next } = gratuitous.step(TIME, wakeAt, ETH0);
      // In and out of a queue, and a look at four of them; once more for who has to wait, and for when to wake.
      expect(calls() - before).toBeLessThanOrEqual(6 * due.length + 6);
      wakeAt = next;
    }
  });
});
