import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Carving,
  exclude,
  remaining,
  reserveAddress,
  reserveAny,
  reservedEntries,
  uncarved,
} from '../../src/config/carving.js';
import { parseRangeOrAddress } from '../../src/config/subnet.js';
import type { Parsed } from '../../src/issue/issue.js';
import { addressFromBigInt, addressToBigInt, formatAddress, isBuggy, parseAddress } from '../../src/net/address.js';
import { type Range, rangeContains } from '../../src/net/range.js';

const POOL = ['192.168.1.240-192.168.1.255', '10.0.0.0/29', 'fd00::/120'];

type Step = (carving: Carving) => Parsed<Carving>;
const without =
  (text: string): Step =>
  (carving) => {
    const range = parseRangeOrAddress(text);
    return range.ok ? exclude(carving, range.value) : range;
  };
const keep =
  (name: string, text?: string): Step =>
  (carving) => {
    if (text === undefined) return reserveAny(carving, name, 'IPv4');
    const address = parseAddress(text);
    return address.ok ? reserveAddress(carving, name, address.value) : address;
  };

function carve(
  entries: readonly string[],
  steps: readonly Step[],
  avoidBuggyIPs = false,
): { carving: Carving; issues: string[] } {
  let carving = uncarved(entries, avoidBuggyIPs);
  const issues: string[] = [];
  for (const step of steps) {
    const next = step(carving);
    if (next.ok) carving = next.value;
    else issues.push(...next.issues.map(({ code, message }) => `${code} ${message}`));
  }
  return { carving, issues };
}

describe('what is left of a pool', () => {
  test.each<[string, readonly Step[], readonly string[]]>([
    ['is as it was written when nothing is taken out', [], POOL],
    [
      'is in pieces where something is taken out, and as written elsewhere',
      [without('192.168.1.244/31')],
      ['192.168.1.240-192.168.1.243', '192.168.1.246-192.168.1.255', '10.0.0.0/29', 'fd00::/120'],
    ],
    ['lacks entries that are gone', [without('10.0.0.0-10.0.0.7')], [POOL[0] ?? '', POOL[2] ?? '']],
    ['lacks a single address', [without('10.0.0.6')], [POOL[0] ?? '', '10.0.0.0-10.0.0.5', '10.0.0.7/32', POOL[2] ?? '']],
    ['lacks an address that is reserved', [keep('web', '10.0.0.0')], [POOL[0] ?? '', '10.0.0.1-10.0.0.7', POOL[2] ?? '']],
    ['may have been excluded twice', [without('10.0.0.0/30'), without('10.0.0.0/29')], [POOL[0] ?? '', POOL[2] ?? '']],
  ])('%s', (_, steps, left) => {
    const { carving, issues } = carve(POOL, steps);
    expect([remaining(POOL, carving), issues]).toEqual([left, []]);
  });
});

describe('a pool refuses', () => {
  test.each<[string, readonly Step[], RegExp]>([
    [
      'to exclude what it does not have',
      [without('10.1.0.0/24')],
      /^OUTSIDE_POOL cannot exclude 10\.1\.0\.0-10\.1\.0\.255: .* not in the pool$/,
    ],
    [
      'to exclude more than it has',
      [without('10.0.0.6-10.0.0.9')],
      /^OUTSIDE_POOL cannot exclude .*: 10\.0\.0\.8-10\.0\.0\.9 is not in/,
    ],
    [
      'to exclude what is reserved',
      [keep('web', '10.0.0.3'), without('10.0.0.0/29')],
      /^OUTSIDE_POOL .* 10\.0\.0\.3 is reserved for "web"$/,
    ],
    [
      'to reserve what it does not have',
      [keep('web', '10.0.0.8')],
      /^OUTSIDE_POOL cannot reserve 10\.0\.0\.8 for "web": it is not in the pool$/,
    ],
    ['to reserve what is excluded', [without('10.0.0.3'), keep('web', '10.0.0.3')], /^OUTSIDE_POOL .* it is excluded/],
    ['to reserve an address twice', [keep('web', '10.0.0.3'), keep('db', '10.0.0.3')], /^RESERVED_TWICE .* reserved for "web"$/],
    ['to reserve for a name twice', [keep('web', '10.0.0.3'), keep('web', '10.0.0.4')], /^RESERVED_TWICE "web" has 10\.0\.0\.3/],
    ['to choose for a name twice', [keep('web'), keep('web')], /^RESERVED_TWICE "web" has/],
  ])('%s', (_, steps, message) => {
    const { issues } = carve(POOL, steps);
    expect(issues).toEqual([expect.stringMatching(message)]);
  });

  test('to reserve what it never gives', () => {
    expect(carve(POOL, [keep('web', '192.168.1.255')], true).issues).toEqual([expect.stringContaining('avoidBuggyIPs')]);
  });

  test('to reserve more than it has', () => {
    const names = Array.from({ length: 5 }, (_, i) => keep(`s${i}`));
    expect(carve(['10.0.0.0/30', 'fd00::/64'], names).issues).toEqual([
      'POOL_EXHAUSTED cannot reserve an address for "s4": the pool has no free IPv4 address',
    ]);
  });
});

