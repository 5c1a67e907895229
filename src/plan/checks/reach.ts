/**
 * How far advertisements reach: to no pool, to no node, or to a single node whose end would be the end of its addresses.
 *
 * Nodes are asked for only when some are known. Where there is one node only, nobody needs to be told so.
 */

import type { L2Advertisement } from '../../api/l2advertisement.js';
import type { Sourced } from '../../api/object.js';
import type { Advertisement } from '../../config/config.js';
import { type Finding, findingAbout } from '../finding.js';
import type { World } from '../situation.js';

export function checkReach(world: World): Finding[] {
  return world.config.advertisements.flatMap((ad) => {
    const object = world.advertisementObjects.get(ad.name);
    return object === undefined ? [] : [...poolReach(ad, object, world), ...nodeReach(ad, object, world)];
  });
}

/** Names of pools that don't exist are told by name, when advertisements are compiled. */
function poolReach(ad: Advertisement, object: Sourced<L2Advertisement>, { config }: World): Finding[] {
  if (ad.pools.size > 0) return [];
  const { ipAddressPools = [], ipAddressPoolSelectors = [] } = object.object.spec ?? {};
  if (config.pools.length > 0 && ipAddressPoolSelectors.length === 0 && ipAddressPools.length > 0) return [];
  const [path, why] =
    config.pools.length === 0 ? ['', 'there is none'] : ['spec.ipAddressPoolSelectors', 'its selectors match none'];
  return [findingAbout(object, 'NO_POOL_MATCHED', path, `L2Advertisement "${ad.name}" announces no pool: ${why}`)];
}

function nodeReach(ad: Advertisement, object: Sourced<L2Advertisement>, world: World): Finding[] {
  const { nodes: known } = world.objects;
  if (known.length === 0) return [];
  const nodes = world.nodesOf.get(ad) ?? [];
  const path = ad.nodeSelectors.length === 0 ? '' : 'spec.nodeSelectors';
  const [only] = nodes;
  if (only === undefined) {
    const message = `L2Advertisement "${ad.name}" covers none of the ${known.length} known nodes that may announce: nobody answers`;
    return [findingAbout(object, 'NO_NODE_MATCHED', path, message)];
  }
  if (known.length === 1 || nodes.length > 1) return [];
  const alone = [...ad.pools].sort().find((pool) => isAlone(pool, only.name, world));
  if (alone === undefined) return [];
  const message = `only node ${only.name} may answer for pool "${alone}": when it is down, no other takes over`;
  return [findingAbout(object, 'NO_FAILOVER', path, message)];
}

/** Whether every advertisement of the pool covers that one node at most. */
const isAlone = (pool: string, node: string, { advertisementsOf, nodesOf }: World): boolean =>
  (advertisementsOf.get(pool) ?? []).every((ad) => (nodesOf.get(ad) ?? []).every(({ name }) => name === node));
