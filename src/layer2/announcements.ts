/**
 * From the state of the cluster to the addresses that are announced: for each, who would answer, best first, and on which
 * interfaces of this node; and for each that nobody can answer, the reason of every node.
 *
 * An address has one ranking however many Services hold it. MetalLB elects for each Service by its first address only, so
 * that two holders of one address can elect two nodes (quirk Q-21). Here the first holder by namespace and name that some
 * node can answer for decides.
 */
import { compareText, inOrder } from '../api/order.js';
import { type EndpointSliceView, type NodeView, type ServiceView, serviceKey } from '../api/views.js';
import type { Advertisement, Config, Pool } from '../config/config.js';
import { findRange, indexRanges, type RangeIndex } from '../config/rangeindex.js';
import { type Address, compareAddresses, formatAddress } from '../net/address.js';
import type { Announcement } from './announcement.js';
import {
  advertisementsByPool,
  advertisementsFor,
  type Candidate,
  candidates,
  covers,
  type EligibilityInput,
  electorateOf,
  type IneligibleReason,
} from './eligibility.js';
import { newRankingMemory, type RankingMemory, rankingIn, type Voters, votersIn } from './rankingmemory.js';
import { spread } from './spread.js';

export interface AnnouncementsInput {
  readonly config: Config;
  /** In any order. Services that are not of type LoadBalancer, or hold no address, are passed over. */
  readonly services: readonly AddressedService[];
  readonly nodes: readonly NodeView[];
  readonly endpointSlices: readonly EndpointSliceView[];
  /** The name of the node that asks. */
  readonly self: string;
  /**
   * A Service of which no EndpointSlice exists: `'cannot-serve'`, as in a cluster, where slices are never absent for long;
   * `'serves-everywhere'` in a folder, where nobody writes them.
   */
  readonly withoutSlices: 'cannot-serve' | 'serves-everywhere';
  /** `--ignore-exclude-lb`. */
  readonly ignoreExcludeLabel?: boolean;
  /** `--spread`: no node is first for many more addresses than its share. @default false, as MetalLB */
  readonly spread?: boolean;
  /** Rankings computed before: whoever asks twice, as a comparison does, passes the same memory. */
  readonly rankings?: RankingMemory;
}

export interface AddressedService {
  readonly service: ServiceView;
  /** In the order of status: the first one decides the election. */
  readonly addresses: readonly Address[];
}

/** `ipNotAllowed`: the Service's addresses do not all lie in one pool, so no pool's advertisements apply to it. */
export type RefusalReason = IneligibleReason | 'ipNotAllowed';

/** An address of a Service that no node can answer for. */
export interface Refusal {
  /** `namespace/name`. */
  readonly service: string;
  /** RFC 5952 text. */
  readonly address: string;
  /** One a node, in the order the nodes were given in. */
  readonly reasons: readonly { readonly node: string; readonly reason: RefusalReason }[];
}

export interface Announcements {
  /** Sorted by address, IPv4 first. */
  readonly announcements: readonly Announcement[];
  /** Sorted by address, then Service. */
  readonly refused: readonly Refusal[];
}

/** Computes what is announced. IPv6 is ranked like IPv4; whether it is answered is for the wire to say. */
export const announcementsFor = (input: AnnouncementsInput): Announcements => announcementsIn(survey(input));

function announcementsIn(world: World): Announcements {
  const { ballots, refused } = ballotsIn(world);
  return { announcements: ballots.map(announcementOf), refused };
}

/** An address that some node may answer for, before anybody asks in which order. */
export interface Ballot {
  readonly address: string;
  /** Equal texts for equal rankings, of whoever shares a {@link RankingMemory}. */
  readonly electorate: string;
  /** Computed when it is asked for, once. */
  ranking(): readonly string[];
  /** Another is first than by the hash, so that the addresses are spread. */
  readonly isMoved?: true;
  readonly holding: Holding;
}

