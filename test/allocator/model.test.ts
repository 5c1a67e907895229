/**
 * Random histories of a running and restarting controller against a naive model, and against what must hold whatever the
 * model says.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../src/allocator/allocation.js';
import { type Settled, settle } from '../../src/allocator/settle.js';
import { poolUsage } from '../../src/allocator/usage.js';
import type { Config } from '../../src/config/config.js';
import { goTogether, type Held, isOpen, isV6, isValidFor, Model, type ModelService, type ModelWorld, poolWith } from './model.js';
import { ADDRESSES, asConfig, asLock, asModel, asView, emptyWorld, PLAIN, type PoolTraits, type World } from './modelworld.js';
import { ingressOf } from './story.js';

/** A controller beside the model of it. */
class Pair {
  private readonly model = new Model();
  private before: Settled | undefined;
  private held: Held = new Map();
  private uses = new Map<string, string>();
  private restarted = false;

  /** Forgets everything but what is in status. What comes next it sees for the first time. */
  restart(): void {
    this.before = undefined;
    this.model.restart();
    this.restarted = true;
  }

  /** The keys of those who have something. */
  holding(): Held {
    return this.held;
  }

  settle(world: World): void {
    const config = asConfig(world);
    const settled = this.settleReal(world, config, false);
    const naive = asModel(world);
    const held = heldIn(settled.outcomes);
    expect(Object.fromEntries(held)).toEqual(Object.fromEntries(this.model.settle(naive)));
    expect(this.settleReal(world, config, true).outcomes).toEqual(settled.outcomes);

    expectSound(naive, held, settled.outcomes);
    expectCounted(naive, config, settled.outcomes);
    this.expectNobodyRobbed(naive, held);
    this.before = settled;
    this.held = held;
    this.uses = new Map([...naive.services].map(([key, one]) => [key, useOf(one)]));
    this.restarted = false;
    expect(heldIn(this.settleReal(world, config, false).outcomes)).toEqual(held);
  }

  private settleReal(world: World, config: Config, backwards: boolean): Settled {
    const views = [...world.services].map(([key, one]) => asView(key, one, this.held.get(key) ?? []));
    const services = backwards ? views.reverse() : views;
    const known = this.before === undefined ? {} : { before: this.before.state };
    return settle({ config, services, lock: asLock(world), statusCounts: true, ...known });
  }

  /** Who loses what is valid for him loses it to somebody who had it too, and then one of the two has changed. */
  private expectNobodyRobbed(world: ModelWorld, now: Held): void {
    for (const [key, had] of this.held) {
      const service = world.services.get(key);
      if (service === undefined || !isValidFor(world, service, had)) continue;
      if (had.every((one) => now.get(key)?.includes(one))) continue;
      const robbers = [...now].filter(([other, theirs]) => {
        const there = world.services.get(other);
        const stayed = theirs.some((one) => had.includes(one) && this.held.get(other)?.includes(one));
        return other !== key && stayed && there !== undefined && !goTogether(service, there);
      });
      expect(robbers).not.toEqual([]);
      if (!this.restarted) expect(useOf(service)).not.toBe(this.uses.get(key));
    }
    for (const [key, addresses] of now) {
      for (const one of addresses.filter((address) => !this.held.get(key)?.includes(address))) {
        const promised = [...world.lock].filter(([, theirs]) => theirs.includes(one)).map(([other]) => other);
        if (!promised.includes(key)) expect(promised.filter((other) => !now.get(other)?.includes(one))).toEqual([]);
      }
    }
  }
}

const useOf = ({ key, backend, ports }: ModelService): string => [key, backend, ...ports].join();

const heldIn = (outcomes: ReadonlyMap<string, Outcome>): Held =>
  new Map([...outcomes].map(([key, outcome]) => [key, ingressOf(outcome)] as const).filter(([, list]) => list.length > 0));

/** Whatever happened before: addresses of the pool that is named, which is open, and no two on one who don't go together. */
function expectSound(world: ModelWorld, held: Held, outcomes: ReadonlyMap<string, Outcome>): void {
  for (const [key, outcome] of outcomes) {
    const service = world.services.get(key);
    const addresses = held.get(key);
    if (service === undefined) throw new Error(`${key} is not there`);
    if (addresses === undefined) {
      expect('ignored' in outcome).toBe(!service.isLoadBalancer || !service.isOurs);
      continue;
    }
    const pool = poolWith(world, addresses);
    expect(outcome).toMatchObject({ allocated: { pool: pool?.name } });
    expect(pool !== undefined && isOpen(pool, service) && service.isLoadBalancer && service.isOurs).toBe(true);
    for (const [other, theirs] of held) {
      const there = world.services.get(other);
      const meet = other !== key && there !== undefined && theirs.some((one) => addresses.includes(one));
      if (meet) expect(goTogether(service, there)).toBe(true);
    }
  }
}

