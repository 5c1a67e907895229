/**
 * What a change does to addresses and to who answers for them: a comparison of what the agents make of the objects before
 * it and after it, by the functions they run on.
 */

import { allocateAll } from '../allocator/allocateall.js';
import type { Outcome } from '../allocator/allocation.js';
import { EMPTY_LOCK, type Lock } from '../allocator/lock.js';
import { holdersIn, isOurs, settle } from '../allocator/settle.js';
import { withImplied } from '../api/namespace.js';
import type { Objects } from '../api/objects.js';
import { compareText, inOrder } from '../api/order.js';
import type { ServiceView } from '../api/views.js';
import { type Compiled, compileConfig } from '../config/compile.js';
import type { Config } from '../config/config.js';
import { findRange, indexRanges, type RangeIndex } from '../config/rangeindex.js';
import { type Issue, issue } from '../issue/issue.js';
import { type AddressedService, type Ballot, ballotsIn, candidatesIn, survey, type World } from '../layer2/announcements.js';
import { newRankingMemory } from '../layer2/rankingmemory.js';
import { type Address, compareAddresses, formatAddress, parseAddress } from '../net/address.js';
import { type AnnouncementChange, announcementChange } from './announcementchange.js';
import { type Addressed, type ServiceChange, type ServiceChangeKind, serviceChange } from './servicechange.js';

export interface PlanInput {
  /** Services of a live cluster with their status. */
  readonly before: Objects;
  readonly after: Objects;
  readonly lockBefore?: Lock;
  readonly lockAfter?: Lock;
  /**
   * Whether the Services have addresses in a cluster, which their status tells. Else `before` and `after` are folders, of
   * which the allocation is a pure function.
   */
  readonly live: boolean;
  /** Who answers now, by `namespace/name` of the Service. */
  readonly owners?: ReadonlyMap<string, string>;
  readonly loadBalancerClass?: string;
  /** `--spread` of the agents: addresses are spread over the nodes, before and after. @default false */
  readonly spread?: boolean;
}

export interface Plan {
  readonly summary: Readonly<Record<ServiceChangeKind, number>>;
  /** By name. */
  readonly services: readonly ServiceChange[];
  /** By address, IPv4 first. Empty where no node is known. */
  readonly announcements: readonly AnnouncementChange[];
  readonly nodesKnown: boolean;
  /** Of the configuration after the change, and of its Services. */
  readonly issues: readonly Issue[];
  /** What is in force after the change; undefined: no set of pools was ever good. */
  readonly after: Side | undefined;
  /** The errors for which the pools after the change are refused, so that those before it stay in force; else none. */
  readonly refused: readonly Issue[];
  /** Those for which the pools before it were refused already. */
  readonly refusedBefore: readonly Issue[];
}

export interface Side {
  readonly config: Config;
  readonly objects: Objects;
  readonly outcomes: ReadonlyMap<string, Outcome>;
}

export function plan(given: PlanInput): Plan {
  const input = { ...given, before: withNamespaces(given.before), after: withNamespaces(given.after) };
  const [was, willBe] = [compileConfig(input.before), compileConfig(input.after)];
  const config = willBe.config ?? was.config;
  const [refusedBefore, refused] = [refusalOf(was), refusalOf(willBe)];
  const nodesKnown = input.before.nodes.length + input.after.nodes.length > 0;
  if (config === undefined) {
    const services = heldWithoutPools(input);
    const nothing = { announcements: [], nodesKnown, issues: willBe.issues, after: undefined };
    return { summary: count(services), services, ...nothing, refused, refusedBefore };
  }
  const sides = (input.live ? settleLive : allocateFolders)(input, was.config ?? config, config);
  const services = serviceChanges(sides, input.lockAfter);
  const ofServices = [...sides.after.outcomes.values()]
    .flatMap(issuesOf)
    .filter(({ code }) => code !== 'NOT_LOCKED' || input.lockAfter !== undefined);
  return {
    summary: count(services),
    services,
    announcements: announcementChanges(input, sides),
    nodesKnown,
    issues: [...willBe.issues, ...ofServices, ...endpointIssues(input)],
    after: sides.after,
    refused,
    refusedBefore,
  };
}

const refusalOf = ({ config, issues }: Compiled): readonly Issue[] =>
  config === undefined ? issues.filter(({ severity }) => severity === 'error') : [];