function rangeHas(range: Range, text: string): boolean {
  const address = parseAddress(text);
  return address.ok && rangeContains(range, address.value);
}

const addressOf = ({ carving }: { carving: Carving }, name: string): string => {
  const address = carving.reserved.get(name);
  return address === undefined ? 'none' : formatAddress(address);
};

describe('an address that is chosen for a name', () => {
  const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 12 });

  test('is the same for ever', () => {
    const { carving } = carve(
      ['192.168.1.0/24'],
      ['web', 'db', 'mail'].map((name) => keep(name)),
    );
    expect([...carving.reserved].map(([name, address]) => [name, formatAddress(address)])).toMatchInlineSnapshot(`
      [
        [
          "web",
          "192.168.1.228",
        ],
        [
          "db",
          "192.168.1.84",
        ],
        [
          "mail",
          "192.168.1.94",
        ],
      ]
    `);
  });

  test('is its own, in the pool, and never one the pool avoids', () => {
    fc.assert(
      fc.property(names, fc.boolean(), (chosen, avoid) => {
        const { carving, issues } = carve(
          ['10.0.0.250-10.0.1.8'],
          chosen.map((name) => keep(name)),
          avoid,
        );
        expect(issues).toEqual([]);
        expect(new Set([...carving.reserved.values()].map(formatAddress)).size).toBe(chosen.length);
        expect(avoid && [...carving.reserved.values()].some(isBuggy)).toBe(false);
      }),
    );
  });

  test('hangs on no other reservation that is not on its place', () => {
    fc.assert(
      fc.property(names, fc.string({ minLength: 7, maxLength: 9 }), (chosen, last) => {
        const alone = carve(['10.0.0.0/25'], [keep(last)]);
        const before = carve(
          ['10.0.0.0/25'],
          chosen.map((name) => keep(name)),
        );
        const after = carve(
          ['10.0.0.0/25'],
          [...chosen, last].map((name) => keep(name)),
        );
        for (const name of chosen) expect(addressOf(after, name)).toBe(addressOf(before, name));
        const isFree = ![...before.carving.reserved.values()].map(formatAddress).includes(addressOf(alone, last));
        if (isFree) expect(addressOf(after, last)).toBe(addressOf(alone, last));
      }),
    );
  });

  test.each<[string, string, bigint]>([
    ['that is ranked whole', '10.0.0.0', 40n],
    ['that is drawn from', '10.0.0.0', 60_000n],
    ['of IPv6', 'fd00::', (1n << 40n) - 1n],
  ])('of a pool %s moves only to an address that joins, or from one that goes', (_, base, size) => {
    const start = parseAddress(base);
    if (!start.ok) throw new Error(base);
    const { family } = start.value;
    const at = (offset: bigint): string => formatAddress(addressFromBigInt(family, addressToBigInt(start.value) + offset));
    const choose = (entries: readonly string[], name: string, steps: readonly Step[] = []): string =>
      addressOf(carve(entries, [...steps, (carving) => reserveAny(carving, name, family)]), name);
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 6 }), fc.bigInt({ min: 1n, max: size / 8n }), (name, more) => {
        const small = [`${at(0n)}-${at(size - more)}`];
        const large = [`${at(0n)}-${at(size)}`];
        const [before, after] = [choose(small, name), choose(large, name)];
        const joined = parseRangeOrAddress(`${at(size - more + 1n)}-${at(size)}`);
        const isNew = joined.ok && rangeHas(joined.value, after);
        expect(isNew || after === before).toBe(true);
        if (!isNew) expect(choose(large, name, [without(`${at(size - more + 1n)}-${at(size)}`)])).toBe(after);
      }),
      { numRuns: 60 },
    );
  });

  test('seldom moves when a pool grows by one', () => {
    const names = Array.from({ length: 200 }, (_, i) => `service-${i}`);
    const chosen = (entries: readonly string[]): string[] => names.map((name) => addressOf(carve(entries, [keep(name)]), name));
    const after = chosen(['10.0.0.0-10.0.0.20']);
    const moved = chosen(['10.0.0.0-10.0.0.19']).filter((address, i) => address !== after[i]);
    expect(moved.length).toBeGreaterThan(0);
    expect(moved.length).toBeLessThan(20);
  });

  test('of a huge pool with a huge hole is found at once', () => {
    const huge: Step = (carving) => reserveAny(carving, 'web', 'IPv6');
    const { carving, issues } = carve(['fd00::/64'], [without('fd00::-fd00::ffff:ffff:ffff:fffe'), huge]);
    expect([addressOf({ carving }, 'web'), issues]).toEqual(['fd00::ffff:ffff:ffff:ffff', []]);
    expect(reservedEntries(carving)).toEqual(['fd00::ffff:ffff:ffff:ffff/128']);
  });
});