/** Sorted like announcements. */
export function ballotsIn(world: World): { readonly ballots: readonly Ballot[]; readonly refused: Announcements['refused'] } {
  const holdings = new Map<string, Holding>();
  const refused: (Refusal & { readonly at: Address })[] = [];
  for (const holder of sortedHolders(world.input.services)) {
    const verdict = judge(holder, world);
    for (const at of holder.addresses) {
      const address = formatAddress(at);
      if ('refused' in verdict) refused.push({ at, service: holder.service.key, address, reasons: verdict.refused });
      else hold(holdings, at, address, verdict);
    }
  }
  const ballots = [...holdings.values()]
    .sort((a, b) => compareAddresses(a.at, b.at))
    .map((holding): Ballot => {
      const [{ electorate, ranking }] = holding.grants;
      return { address: holding.address, electorate, ranking, holding };
    });
  return {
    ballots: world.input.spread === true ? spreadBallots(ballots) : ballots,
    refused: refused
      .sort((a, b) => compareAddresses(a.at, b.at))
      .map(({ service, address, reasons }) => ({ service, address, reasons })),
  };
}

/** Only who is first changes; the others follow as they did. */
function spreadBallots(ballots: readonly Ballot[]): readonly Ballot[] {
  const contenders = ballots.map(({ address, ranking, holding }) => {
    const [{ equals }] = holding.grants;
    return { address, ranking: ranking(), equals };
  });
  const firsts = spread(contenders);
  return ballots.map((ballot, i): Ballot => {
    const [first, ranking] = [firsts.get(ballot.address), contenders[i]?.ranking ?? []];
    if (first === undefined || first === ranking[0]) return ballot;
    const moved = [first, ...ranking.filter((node) => node !== first)];
    return { ...ballot, electorate: `${ballot.electorate} ${first}`, ranking: () => moved, isMoved: true };
  });
}

/** The input, indexed once so that each Service costs only what it holds. */
export interface World {
  readonly input: AnnouncementsInput;
  readonly ranges: RangeIndex;
  /** By pool name. */
  readonly advertisements: ReadonlyMap<string, readonly Advertisement[]>;
  /** By `namespace/name` of the Service. */
  readonly slices: ReadonlyMap<string, readonly EndpointSliceView[]>;
  readonly self: NodeView | undefined;
  /** Found so far, by what {@link electorateOf} says. */
  readonly electorates: Map<string, Electorate>;
  readonly memory: RankingMemory;
}

type Eligible = Extract<Candidate, { eligible: true }>;

/** The candidates of some Services. */
interface Electorate {
  readonly all: readonly Candidate[];
  readonly eligible: readonly Eligible[];
  readonly voters: Voters;
  /** Of these, the best by all but the hash. */
  readonly equals: readonly string[];
  readonly hasSelf: boolean;
  /** See {@link Announcement.mayStay}. */
  readonly selfMayStay: boolean;
}

export function survey(input: AnnouncementsInput): World {
  const slices = new Map<string, EndpointSliceView[]>();
  for (const slice of input.endpointSlices) {
    const key = serviceKey({ namespace: slice.namespace, name: slice.service });
    const known = slices.get(key);
    if (known === undefined) slices.set(key, [slice]);
    else known.push(slice);
  }
  return {
    input,
    ranges: indexRanges(input.config.pools),
    advertisements: advertisementsByPool(input.config.advertisements),
    slices,
    self: input.nodes.find((node) => node.name === input.self),
    electorates: new Map(),
    memory: input.rankings ?? newRankingMemory(),
  };
}

function sortedHolders(services: readonly AddressedService[]): AddressedService[] {
  const holders = services.filter(({ service, addresses }) => service.type === 'LoadBalancer' && addresses.length > 0);
  return inOrder(holders, ({ service }) => service);
}

/** What one Service says about its addresses. */
interface Grant {
  readonly service: string;
  readonly pool: string;
  readonly electorate: string;
  readonly ranking: () => readonly string[];
  readonly equals: readonly string[];
  /** Empty where this node may not answer for the Service. */
  readonly interfaces: 'all' | readonly string[];
  readonly mayStay: boolean;
}

type Verdict = Grant | { readonly refused: Refusal['reasons'] };

function judge(holder: AddressedService, world: World): Verdict {
  const [first] = holder.addresses;
  const pool = poolOf(holder, world);
  if (pool === undefined || first === undefined)
    return { refused: world.input.nodes.map(({ name }) => ({ node: name, reason: 'ipNotAllowed' })) };

  const question = questionOf(holder, pool, world);
  const electorate = electorateIn(world, question);
  const { all, eligible, voters } = electorate;
  if (eligible.length === 0) return { refused: all.flatMap(reasonOf) };
  const address = formatAddress(first);
  return {
    service: holder.service.key,
    pool: pool.name,
    electorate: `${address} ${voters.number}`,
    ranking: () => rankingIn(world.memory, voters, address),
    equals: electorate.equals,
    interfaces: electorate.hasSelf ? interfacesOn(world.self, question.advertisements) : [],
    mayStay: electorate.selfMayStay,
  };
}

