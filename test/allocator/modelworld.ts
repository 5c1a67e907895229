/**
 * A small world for the model test: eleven addresses that pools own or nobody, two namespaces and a few Services. It is shown
 * to the naive model as that wants it, and to the allocator as objects.
 */
import type { Lock } from '../../src/allocator/lock.js';
import type { NamespaceView, ServiceView } from '../../src/api/views.js';
import type { Config } from '../../src/config/config.js';
import { configOf, namespace, pool } from '../config/objects.js';
import { type FamilyWish, isV6, type ModelPin, type ModelPool, type ModelService, type ModelWorld } from './model.js';
import { lockOfTexts, service } from './world.js';

export const ADDRESSES = [
  '10.0.0.253',
  '10.0.0.254',
  '10.0.0.255',
  '10.0.1.0',
  '10.0.1.1',
  '10.0.1.2',
  'fc00::',
  'fc00::1',
  'fc00::2',
  'fc00::3',
  'fc00::4',
] as const;

export interface PoolTraits {
  readonly auto: boolean;
  readonly avoidBuggy: boolean;
  /** Its ranges are written from the last to the first. */
  readonly backwards: boolean;
  readonly pin?: Omit<ModelPin, 'namespaces'> & { readonly names: readonly string[]; readonly team: string };
}

export interface World {
  /** For each of {@link ADDRESSES} the pool that has it. */
  readonly owners: (string | undefined)[];
  readonly traits: Map<string, PoolTraits>;
  /** Each with the value of its label `team`. */
  readonly teams: Map<string, string>;
  readonly services: Map<string, ModelService>;
  readonly lock: Map<string, readonly string[]>;
}

export const PLAIN: PoolTraits = { auto: true, avoidBuggy: false, backwards: false };

export const emptyWorld = (): World => ({
  owners: ADDRESSES.map(() => undefined),
  traits: new Map(),
  teams: new Map([
    ['blue', ''],
    ['red', ''],
  ]),
  services: new Map(),
  lock: new Map(),
});

/** Neighbours of one pool and family, in the order they are written in. */
function rangesOf({ owners, traits }: World, name: string): readonly (readonly string[])[] {
  const runs: string[][] = [];
  for (const [i, address] of ADDRESSES.entries()) {
    if (owners[i] !== name) continue;
    const before = ADDRESSES[i - 1];
    const run = runs.at(-1);
    if (run !== undefined && before !== undefined && run.at(-1) === before && isV6(before) === isV6(address)) run.push(address);
    else runs.push([address]);
  }
  return traits.get(name)?.backwards === true ? runs.reverse() : runs;
}

const namesOf = ({ owners }: World): readonly string[] => [...new Set(owners.filter((one) => one !== undefined))].sort();

export function asModel(world: World): ModelWorld {
  const pools = namesOf(world).map((name): ModelPool => {
    const { auto, avoidBuggy, pin } = world.traits.get(name) ?? PLAIN;
    const addresses = rangesOf(world, name).flat();
    if (pin === undefined) return { name, addresses, auto, avoidBuggy };
    const { names, team, ...rest } = pin;
    const matched = [...world.teams].filter(([, value]) => value === team).map(([one]) => one);
    const namespaces = names.length === 0 && team === '' ? {} : { namespaces: [...names, ...(team === '' ? [] : matched)] };
    return { name, addresses, auto, avoidBuggy, pin: { ...rest, ...namespaces } };
  });
  return { pools, services: new Map([...world.services].sort(([a], [b]) => (a < b ? -1 : 1))), lock: world.lock };
}

export function asConfig(world: World): Config {
  const namespaces = [...world.teams].map(([name, team]): NamespaceView => namespace(name, { team }));
  const pools = namesOf(world).map((name) => {
    const { auto, avoidBuggy, pin } = world.traits.get(name) ?? PLAIN;
    const entries = rangesOf(world, name).map((run) => `${run[0]}-${run.at(-1)}`);
    return pool(name, entries, {
      autoAssign: auto,
      avoidBuggyIPs: avoidBuggy,
      ...(pin === undefined
        ? {}
        : {
            serviceAllocation: {
              priority: pin.priority,
              namespaces: pin.names,
              namespaceSelectors: pin.team === '' ? [] : [{ matchLabels: { team: pin.team } }],
              serviceSelectors: pin.web ? [{ matchLabels: { tier: 'web' } }] : [],
            },
          }),
    });
  });
  return configOf({ pools, namespaces });
}

export const asLock = ({ lock }: World): Lock =>
  lockOfTexts(Object.fromEntries([...lock].map(([key, addresses]) => [key, addresses.join(',')])));

const STACKS: Readonly<Record<FamilyWish, Pick<ServiceView, 'clusterIPs' | 'ipFamilies' | 'ipFamilyPolicy'>>> = {
  4: { clusterIPs: ['10.96.0.1'], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' },
  6: { clusterIPs: ['fd00::1'], ipFamilies: ['IPv6'], ipFamilyPolicy: 'SingleStack' },
  require: { clusterIPs: ['10.96.0.1', 'fd00::1'], ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' },
  prefer4: { clusterIPs: ['10.96.0.1', 'fd00::1'], ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'PreferDualStack' },
  prefer6: { clusterIPs: ['fd00::1', '10.96.0.1'], ipFamilies: ['IPv6', 'IPv4'], ipFamilyPolicy: 'PreferDualStack' },
};

/** The Service with the status that was written when it was last settled. */
export function asView(key: string, one: ModelService, ingress: readonly string[]): ServiceView {
  return service(key, {
    ...STACKS[one.wants],
    type: one.isLoadBalancer ? 'LoadBalancer' : 'ClusterIP',
    ...(one.isOurs ? {} : { loadBalancerClass: 'other' }),
    ports: one.ports,
    ...(one.key === '' ? {} : { share: one.key }),
    ...(one.backend === '' ? {} : { externalTrafficPolicy: 'Local', selector: { app: one.backend } }),
    labels: one.web ? { tier: 'web' } : {},
    ...(one.asks.length === 0 ? {} : { ips: one.asks === 'unreadable' ? '10.0.0.300' : one.asks.join(', ') }),
    ...(one.asksPool === '' ? {} : { pool: one.asksPool }),
    createdAt: one.createdAt,
    ingress,
  });
}
