/**
 * From what is in force to what the wire thread needs: the announcements, and the prefixes its capture filter covers.
 */
import type { NodeView } from '../../../src/api/views.js';
import { type Announcement, isNear } from '../../../src/layer2/announcement.js';
import { type AddressedService, type Announcements, announcementsFor } from '../../../src/layer2/announcements.js';
import { keepOnly, type RankingMemory } from '../../../src/layer2/rankingmemory.js';
import type { Membership } from '../../../src/membership/membership.js';
import { unspread } from '../../../src/membership/unspread.js';
import { parseAddress } from '../../../src/net/address.js';
import { formatPrefix } from '../../../src/net/prefix.js';
import { coveringPrefixes } from '../../../src/packet/filter.js';
import type { InForce } from '../../controller/reconcile.js';

export interface ElectorateRules {
  readonly withoutSlices: 'cannot-serve' | 'serves-everywhere';
  /** Nodes that gossip and that nobody has described are candidates. */
  readonly heardNodes: boolean;
  readonly ignoreExcludeLabel: boolean;
}

/** Nobody writes EndpointSlices there, and few write Nodes. */
export const OF_A_FOLDER: ElectorateRules = { withoutSlices: 'serves-everywhere', heardNodes: true, ignoreExcludeLabel: false };

export interface AnnounceOptions {
  readonly electorate: ElectorateRules;
  /** This node was told to spread addresses, which means nothing while {@link unspread} says so. */
  readonly spread: boolean;
  /** Of what was in force before: each change of members or objects asks for all rankings again. */
  readonly rankings: RankingMemory;
}

export function announcementsOf(
  { config, objects, outcomes }: InForce,
  membership: Membership,
  { electorate: { withoutSlices, heardNodes, ignoreExcludeLabel }, spread, rankings }: AnnounceOptions,
): Announcements {
  if (config === undefined) return { announcements: [], refused: [] };
  const services = objects.services.flatMap((service): AddressedService[] => {
    const outcome = outcomes.get(service.key);
    return outcome !== undefined && 'allocated' in outcome ? [{ service, addresses: outcome.allocated.addresses }] : [];
  });
  const isSpread = spread && unspread(spread, membership, new Set(objects.nodes.map(({ name }) => name))) === undefined;
  const found = announcementsFor({
    config,
    services,
    // Spread, whoever has no Node is gone, and not everybody has heard of it.
    nodes: nodesOf(objects.nodes, membership, heardNodes && !isSpread),
    endpointSlices: objects.endpointSlices,
    self: membership.self,
    withoutSlices,
    ignoreExcludeLabel,
    spread: isSpread,
    rankings,
  });
  keepOnly(rankings, new Set(found.announcements.map(({ address }) => address)));
  return found;
}

/**
 * The Nodes, and in a folder every node ever heard that has none: it is a candidate without labels, as with MetalLB. Beside stock
 * speakers a cordon means nothing, as it means nothing to them: both kinds must name the same owner.
 */
function nodesOf(given: readonly NodeView[], { self, members }: Membership, heardNodes: boolean): readonly NodeView[] {
  const hasStock = members.some(({ speaks, state }) => speaks === 'memberlist' && state === 'alive');
  const nodes = hasStock ? given.map(({ cordoned: _, ...node }) => node) : given;
  if (!heardNodes) return nodes;
  const described = new Set(nodes.map(({ name }) => name));
  const heard = [self, ...members.map(({ name }) => name)].filter((name) => !described.has(name));
  return [...nodes, ...heard.map((name): NodeView => ({ name, labels: {}, networkUnavailable: false }))];
}

/** Of the addresses that `node` may soon have to answer for. */
export function filterPrefixes(announcements: readonly Announcement[], node: string): readonly string[] {
  const near = announcements.filter((one) => isNear(one, node));
  const ranges = near.flatMap(({ address }) => {
    const read = parseAddress(address);
    return read.ok ? [{ first: read.value, last: read.value }] : [];
  });
  return coveringPrefixes(ranges).map(formatPrefix);
}