/** Every node and whether it may answer for the addresses of `holder`; undefined when those do not all lie in one pool. */
export function candidatesIn(world: World, holder: AddressedService): readonly Candidate[] | undefined {
  const pool = poolOf(holder, world);
  return pool === undefined ? undefined : electorateIn(world, questionOf(holder, pool, world)).all;
}

/** The pool that has all of them. */
function poolOf({ addresses }: AddressedService, { ranges }: World): Pool | undefined {
  const [first, ...others] = addresses.map((address) => findRange(ranges, address)?.pool);
  return others.every((pool) => pool === first) ? first : undefined;
}

function questionOf({ service }: AddressedService, pool: Pool, { input, slices, advertisements }: World): EligibilityInput {
  const { nodes, ignoreExcludeLabel = false, withoutSlices } = input;
  return {
    service,
    advertisements: advertisementsFor(advertisements.get(pool.name) ?? [], service),
    nodes,
    endpoints: slices.get(service.key) ?? (withoutSlices === 'cannot-serve' ? [] : 'unknown'),
    ignoreExcludeLabel,
  };
}

function electorateIn({ electorates, memory, input }: World, question: EligibilityInput): Electorate {
  const key = electorateOf(question);
  const known = key === undefined ? undefined : electorates.get(key);
  if (known !== undefined) return known;
  const all = candidates(question);
  const eligible = all.filter((one) => one.eligible);
  const self = all.find(({ node }) => node === input.self);
  const electorate = {
    all,
    eligible,
    voters: votersIn(memory, eligible),
    equals: bestOf(eligible),
    hasSelf: self?.eligible === true,
    selfMayStay: self?.eligible === false && STILL_SERVES.has(self.reason),
  };
  if (key !== undefined) electorates.set(key, electorate);
  return electorate;
}

function bestOf(eligible: readonly Eligible[]): readonly string[] {
  const isCordoned = eligible.every(({ cordoned }) => cordoned === true);
  const asked = eligible.filter(({ cordoned = false }) => cordoned === isCordoned);
  const score = Math.max(...asked.map((one) => one.score));
  return asked.filter((one) => one.score === score).map(({ node }) => node);
}

/** Reasons that speak of where an address should be, not of whether the node could serve it. */
const STILL_SERVES: ReadonlySet<IneligibleReason> = new Set(['noMatchingAdvertisement', 'nodeLabeledExcludeBalancers'] as const);

const reasonOf = (candidate: Candidate): Refusal['reasons'] =>
  candidate.eligible ? [] : [{ node: candidate.node, reason: candidate.reason }];

/** The union over the advertisements that cover the node: their coverage there, not their preferences, says where it answers. */
function interfacesOn(node: NodeView | undefined, advertisements: readonly Advertisement[]): 'all' | readonly string[] {
  if (node === undefined) return [];
  return unionOf(advertisements.filter((ad) => covers(ad, node)).map((ad) => ad.interfaces));
}

function unionOf(lists: readonly ('all' | readonly string[])[]): 'all' | readonly string[] {
  const names = new Set<string>();
  for (const list of lists) {
    if (list === 'all') return 'all';
    for (const name of list) names.add(name);
  }
  return [...names].sort(compareText);
}

/** An address and what its holders granted so far, the deciding one first. */
interface Holding {
  readonly at: Address;
  readonly address: string;
  readonly grants: [Grant, ...Grant[]];
}

function hold(holdings: Map<string, Holding>, at: Address, address: string, grant: Grant): void {
  const holding = holdings.get(address);
  if (holding === undefined) holdings.set(address, { at, address, grants: [grant] });
  else holding.grants.push(grant);
}

function announcementOf({ address, holding: { grants }, ranking }: Ballot): Announcement {
  const [{ pool, mayStay }] = grants;
  return {
    address,
    services: grants.map(({ service }) => service).sort(compareText),
    pool,
    interfaces: unionOf(grants.map(({ interfaces }) => interfaces)),
    ranking: ranking(),
    ...(mayStay ? { mayStay } : {}),
  };
}
