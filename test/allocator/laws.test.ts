import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allocateAll } from '../../src/allocator/allocateall.js';
import type { Outcome } from '../../src/allocator/allocation.js';
import { lockOf } from '../../src/allocator/lock.js';
import { settle } from '../../src/allocator/settle.js';
import { tenancyOf } from '../../src/allocator/tenancy.js';
import { poolUsage } from '../../src/allocator/usage.js';
import type { ServiceView } from '../../src/api/views.js';
import { type Address, formatAddress, formatIpv4, sameAddress } from '../../src/net/address.js';
import { rangeContains } from '../../src/net/range.js';
import { configOf, namespace, pool } from '../config/objects.js';
import { lockOfTexts, service } from './world.js';

const config = configOf({
  pools: [
    pool('a', ['10.0.0.253-10.0.1.2', 'fc00::/127'], { avoidBuggyIPs: true }),
    pool('b', ['10.0.2.1-10.0.2.3']),
    pool('manual', ['10.0.3.1-10.0.3.2', 'fc03::/127'], { autoAssign: false }),
    pool('red', ['10.0.4.1-10.0.4.2'], { serviceAllocation: { priority: 1, namespaces: ['red'] } }),
    pool('web', ['10.0.5.1/32', 'fc05::/127'], { serviceAllocation: { serviceSelectors: [{ matchLabels: { tier: 'web' } }] } }),
  ],
  namespaces: [namespace('red'), namespace('blue')],
});

const maybe = <T>(one: fc.Arbitrary<T>, name: string): fc.Arbitrary<Record<string, T>> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: one.map((value) => ({ [name]: value })) });

const anyService = (key: string): fc.Arbitrary<ServiceView> =>
  fc
    .tuple(
      maybe(fc.constantFrom('a', 'b', 'manual', 'red', 'nosuch'), 'pool'),
      maybe(
        fc.constantFrom(
          '10.0.0.254',
          '10.0.0.255',
          '10.0.2.2',
          '10.0.3.1',
          '10.0.4.1',
          'fc00::1',
          '9.9.9.9',
          'x',
          '10.0.0.254,fc00::',
        ),
        'ips',
      ),
      maybe(fc.constantFrom('k', 'm'), 'share'),
      maybe(fc.constantFrom('PreferDualStack' as const, 'RequireDualStack' as const), 'ipFamilyPolicy'),
      maybe(fc.constantFrom(['IPv4'] as const, ['IPv6'] as const), 'ipFamilies'),
      maybe(fc.constant({ tier: 'web' }), 'labels'),
      maybe(fc.constant('Local' as const), 'externalTrafficPolicy'),
      maybe(fc.constantFrom('ClusterIP'), 'type'),
      fc.constantFrom([80], [81], [80, 81], ['UDP/80']),
    )
    .map(([...fields]) => {
      const ports = fields.pop();
      return service(key, Object.assign({}, ...fields, { ports, selector: { app: 'x' } }));
    });

const keys = ['blue/a', 'blue/b', 'blue/c', 'green/a', 'green/b', 'red/a', 'red/b', 'red/c', 'red/d', 'red/e'];
const anyServices: fc.Arbitrary<ServiceView[]> = fc
  .subarray(keys)
  .chain((some) => fc.tuple(...some.map(anyService)).map((all) => [...all]));

const addressesOf = (outcome: Outcome | undefined): readonly Address[] =>
  outcome !== undefined && 'allocated' in outcome ? outcome.allocated.addresses : [];

