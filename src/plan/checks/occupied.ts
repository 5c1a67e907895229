/**
 * Pools with addresses that are somebody else's already: a node's, those a node gives to its Pods, or those that Services
 * have, or may get, inside the cluster. Warnings, for an address may be meant: a node's ExternalIP can be one that a load balancer answers for.
 *
 * One finding for each pool and kind of owner, however many addresses there are.
 */
import type { Pool } from '../../config/config.js';
import { compareAddresses, formatAddress, isBuggy, parseAddress } from '../../net/address.js';
import { formatPrefix, parsePrefix } from '../../net/prefix.js';
import { type Range, rangeOf, rangesOverlap } from '../../net/range.js';
import { firstEndingFrom } from '../../net/rangeset.js';
import { type Finding, findingAbout } from '../finding.js';
import { groupBy, listed } from '../listed.js';
import type { World } from '../situation.js';

type Code = 'POOL_HAS_NODE' | 'POOL_HAS_PODS' | 'POOL_HAS_CLUSTER_IP';

export function checkOccupied(world: World): Finding[] {
  const ranges = sortedRanges(world.config.pools);
  const { nodes, services, serviceCIDRs } = world.objects;
  return [
    ...findings(world, 'POOL_HAS_NODE', 'which its nodes have', clashes(ranges, nodes.flatMap(nodeAddresses))),
    ...findings(world, 'POOL_HAS_PODS', 'which Pods have', clashes(ranges, nodes.flatMap(podRanges))),
    ...findings(
      world,
      'POOL_HAS_CLUSTER_IP',
      'which Services have inside the cluster',
      clashes(ranges, [...serviceCIDRs.flatMap(serviceRanges), ...services.flatMap(clusterIPs)]),
    ),
  ];
}

/** Some addresses that are taken, and how people call them. */
interface Taken {
  readonly range: Range;
  readonly label: string;
}

interface PoolRange {
  readonly pool: Pool;
  readonly index: number;
  readonly range: Range;
}

type Owner = World['objects'];

const nodeAddresses = ({ name, addresses = [] }: Owner['nodes'][number]): Taken[] =>
  addresses.flatMap((text) => single(text, `${text} (${name})`));

const podRanges = ({ name, podCIDRs = [] }: Owner['nodes'][number]): Taken[] => prefixes(podCIDRs, name);

const serviceRanges = ({ name, cidrs }: Owner['serviceCIDRs'][number]): Taken[] => prefixes(cidrs, `ServiceCIDR ${name}`);

const prefixes = (texts: readonly string[], whose: string): Taken[] =>
  texts.flatMap((text) => {
    const prefix = parsePrefix(text);
    return prefix.ok ? [{ range: rangeOf(prefix.value), label: `${formatPrefix(prefix.value)} (${whose})` }] : [];
  });

const clusterIPs = (service: Owner['services'][number]): Taken[] =>
  service.clusterIPs.flatMap((text) => single(text, `${text} (${service.key})`));

/** Nothing for text that is no address, as `None` and host names are. */
function single(text: string, label: string): Taken[] {
  const address = parseAddress(text);
  return address.ok ? [{ range: { first: address.value, last: address.value }, label }] : [];
}

/** No two overlap, so the lasts are sorted too. */
const sortedRanges = (pools: readonly Pool[]): PoolRange[] =>
  pools
    .flatMap((pool) => pool.ranges.map((range, index) => ({ pool, index, range })))
    .sort((a, b) => compareAddresses(a.range.first, b.range.first));

interface Clash {
  readonly at: PoolRange;
  readonly taken: Taken;
}

function clashes(ranges: readonly PoolRange[], taken: readonly Taken[]): Clash[] {
  const bare = ranges.map(({ range }) => range);
  return taken.flatMap((one) => {
    const found: Clash[] = [];
    for (let i = firstEndingFrom(bare, one.range.first); ranges[i] !== undefined; i++) {
      const at = ranges[i];
      if (at === undefined || !rangesOverlap(at.range, one.range)) break;
      if (!isNeverGiven(at.pool, one.range)) found.push({ at, taken: one });
    }
    return found;
  });
}

/** With avoidBuggyIPs an address that ends in .0 or .255 is given to nobody. */
const isNeverGiven = ({ avoidBuggyIPs }: Pool, { first, last }: Range): boolean =>
  avoidBuggyIPs && compareAddresses(first, last) === 0 && isBuggy(first);

const byAddress = ({ taken: a }: Clash, { taken: b }: Clash): number =>
  compareAddresses(a.range.first, b.range.first) || (a.label < b.label ? -1 : a.label > b.label ? 1 : 0);

function findings({ poolObjects }: World, code: Code, whose: string, found: readonly Clash[]): Finding[] {
  return [...groupBy(found, ({ at }) => at.pool.name)].flatMap(([name, group]) => {
    const clashing = [...group].sort(byAddress);
    const object = poolObjects.get(name);
    const [first] = clashing;
    if (object === undefined || first === undefined) return [];
    const labels = clashing.map(({ taken }) => taken.label);
    const text = object.object.spec.addresses[first.at.index] ?? formatAddress(first.at.range.first);
    const message = `pool "${name}" ("${text}") has addresses ${whose}: ${listed(labels)}`;
    return [findingAbout(object, code, `spec.addresses[${first.at.index}]`, message)];
  });
}
