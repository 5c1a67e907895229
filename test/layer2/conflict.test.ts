import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CONFIRM_AFTER_MS,
  type Conflicts,
  OVER_AFTER_MS,
  reviewConflicts,
  type Sighting,
  sight,
} from '../../src/layer2/conflict.js';
import { mac, v4 } from '../packet/frames.js';

const WEB = v4('192.0.2.10');
const squatter: Sighting = { key: WEB, mac: mac('0a:00:00:00:00:01'), interface: 'eth0' };
const always = { isOurs: (): boolean => true, isStranger: (): boolean => true };
/** Long enough to be sure that nobody was a peer. */
const SURE = 1000;

describe('a stranger who claims an address of ours', () => {
  test('is told of once, and not before it is sure that he is no peer', () => {
    const conflicts: Conflicts = new Map();
    for (const now of [0, 1, 2]) sight(conflicts, squatter, now);
    const first = reviewConflicts(conflicts, always, 3);
    expect(first).toMatchObject({ begun: [], over: [] });
    const { begun, over } = reviewConflicts(conflicts, always, first.wakeAt ?? 0);
    expect(begun).toEqual([{ ...squatter, since: 0, lastAt: 2, claims: 3, confirmed: true }]);
    expect(over).toEqual([]);
    sight(conflicts, squatter, SURE);
    expect(reviewConflicts(conflicts, always, 2 * SURE)).toMatchObject({ begun: [], over: [], wakeAt: SURE + OVER_AFTER_MS });
  });

  test('is never told of when he turns out to be a peer', () => {
    const conflicts: Conflicts = new Map();
    sight(conflicts, squatter, 0);
    const peers = { ...always, isStranger: () => false };
    expect(reviewConflicts(conflicts, peers, SURE)).toEqual({ begun: [], over: [], wakeAt: undefined });
    expect(reviewConflicts(conflicts, always, SURE).begun).toEqual([]);
  });

  test.each<[string, Partial<Sighting>]>([
    ['another MAC', { mac: mac('0a:00:00:00:00:02') }],
    ['another interface', { interface: 'eth1' }],
    ['another address', { key: v4('192.0.2.11') }],
    ['an IPv6 address', { key: '\u2001\u0db8\0\0\0\0\0\u0001' }],
  ])('with %s is another conflict', (_, change) => {
    const conflicts: Conflicts = new Map();
    sight(conflicts, squatter, 0);
    sight(conflicts, { ...squatter, ...change }, 1);
    expect(reviewConflicts(conflicts, always, SURE).begun).toHaveLength(2);
  });

  test('is forgotten when he was not heard for long, and told of anew when he comes again', () => {
    const conflicts: Conflicts = new Map();
    sight(conflicts, squatter, 0);
    reviewConflicts(conflicts, always, SURE);
    sight(conflicts, squatter, SURE);
    expect(reviewConflicts(conflicts, always, SURE + OVER_AFTER_MS - 1).over).toEqual([]);
    expect(reviewConflicts(conflicts, always, SURE + OVER_AFTER_MS).over).toMatchObject([{ since: 0, claims: 2 }]);
    sight(conflicts, squatter, 2 * OVER_AFTER_MS);
    expect(reviewConflicts(conflicts, always, 2 * OVER_AFTER_MS + SURE).begun).toHaveLength(1);
  });

  test('is not forgotten between two questions that are far apart', () => {
    const conflicts: Conflicts = new Map();
    const rarely = { ...always, overAfterMs: 5 * OVER_AFTER_MS };
    sight(conflicts, squatter, 0);
    expect(reviewConflicts(conflicts, rarely, SURE).begun).toHaveLength(1);
    expect(reviewConflicts(conflicts, rarely, 5 * OVER_AFTER_MS - 1).over).toEqual([]);
    expect(reviewConflicts(conflicts, rarely, 5 * OVER_AFTER_MS).over).toHaveLength(1);
  });

  test('is forgotten with the address', () => {
    const conflicts: Conflicts = new Map();
    sight(conflicts, squatter, 0);
    reviewConflicts(conflicts, always, SURE);
    expect(reviewConflicts(conflicts, { ...always, isOurs: (key) => key !== WEB }, SURE).over).toHaveLength(1);
    expect(conflicts.size).toBe(0);
  });
});

test('thousands that begin at a moment each are looked at together', () => {
  const conflicts: Conflicts = new Map();
  let [looks, wakeAt, told] = [0, Number.POSITIVE_INFINITY, 0];
  for (let now = 0; now < 2000; now += 0.5) {
    if (now < 1000) {
      const { since } = sight(conflicts, { ...squatter, key: now }, now) ?? { since: now };
      wakeAt = Math.min(wakeAt, since + CONFIRM_AFTER_MS);
    }
    if (now < wakeAt) continue;
    const reviewed = reviewConflicts(conflicts, always, now);
    told += reviewed.begun.length;
    wakeAt = reviewed.wakeAt ?? Number.POSITIVE_INFINITY;
    looks++;
  }
  expect(told).toBe(2000);
  expect(looks).toBeLessThan(20);
});

test('whatever strangers send, what is remembered is bounded, and everything told of ends once', () => {
  const sighting = fc.record<Sighting>({
    key: fc.constantFrom(WEB, v4('192.0.2.11')),
    mac: fc.record({ high: fc.nat(3), low: fc.nat(9) }),
    interface: fc.constantFrom('eth0', 'eth1'),
  });
  const waitMs = fc.oneof(fc.nat(300), fc.nat(OVER_AFTER_MS));
  fc.assert(
    fc.property(fc.array(fc.tuple(sighting, waitMs), { maxLength: 100 }), (history) => {
      const conflicts: Conflicts = new Map();
      let [now, told, ended] = [0, 0, 0];
      const review = (rules: Parameters<typeof reviewConflicts>[1]): void => {
        const { begun, over, wakeAt } = reviewConflicts(conflicts, rules, now);
        told += begun.length;
        ended += over.length;
        if (wakeAt !== undefined) expect(wakeAt).toBeGreaterThan(now);
        expect(wakeAt === undefined).toBe(conflicts.size === 0);
      };
      for (const [one, wait] of history) {
        now += wait;
        review(always);
        sight(conflicts, one, now);
        expect([...conflicts.values()].reduce((sum, each) => sum + each.size, 0)).toBeLessThanOrEqual(8);
      }
      review({ ...always, isOurs: () => false });
      expect(ended).toBe(told);
      expect(conflicts.size).toBe(0);
    }),
  );
});
