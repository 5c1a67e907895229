/**
 * Histories in steps: what changes, and who has which addresses once that has settled. Each is played twice: by a controller
 * that runs throughout, and by one that is started anew before every step and knows only what is in status.
 */
import { expect } from 'vitest';
import type { Outcome } from '../../src/allocator/allocation.js';
import { EMPTY_LOCK, type Lock } from '../../src/allocator/lock.js';
import { type Settled, settle } from '../../src/allocator/settle.js';
import type { IPAddressPool } from '../../src/api/ipaddresspool.js';
import type { Sourced } from '../../src/api/object.js';
import type { NamespaceView, ServiceView } from '../../src/api/views.js';
import type { Config } from '../../src/config/config.js';
import { formatAddress } from '../../src/net/address.js';
import { configOf } from '../config/objects.js';
import { byShortName, lockOfTexts, type ServiceFields, service } from './world.js';

export interface Change {
  /** All of them: they replace those before. */
  readonly pools?: readonly Sourced<IPAddressPool>[];
  readonly namespaces?: readonly NamespaceView[];
  /** By name; each replaces the one before. Those that are not named stay. */
  readonly services?: Readonly<Record<string, ServiceFields | 'gone'>>;
  /** All of it. */
  readonly lock?: Readonly<Record<string, string>>;
}

export type Step = readonly [sentence: string, change: Change, expected: Readonly<Record<string, string>>];

export const CONTROLLERS = ['that runs', 'that restarts before every step'] as const;
type Controller = (typeof CONTROLLERS)[number];

interface World {
  readonly config: Config;
  readonly pools: readonly Sourced<IPAddressPool>[];
  readonly namespaces: readonly NamespaceView[];
  readonly services: ReadonlyMap<string, ServiceView>;
  readonly lock: Lock;
}

/** Plays `steps` and expects of each what it says; returns the last outcomes. */
export function play(controller: Controller, steps: readonly Step[]): ReadonlyMap<string, Outcome> {
  let world: World = { config: configOf({}), pools: [], namespaces: [], services: new Map(), lock: EMPTY_LOCK };
  let settled: Settled | undefined;
  for (const [sentence, change, expected] of steps) {
    const before = settled === undefined || controller === 'that runs' ? settled : restarted(world, settled);
    world = changed(world, change);
    settled = settleIn(world, [...world.services.values()], before);
    expect(byShortName(settled.outcomes), sentence).toEqual(expected);
  }
  return settled?.outcomes ?? new Map();
}

const settleIn = ({ config, lock }: World, services: readonly ServiceView[], before: Settled | undefined): Settled =>
  settle({ config, services, lock, statusCounts: true, ...(before === undefined ? {} : { before: before.state }) });

/** A new controller, once it has read what the last one wrote. */
const restarted = (world: World, { outcomes }: Settled): Settled =>
  settleIn(
    world,
    [...world.services.values()].map((one) => ({ ...one, ingress: ingressOf(outcomes.get(one.key)) })),
    undefined,
  );

export const ingressOf = (outcome: Outcome | undefined): readonly string[] =>
  outcome !== undefined && 'allocated' in outcome ? outcome.allocated.addresses.map(formatAddress) : [];

function changed(world: World, { pools = world.pools, namespaces = world.namespaces, services = {}, lock }: Change): World {
  const views = new Map(world.services);
  for (const [name, fields] of Object.entries(services)) {
    if (fields === 'gone') views.delete(name);
    else views.set(name, service(name, fields));
  }
  return {
    config: configOf({ pools, namespaces }),
    pools,
    namespaces,
    services: views,
    lock: lock === undefined ? world.lock : lockOfTexts(lock),
  };
}