function expectCounted({ pools }: ModelWorld, config: Config, outcomes: ReadonlyMap<string, Outcome>): void {
  const given = new Set([...heldIn(outcomes).values()].flat());
  const pooled = [...outcomes.values()].flatMap((one) => ('allocated' in one ? [one.allocated.pool] : []));
  const counted = pools.map(({ name, addresses, avoidBuggy }) => {
    const usable = addresses.filter((one) => isV6(one) || !avoidBuggy || !/\.(0|255)$/.test(one));
    const count = (v6: boolean, isGiven: boolean): number =>
      usable.filter((one) => isV6(one) === v6 && given.has(one) === isGiven).length;
    return {
      pool: name,
      assignedIPv4: count(false, true),
      assignedIPv6: count(true, true),
      availableIPv4: BigInt(count(false, false)),
      availableIPv6: BigInt(count(true, false)),
      total: BigInt(usable.length),
      services: pooled.filter((one) => one === name).length,
    };
  });
  expect(poolUsage(config, outcomes)).toEqual(counted);
}

type Command = fc.Command<World, Pair>;

/** A change of the world, after which everything is settled anew; `true`: the controller restarts before it sees it. */
function change<T>(
  name: string,
  what: fc.Arbitrary<T>,
  apply: (world: World, what: T, held: Held) => void,
): fc.Arbitrary<Command> {
  return fc.tuple(what, fc.nat(5)).map(([one, dice]) => ({
    check: () => true,
    run: (world, pair) => {
      apply(world, one, pair.holding());
      if (dice === 0) pair.restart();
      pair.settle(world);
    },
    toString: () => `${dice === 0 ? 'restart and ' : ''}${name} ${JSON.stringify(one)}`,
  }));
}

const names = fc.constantFrom('a', 'b', 'c');
const namespaces = fc.constantFrom('blue', 'red');
const KEYS = ['blue/a', 'blue/b', 'blue/c', 'red/a', 'red/b', 'red/c', 'red/d'];
const keys = fc.constantFrom(...KEYS);
const pair = fc.tuple(fc.constantFrom(...ADDRESSES.slice(0, 6)), fc.constantFrom(...ADDRESSES.slice(6)));
const addresses: fc.Arbitrary<readonly string[]> = fc.oneof(
  fc.constantFrom(...ADDRESSES.slice(0, 6)).map((one) => [one]),
  fc.constantFrom(...ADDRESSES).map((one) => [one]),
  pair.map(([four, six]) => [six, four]),
);

/** `one`, but for one time in `every`. */
const mostly = <T>(one: T, others: fc.Arbitrary<T>, every: number): fc.Arbitrary<T> =>
  fc.oneof({ weight: every - 1, arbitrary: fc.constant(one) }, { weight: 1, arbitrary: others });

const FIELDS: { readonly [field in Exclude<keyof ModelService, 'namespace'>]: fc.Arbitrary<ModelService[field]> } = {
  isLoadBalancer: mostly(true, fc.constant(false), 16),
  isOurs: mostly(true, fc.constant(false), 16),
  wants: fc.constantFrom('4', '4', '4', '6', 'require', 'prefer4', 'prefer6'),
  ports: fc.constantFrom(['TCP/80'], ['TCP/81'], ['TCP/82'], ['TCP/83'], ['UDP/80'], ['TCP/80', 'TCP/81']),
  key: fc.constantFrom('', 'k', 'k', 'k', 'k', 'k', 'm'),
  backend: mostly('', fc.constantFrom('x', 'y'), 10),
  web: fc.boolean(),
  asks: mostly([], fc.oneof(addresses, addresses, fc.constant('unreadable' as const)), 10),
  asksPool: mostly('', names, 20),
  createdAt: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'),
};

