/**
 * Which address families a Service wants (metallb-behaviour §3.3, §3.4). A cluster tells by its cluster IPs. A folder has
 * none: there `ipFamilies` and `ipFamilyPolicy` tell, else the addresses that are requested, else nothing.
 */
import type { ServiceView } from '../api/views.js';
import { type Issue, issue, malformed, type Parsed, parsed } from '../issue/issue.js';
import { type Address, type Family, formatAddress, parseAddress } from '../net/address.js';

export type Families =
  | { readonly stack: 'single'; readonly family: Family }
  /** Both, from one pool. `prefer` takes one when no pool has both: the primary family rather than the other. */
  | { readonly stack: 'dual'; readonly policy: 'require' | 'prefer'; readonly primary: Family }
  /** One, of whichever family: IPv4 when any pool open to the Service has IPv4 at all, full or not; else IPv6. */
  | { readonly stack: 'either' };

/** What `service` wants, knowing the addresses it requests. SERVICE_INVALID when the two contradict each other. */
export function familiesOf(service: ServiceView, requested: readonly Address[]): Parsed<Families> {
  const families = service.clusterIPs.length > 0 ? inCluster(service) : inFolder(service, requested);
  if (!families.ok || requested.length === 0 || agree(families.value, requested)) return families;
  const asked = requested.map(formatAddress).join(' and ');
  const wants = describeFamilies(families.value);
  return malformed(invalid(`the requested ${asked} does not match the ipFamily of the service, which needs ${wants}`));
}

/** What addresses a Service that wants `families` may end up with, whatever chose them. */
export function agree(families: Families, addresses: readonly Address[]): boolean {
  switch (families.stack) {
    case 'single':
      return addresses.length === 1 && addresses[0]?.family === families.family;
    case 'dual':
      return addresses.length === 2;
    case 'either':
      return true;
  }
}

export function describeFamilies(families: Families): string {
  switch (families.stack) {
    case 'single':
      return `one ${families.family} address`;
    case 'dual':
      return 'an IPv4 and an IPv6 address';
    case 'either':
      return 'one address';
  }
}

const invalid = (message: string, path = 'spec.ipFamilyPolicy'): Issue => issue('SERVICE_INVALID', path, message);

function inCluster({ clusterIPs, ipFamilies, ipFamilyPolicy }: ServiceView): Parsed<Families> {
  const found: Family[] = [];
  for (const [i, text] of clusterIPs.entries()) {
    const read = parseAddress(text);
    if (!read.ok) return malformed(invalid(`the cluster IP "${text}" is not an address`, `spec.clusterIPs[${i}]`));
    found.push(read.value.family);
  }
  const [first, second] = found;
  if (first === undefined || found.length > 2 || first === second) {
    return malformed(invalid('the cluster IPs are not one address, or one of each family', 'spec.clusterIPs'));
  }
  if (second === undefined) {
    return ipFamilyPolicy === 'RequireDualStack'
      ? malformed(invalid('RequireDualStack needs two cluster IPs, and the Service has one'))
      : SINGLE[first];
  }
  if (ipFamilyPolicy === 'SingleStack') {
    return malformed(invalid('SingleStack with cluster IPs of both families', 'spec.ipFamilyPolicy'));
  }
  return parsed(dual(ipFamilyPolicy, ipFamilies[0] ?? 'IPv4'));
}

function inFolder({ ipFamilies, ipFamilyPolicy }: ServiceView, requested: readonly Address[]): Parsed<Families> {
  const [first, second] = ipFamilies;
  const again = ipFamilies.findIndex((family, i) => ipFamilies.indexOf(family) !== i);
  if (again !== -1) return malformed(invalid(`ipFamilies has ${ipFamilies[again]} twice`, `spec.ipFamilies[${again}]`));
  if (ipFamilyPolicy === 'PreferDualStack') {
    // An API server gives such a Service one cluster IP where the cluster has one family: both are right.
    const [only] = requested;
    return parsed(only !== undefined && requested.length === 1 ? single(only) : dual(ipFamilyPolicy, first ?? 'IPv4'));
  }
  // Two families and no policy for two: an API server refuses to create that. It is read as what is most likely meant.
  if (ipFamilyPolicy === 'RequireDualStack' || second !== undefined) return parsed(dual('RequireDualStack', first ?? 'IPv4'));
  if (first !== undefined) return SINGLE[first];
  const [only, other] = requested;
  if (only !== undefined) return parsed(other === undefined ? single(only) : dual('RequireDualStack', 'IPv4'));
  return EITHER;
}

/** What nearly every Service wants is one value for all of them. */
const SINGLE: Readonly<Record<Family, Parsed<Families>>> = {
  IPv4: parsed({ stack: 'single', family: 'IPv4' }),
  IPv6: parsed({ stack: 'single', family: 'IPv6' }),
};
const EITHER: Parsed<Families> = parsed({ stack: 'either' });

const single = ({ family }: Address): Families => ({ stack: 'single', family });

const dual = (policy: 'PreferDualStack' | 'RequireDualStack', primary: Family): Families => ({
  stack: 'dual',
  policy: policy === 'PreferDualStack' ? 'prefer' : 'require',
  primary,
});