describe('an allocation', () => {
  test('depends on the Services, not on their order', () => {
    fc.assert(
      fc.property(anyServices, (services) => {
        expect([...allocateAll(config, [...services].reverse())]).toEqual([...allocateAll(config, services)]);
      }),
    );
  });

  test('gives only addresses of the pool it names, and no buggy ones of one that avoids them', () => {
    fc.assert(
      fc.property(anyServices, (services) => {
        for (const outcome of allocateAll(config, services).values()) {
          if (!('allocated' in outcome)) continue;
          const from = config.pools.find(({ name }) => name === outcome.allocated.pool);
          for (const one of outcome.allocated.addresses) {
            expect(from?.ranges.some((range) => rangeContains(range, one))).toBe(true);
            expect(from?.avoidBuggyIPs === true && /\.(0|255)$/.test(formatAddress(one))).toBe(false);
          }
        }
      }),
    );
  });

  test('gives one address to two Services only if keys, backends and ports allow', () => {
    fc.assert(
      fc.property(anyServices, (services) => {
        const outcomes = allocateAll(config, services);
        const tenancies = new Map<string, ReturnType<typeof tenancyOf>[]>();
        for (const view of services) {
          for (const one of addressesOf(outcomes.get(view.key))) {
            const there = tenancies.get(formatAddress(one)) ?? [];
            const mine = tenancyOf(view);
            for (const other of there) {
              expect(mine.sharingKey).not.toBe('');
              expect([mine.sharingKey, mine.backendKey]).toEqual([other.sharingKey, other.backendKey]);
              expect(mine.ports.filter((port) => other.ports.includes(port))).toEqual([]);
            }
            tenancies.set(formatAddress(one), [...there, mine]);
          }
        }
      }),
    );
  });

  test('changes nothing when it is locked', () => {
    fc.assert(
      fc.property(anyServices, (services) => {
        const before = allocateAll(config, services);
        const after = allocateAll(config, services, lockOf(before));
        for (const [key, outcome] of before) {
          const kept = after.get(key);
          if ('allocated' in outcome) {
            expect(addressesOf(kept)).toEqual(outcome.allocated.addresses);
            expect(kept).toMatchObject({ allocated: { reason: { code: 'LOCKED' } }, warnings: [] });
          } else expect('allocated' in (kept ?? {})).toBe(false);
        }
      }),
    );
  });

  test('leaves every locked Service its address whoever else comes and goes', () => {
    fc.assert(
      fc.property(anyServices, anyServices, fc.infiniteStream(fc.boolean()), (first, second, keeps) => {
        const before = allocateAll(config, first);
        const lock = lockOf(before);
        const kept = first.filter(() => keeps.next().value);
        // Those who are locked too and come back changed are another matter: two who no longer go together cannot both stay.
        const names = new Set([...kept.map(({ key }) => key), ...lock.services.keys()]);
        const after = allocateAll(config, [...second.filter((one) => !names.has(one.key)), ...kept], lock);
        for (const view of kept) {
          const held = addressesOf(before.get(view.key));
          if (held.length > 0) expect(addressesOf(after.get(view.key))).toEqual(held);
        }
      }),
    );
  });

  test('gives a locked address to nobody else before all of those it is locked for have it', () => {
    fc.assert(
      fc.property(anyServices, anyServices, (first, second) => {
        const lock = lockOf(allocateAll(config, first));
        const after = allocateAll(config, second, lock);
        for (const [key, outcome] of after) {
          for (const one of addressesOf(outcome)) {
            const promised = [...lock.services].flatMap(([service, { addresses }]) =>
              addresses.some((other) => sameAddress(other, one)) ? [service] : [],
            );
            const have = promised.filter((service) => addressesOf(after.get(service)).some((other) => sameAddress(other, one)));
            expect(promised.includes(key) || have.length === promised.length).toBe(true);
          }
        }
      }),
    );
  });

  test('is counted pool by pool', () => {
    fc.assert(
      fc.property(anyServices, (services) => {
        const outcomes = allocateAll(config, services);
        const distinct = new Set([...outcomes.values()].flatMap(addressesOf).map(formatAddress));
        const usage = poolUsage(config, outcomes);
        expect(usage.map((one) => one.pool)).toEqual(['a', 'b', 'manual', 'red', 'web']);
        expect(usage.reduce((sum, one) => sum + one.assignedIPv4 + one.assignedIPv6, 0)).toBe(distinct.size);
        for (const one of usage) {
          expect(one.availableIPv4 >= 0n && one.availableIPv6 >= 0n).toBe(true);
          expect(BigInt(one.assignedIPv4 + one.assignedIPv6) + one.availableIPv4 + one.availableIPv6).toBe(one.total);
        }
      }),
    );
  });
});

/** As many as would take minutes if each looked at all others. How long they take is measured by `npm run bench -- allocator`. */
describe('10,000 Services', () => {
  const wide = configOf({ pools: [pool('a', ['10.0.0.0/16'])] });
  const many = configOf({ pools: Array.from({ length: 1_000 }, (_, i) => pool(`p${i}`, [`${formatIpv4(0x0a000000 + i)}/32`])) });
  const held = (i: number): string => formatIpv4(0x0a000000 + i);
  const promised = lockOfTexts(Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`default/gone${i}`, held(i)])));

  test.each<[string, typeof wide, (i: number) => Parameters<typeof service>[1], number]>([
    ['that all use one port and one sharing key have an address each', wide, () => ({ share: 'k' }), 10_000],
    ['that all fit on one address share it', wide, (i) => ({ share: 'k', ports: [i + 1] }), 1],
    ['that all request one address: the first has it', wide, () => ({ ips: '10.0.7.7', share: 'k' }), 1],
    [
      'that all request one address: those with the key of the first have it',
      wide,
      (i) => ({ ips: '10.0.7.7', share: i < 5_000 ? 'k' : 'm', ports: [i + 1] }),
      1,
    ],
    ['that all use one port and one sharing key fill a thousand pools', many, () => ({ share: 'k' }), 1_000],
    ['that each have a sharing key of their own fill a thousand pools', many, (i) => ({ share: `k${i}` }), 1_000],
    ['that share with nobody fill a thousand pools', many, () => ({}), 1_000],
  ])('%s', (_, config, fields, addresses) => {
    const services = Array.from({ length: 10_000 }, (_, i) => service(`s${i}`, fields(i)));
    const outcomes = allocateAll(config, services);
    expect(new Set([...outcomes.values()].flatMap(addressesOf).map(formatAddress)).size).toBe(addresses);
  });

  test('pass by the addresses that half of them hold and that are locked for others', () => {
    const services = Array.from({ length: 10_000 }, (_, i) =>
      service(`s${i}`, { share: 'k', ports: [80 + (i % 2)], ...(i < 5_000 ? { ingress: [held(i)] } : {}) }),
    );
    const { outcomes } = settle({ config: wide, services, lock: promised, statusCounts: true });
    const sharing = [...outcomes.values()].flatMap(addressesOf).map(formatAddress);
    expect(new Set(sharing).size).toBe(7_500);
  });
});