function issuesOf(outcome: Outcome): readonly Issue[] {
  if ('allocated' in outcome) return outcome.warnings;
  return 'pending' in outcome ? outcome.pending : [];
}

/** No set of pools is good, before or after: in a cluster everybody goes on having what he has. */
function heldWithoutPools({ live, after, loadBalancerClass }: PlanInput): ServiceChange[] {
  const ours = live ? after.services.filter((service) => isOurs(service, loadBalancerClass)) : [];
  return ours
    .flatMap((service): ServiceChange[] => {
      const held = addressesInStatus(service, []);
      const reason = { code: 'KEPT', message: 'no set of pools is valid, and nothing changes until one is' };
      return held === undefined ? [] : [{ service: service.key, change: 'kept', before: held, after: held, reason }];
    })
    .sort((a, b) => compareText(a.service, b.service));
}

/** In a cluster it matters where endpoints are, and a state may have been saved without them. */
function endpointIssues({ live, before, after, loadBalancerClass }: PlanInput): Issue[] {
  if (!live || before.endpointSlices.length + after.endpointSlices.length > 0) return [];
  const local = after.services.filter(
    (service) => isOurs(service, loadBalancerClass) && service.externalTrafficPolicy === 'Local',
  );
  const [first] = local;
  if (first === undefined) return [];
  const others = local.length === 1 ? '' : ` and ${local.length - 1} more`;
  const message = `the state has no EndpointSlices, so every node is taken to have an endpoint of ${first.key}${others}, which have externalTrafficPolicy Local`;
  return [issue('ENDPOINTS_UNKNOWN', '', message)];
}

/** A namespace that Services are in exists, whether or not somebody wrote it down. */
const withNamespaces = (objects: Objects): Objects => ({
  ...objects,
  namespaces: withImplied(objects.namespaces, objects.services),
});

interface Sides {
  /** By `namespace/name`: what each Service has. */
  readonly had: ReadonlyMap<string, Addressed>;
  readonly before: { readonly config: Config; readonly objects: Objects };
  readonly after: Side;
}

function allocateFolders(
  { before, after, lockBefore, lockAfter, loadBalancerClass }: PlanInput,
  was: Config,
  config: Config,
): Sides {
  const options = loadBalancerClass === undefined ? {} : { loadBalancerClass };
  const outcomes = allocateAll(was, before.services, lockBefore ?? EMPTY_LOCK, options);
  const had = [...outcomes].flatMap(([key, outcome]) => ('allocated' in outcome ? [[key, outcome.allocated] as const] : []));
  return {
    had: new Map(had),
    before: { config: was, objects: before },
    after: { config, objects: after, outcomes: allocateAll(config, after.services, lockAfter ?? EMPTY_LOCK, options) },
  };
}

/** As a controller that runs sees the change: it knows the keys under which addresses are shared before it. */
function settleLive({ before, after, lockAfter, loadBalancerClass }: PlanInput, was: Config, config: Config): Sides {
  const options = loadBalancerClass === undefined ? {} : { loadBalancerClass };
  const lock = lockAfter === undefined ? {} : { lock: lockAfter };
  const holders = holdersIn({ config: was, services: before.services, ...options });
  const { outcomes } = settle({ config, services: after.services, before: holders, statusCounts: true, ...lock, ...options });
  const ranges = indexRanges(was.pools);
  const had = before.services.flatMap((service) => {
    const addressed = isOurs(service, loadBalancerClass) ? addressesInStatus(service, ranges) : undefined;
    return addressed === undefined ? [] : [[service.key, addressed] as const];
  });
  return { had: new Map(had), before: { config: was, objects: before }, after: { config, objects: after, outcomes } };
}

const POOL_ANNOTATION = 'metallb.io/ip-allocated-from-pool';

/** The pool is the one the addresses lie in; of one that is gone, status remembers the name. */
function addressesInStatus({ ingress, annotations }: ServiceView, ranges: RangeIndex): Addressed | undefined {
  const addresses = ingress.flatMap((text) => {
    const read = parseAddress(text);
    return read.ok ? [read.value] : [];
  });
  const [first] = addresses;
  if (first === undefined) return undefined;
  return { addresses, pool: findRange(ranges, first)?.pool.name ?? annotations[POOL_ANNOTATION] ?? '' };
}

