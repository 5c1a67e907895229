/**
 * Whether a pool fits into a subnet: it stays inside, and has no address of the gateway, the DHCP server, the nodes, the
 * network itself, or whatever else is reserved there.
 *
 * Addresses of the other family are none of the subnet's business: a dual-stack pool has ranges of two subnets.
 */
import { type Issue, issue } from '../issue/issue.js';
import { isBuggy } from '../net/address.js';
import { describeRange, formatRange, type Range, rangeContains, rangeOf, rangesOverlap, sharedRange } from '../net/range.js';
import type { WrittenRange } from './overlap.js';
import { formatSubnet, type Occupant, type Subnet, unusableIn } from './subnet.js';

/** A pool as far as a subnet is concerned. Its issues stand at `spec.addresses[index]` of each range. */
export interface FittedPool {
  readonly ranges: readonly WrittenRange[];
  readonly avoidBuggyIPs: boolean;
}

/** OUTSIDE_SUBNET for each range that leaves `subnet`. `place` says where the subnet was written. */
export function findOutside(subnet: Subnet, { ranges }: FittedPool, place?: string): Issue[] {
  const whole = rangeOf(subnet.prefix);
  return ranges.flatMap(({ pool, index, text, range }) => {
    if (range.first.family !== subnet.prefix.address.family) return [];
    if (rangeContains(whole, range.first) && rangeContains(whole, range.last)) return [];
    const message = `"${text}" of pool "${pool}" is not inside its subnet ${described(subnet, place)}, which has ${formatRange(whole)}`;
    return [issue('OUTSIDE_SUBNET', pathOf(index), message)];
  });
}

/** SUBNET_OVERLAP for everybody in `subnet` whose addresses a range of the pool has. `place` says where the subnet was written. */
export function findTaken(subnet: Subnet, { ranges, avoidBuggyIPs }: FittedPool, place?: string): Issue[] {
  const whole = rangeOf(subnet.prefix);
  const near = ranges.filter(({ range }) => rangesOverlap(whole, range));
  if (near.length === 0) return [];
  const takers = [...subnet.occupied, ...unusableRanges(subnet, avoidBuggyIPs)];
  return near.flatMap(({ pool, index, text, range }) =>
    takers.flatMap(({ by, range: theirs }) => {
      const shared = sharedRange(range, theirs);
      if (shared === undefined) return [];
      const message = `"${text}" of pool "${pool}" has ${describeRange(shared)}, but ${NOUNS[by](describeRange(theirs))} in subnet ${described(subnet, place)}`;
      return [issue('SUBNET_OVERLAP', pathOf(index), message)];
    }),
  );
}

const pathOf = (index: number): string => `spec.addresses[${index}]`;

const described = (subnet: Subnet, place: string | undefined): string =>
  place === undefined ? formatSubnet(subnet) : `${formatSubnet(subnet)} (${place})`;

const NOUNS: Readonly<Record<Occupant | 'network' | 'broadcast', (range: string) => string>> = {
  gateway: (range) => `${range} is the gateway`,
  dhcp: (range) => `DHCP gives out ${range}`,
  nodes: (range) => `nodes have ${range}`,
  reserved: (range) => `${range} is reserved`,
  network: (range) => `${range} is the network address`,
  broadcast: (range) => `${range} is the broadcast address`,
};

/** With avoidBuggyIPs a pool never gives an address that ends in .0 or .255, so it may span those. */
function unusableRanges(
  subnet: Subnet,
  avoidBuggyIPs: boolean,
): readonly { readonly by: 'network' | 'broadcast'; readonly range: Range }[] {
  return unusableIn(subnet)
    .filter(({ address }) => !(avoidBuggyIPs && isBuggy(address)))
    .map(({ what, address }) => ({ by: what, range: { first: address, last: address } }));
}