const anyService = fc.record(FIELDS);
const oneField: fc.Arbitrary<Partial<ModelService>> = fc.oneof(
  ...Object.keys(FIELDS).map((field) =>
    anyService.map((all) => Object.fromEntries(Object.entries(all).filter(([key]) => key === field))),
  ),
);
const pin = fc.record({
  priority: fc.nat(2),
  names: fc.subarray(['blue', 'red']),
  team: mostly('', fc.constantFrom('x', 'y'), 3),
  web: mostly(false, fc.constant(true), 4),
});
const traits: fc.Arbitrary<PoolTraits> = fc
  .record({
    auto: mostly(true, fc.constant(false), 5),
    avoidBuggy: mostly(false, fc.constant(true), 3),
    backwards: fc.boolean(),
    pin: mostly(undefined, pin, 3),
  })
  .map(({ pin: one, ...rest }) => (one === undefined ? rest : { ...rest, pin: one }));

const slice = fc.tuple(fc.nat(ADDRESSES.length - 1), fc.integer({ min: 1, max: 3 }));
const give = (world: World, [from, count]: readonly [number, number], name: string | undefined): void => {
  world.owners.fill(name, from, from + count);
};

function put(world: World, key: string, fields: Partial<ModelService>): void {
  const before = world.services.get(key);
  const [namespace = ''] = key.split('/');
  if (before !== undefined) world.services.set(key, { ...before, ...fields });
  else if (isWhole(fields)) world.services.set(key, { ...fields, namespace });
}

const isWhole = (fields: Partial<ModelService>): fields is ModelService =>
  'wants' in fields && 'ports' in fields && 'key' in fields;

/** Two who share are mostly parted by these. */
const USES = (['key', 'ports', 'backend'] as const).map((field) => fc.record({ [field]: FIELDS[field] }));

const sometimes = [
  change('create', fc.tuple(keys, anyService), (world, [key, fields]) => put(world, key, fields)),
  change('delete', keys, (world, key) => {
    world.services.delete(key);
  }),
  change('give', fc.tuple(slice, names), (world, [which, name]) => give(world, which, name)),
  change('edit', fc.tuple(names, traits), (world, [name, one]) => {
    world.traits.set(name, one);
  }),
];
const often = [
  ...sometimes,
  change('create', fc.tuple(keys, anyService), (world, [key, fields]) => put(world, key, fields)),
  change('change', fc.tuple(keys, oneField), (world, [key, fields]) => put(world, key, fields)),
  change(
    'change together',
    fc.tuple(fc.subarray(KEYS, { minLength: 2, maxLength: 5 }), fc.oneof(oneField, ...USES)),
    (world, [some, fields]) => {
      for (const key of some) if (world.services.has(key)) put(world, key, fields);
    },
  ),
];
const seldom = [
  change('take from pools', slice, (world, which) => give(world, which, undefined)),
  change('rename', fc.tuple(names, names), (world, [from, to]) => {
    for (const [i, owner] of world.owners.entries()) if (owner === from) world.owners[i] = to;
    world.traits.set(to, world.traits.get(from) ?? PLAIN);
  }),
  change('label', fc.tuple(namespaces, fc.constantFrom('', 'x', 'y')), (world, [name, team]) => {
    world.teams.set(name, team);
  }),
  change('delete all pools', fc.constantFrom(true, false, false, false), (world, really) => {
    if (really) give(world, [0, ADDRESSES.length], undefined);
  }),
  change('lock what is held', fc.subarray(KEYS), (world, some, held) => {
    for (const [key, has] of held) if (some.includes(key)) world.lock.set(key, has);
  }),
  change('lock', fc.tuple(fc.subarray(KEYS, { minLength: 1, maxLength: 2 }), addresses), (world, [some, list]) => {
    for (const key of some) world.lock.set(key, list);
  }),
  change('unlock', fc.subarray(KEYS), (world, some) => {
    for (const key of some) world.lock.delete(key);
  }),
  change('unlock all', fc.constantFrom(1, 2), (world) => world.lock.clear()),
  change('unlock all', fc.constant('now'), (world) => world.lock.clear()),
];

describe('a controller and the naive model of it', () => {
  test('agree after every step of every history, and nobody is robbed', () => {
    const commands = fc.commands([...often, ...often, ...often, ...sometimes, ...seldom], {
      maxCommands: 60,
      size: '+1',
    });
    fc.assert(
      fc.property(commands, (history) => {
        fc.modelRun(() => {
          const model = emptyWorld();
          give(model, [0, 1], 'a');
          give(model, [6, 1], 'a');
          return { model, real: new Pair() };
        }, history);
      }),
    );
  });
});