function serviceChanges({ had, after }: Sides, lock: Lock | undefined): ServiceChange[] {
  const ranges = indexRanges(after.config.pools);
  const whyNotKept = (service: string): string => {
    const outside = had.get(service)?.addresses.find((address) => findRange(ranges, address) === undefined);
    if (outside !== undefined) return `${formatAddress(outside)} is in no pool any more`;
    return lock?.services.has(service) === true ? 'it is locked to another address' : 'it has no lock';
  };
  const views = new Map(after.objects.services.map((view) => [view.key, view]));
  const names = new Set([...had.keys(), ...after.outcomes.keys()]);
  return [...names].sort(compareText).flatMap((service) => {
    const [view, outcome] = [views.get(service), after.outcomes.get(service)];
    const now = view === undefined || outcome === undefined ? undefined : { view, outcome };
    return serviceChange({ service, before: had.get(service), after: now, whyNotKept: () => whyNotKept(service) }) ?? [];
  });
}

function count(changes: readonly ServiceChange[]): Plan['summary'] {
  const summary = { kept: 0, gained: 0, moved: 0, lost: 0, pending: 0 };
  for (const { change } of changes) summary[change]++;
  return summary;
}

function announcementChanges(input: PlanInput, { had, before, after }: Sides): AnnouncementChange[] {
  if (before.objects.nodes.length + after.objects.nodes.length === 0) return [];
  // In a cluster every Service has slices; a state without any was saved without them.
  const slicesKnown = input.live && before.objects.endpointSlices.length + after.objects.endpointSlices.length > 0;
  const withoutSlices = slicesKnown ? 'cannot-serve' : 'serves-everywhere';
  const rankings = newRankingMemory();
  const worldOf = (config: Config, objects: Objects, addresses: (key: string) => readonly Address[]): World =>
    survey({
      config,
      services: objects.services.map((service) => ({ service, addresses: addresses(service.key) })),
      nodes: objects.nodes,
      endpointSlices: objects.endpointSlices,
      self: '',
      withoutSlices,
      spread: input.spread ?? false,
      rankings,
    });
  const now = worldOf(after.config, after.objects, (key) => heldIn(after.outcomes.get(key)));
  const was = byAddress(ballotsIn(worldOf(before.config, before.objects, (key) => had.get(key)?.addresses ?? [])).ballots);
  const { ballots, refused } = ballotsIn(now);
  const [served, unserved] = [byAddress(ballots), new Set(refused.map(({ address }) => address))];
  let holders: ReturnType<typeof firstHolders> | undefined;
  const candidatesFor = (address: string) => {
    holders ??= firstHolders(now);
    const holder = holders.get(address);
    return holder === undefined ? [] : candidatesIn(now, holder);
  };
  const owners = ownersByAddress(input.owners ?? new Map(), had);
  return inNumericOrder([...was.keys(), ...served.keys(), ...unserved]).map((address) => {
    return announcementChange({
      address,
      before: was.get(address),
      after: served.get(address),
      owner: owners.get(address),
      isHeld: unserved.has(address),
      candidates: () => candidatesFor(address),
    });
  });
}

const heldIn = (outcome: Outcome | undefined): readonly Address[] =>
  outcome !== undefined && 'allocated' in outcome ? outcome.allocated.addresses : [];

const byAddress = (ballots: readonly Ballot[]): ReadonlyMap<string, Ballot> =>
  new Map(ballots.map((ballot) => [ballot.address, ballot]));

/** Of several holders of one address, the first by namespace and name decides. */
function firstHolders({ input }: World): ReadonlyMap<string, AddressedService> {
  const holders = new Map<string, AddressedService>();
  for (const holder of inOrder(input.services, ({ service }) => service)) {
    for (const address of holder.addresses.map(formatAddress)) if (!holders.has(address)) holders.set(address, holder);
  }
  return holders;
}

function ownersByAddress(owners: ReadonlyMap<string, string>, had: Sides['had']): ReadonlyMap<string, string> {
  const byAddress = new Map<string, string>();
  for (const [service, node] of [...owners].sort(([a], [b]) => compareText(a, b))) {
    for (const address of had.get(service)?.addresses.map(formatAddress) ?? []) {
      if (!byAddress.has(address)) byAddress.set(address, node);
    }
  }
  return byAddress;
}

/** Each once, IPv4 first. */
function inNumericOrder(texts: Iterable<string>): string[] {
  const known = [...new Set(texts)].flatMap((text) => {
    const read = parseAddress(text);
    return read.ok ? [{ text, address: read.value }] : [];
  });
  return known.sort((a, b) => compareAddresses(a.address, b.address)).map(({ text }) => text);
}
