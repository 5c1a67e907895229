/**
 * Pools against the subnets they are said to be in, by the annotations that constructs write: what leaves the subnet, and what
 * belongs there to the gateway, DHCP, the nodes or the network itself. A known subnet concerns every pool, also one that says
 * nothing of it.
 */
import type { IPAddressPool } from '../../api/ipaddresspool.js';
import type { Sourced } from '../../api/object.js';
import { formatPlace } from '../../config/place.js';
import { writtenRanges } from '../../config/pool.js';
import { formatSubnet, readSubnet, type Subnet } from '../../config/subnet.js';
import { type FittedPool, findOutside, findTaken } from '../../config/subnetfit.js';
import { indexSubnets, type SubnetIndex, subnetsTouching } from '../../config/subnetindex.js';
import type { Issue } from '../../issue/issue.js';
import { type Finding, findingAbout } from '../finding.js';
import type { World } from '../situation.js';

export function checkSubnets({ objects: { pools } }: World): Finding[] {
  const subnets = new Map<string, Known>();
  const found: Finding[] = [];
  for (const pool of [...pools].sort((a, b) => (a.object.metadata.name < b.object.metadata.name ? -1 : 1))) {
    const subnet = readSubnet(pool.object.metadata.annotations ?? {});
    if (!subnet.ok) found.push(...subnet.issues.map((one) => at(pool, one)));
    else if (subnet.value !== undefined) {
      const known = { subnet: subnet.value, pool };
      found.push(...findOutside(known.subnet, fitted(pool), placeOf(known)).map((one) => at(pool, one)));
      // Pools of one subnet all say the same of it.
      const key = JSON.stringify(subnet.value);
      if (!subnets.has(key)) subnets.set(key, known);
    }
  }
  const index = indexSubnets([...subnets.values()]);
  const taken = index.length === 0 ? [] : pools.flatMap((pool) => takenIn(pool, index));
  return [...found, ...taken];
}

interface Known {
  readonly subnet: Subnet;
  /** The first that names it. */
  readonly pool: Sourced<IPAddressPool>;
}

const placeOf = ({ pool }: Known): string | undefined => formatPlace(pool.locate('metadata.annotations'));

const fitted = ({ object }: Sourced<IPAddressPool>): FittedPool => ({
  ranges: writtenRanges(object),
  avoidBuggyIPs: object.spec.avoidBuggyIPs ?? false,
});

/** Two pools may know different things of one subnet; what both say is told once. */
function takenIn(pool: Sourced<IPAddressPool>, subnets: SubnetIndex<Known>): Finding[] {
  const found = new Map<string, Issue>();
  const ours = fitted(pool);
  const near = subnetsTouching(
    subnets,
    ours.ranges.map(({ range }) => range),
  );
  for (const known of near) {
    for (const one of findTaken(known.subnet, ours, placeOf(known))) {
      const key = `${one.path} ${formatSubnet(known.subnet)} ${one.message.split(' in subnet ')[0]}`;
      if (!found.has(key)) found.set(key, one);
    }
  }
  return [...found.values()].map((one) => at(pool, one));
}

const at = (pool: Sourced<IPAddressPool>, { code, path, message }: Issue): Finding => findingAbout(pool, code, path, message);
