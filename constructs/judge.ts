/**
 * What is wrong with the objects that an app writes, beyond doubt. An app is taken for a whole cluster's configuration as far
 * as it goes: when it has pools, these are all there are; when it has none, they are written elsewhere, and what Services
 * ask of pools is not judged.
 */

import { allocateAll } from '../src/allocator/allocateall.js';
import type { Outcome } from '../src/allocator/allocation.js';
import { readAnnotation, type Suffix } from '../src/allocator/annotation.js';
import { parseRequest } from '../src/allocator/request.js';
import { identify } from '../src/api/identity.js';
import type { IPAddressPool } from '../src/api/ipaddresspool.js';
import { isList } from '../src/api/list.js';
import type { Sourced } from '../src/api/object.js';
import { type Objects, readObjects } from '../src/api/objects.js';
import { isRecord } from '../src/api/value.js';
import type { ServiceView } from '../src/api/views.js';
import { compileConfig } from '../src/config/compile.js';
import type { Config } from '../src/config/config.js';
import { formatPlace, placed } from '../src/config/place.js';
import { writtenRanges } from '../src/config/pool.js';
import { formatSubnet, readSubnet, type Subnet } from '../src/config/subnet.js';
import { findOutside, findTaken } from '../src/config/subnetfit.js';
import { indexSubnets, type SubnetIndex, subnetsTouching } from '../src/config/subnetindex.js';
import type { IssueCode } from '../src/issue/catalogue.js';
import type { Issue, Source } from '../src/issue/issue.js';
import { check } from '../src/plan/check.js';
import { isInside } from '../src/plan/lint.js';

export interface KnownSubnet {
  readonly subnet: Subnet;
  readonly source: Source;
}

/** Whether an object of this kind is looked at. */
export const isJudged = ({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): boolean =>
  !('ignored' in identify({ apiVersion, kind, metadata: { name: kind } })) || isList({ apiVersion, kind });

/** Errors and warnings, each with the source of its object. */
export function judgeObjects(written: readonly Sourced<unknown>[], subnets: readonly KnownSubnet[]): readonly Issue[] {
  const { objects, salvaged, issues } = readObjects(written);
  // Objects that are wrong are held against the rest all the same, so that one mistake hides no other.
  const pools = [...objects.pools, ...salvaged.pools];
  const advertisements = [...objects.advertisements, ...salvaged.advertisements];
  const compiled = compileConfig({ pools, advertisements, namespaces: objects.namespaces });
  const surroundings = surroundingsOf(subnets);
  const misfits = pools.flatMap((pool) => judgeAgainstSubnets(pool, surroundings));
  const read = issues.filter((one) => !isPerhapsElsewhere(one));
  const more = [...compiled.issues, ...misfits].filter((one) => !issues.some((known) => isInside(one, known)));
  const isWhole = written.filter(isPool).length <= objects.pools.length && misfits.length === 0;
  const config = isWhole && objects.pools.length > 0 ? compiled.config : undefined;
  return [...read, ...more, ...(config === undefined ? judgeRequests(objects.services) : judgeTogether(objects, config))];
}

/** Two Services that name no namespace (and count as in `default`) may be applied to two. Those of one chart collide, see there. */
const isPerhapsElsewhere = ({ code, object }: Issue): boolean =>
  code === 'DUPLICATE_OBJECT' && object?.namespace === DEFAULT_NAMESPACE;

const DEFAULT_NAMESPACE = 'default';

const isPool = ({ object }: Sourced<unknown>): boolean => isRecord(object) && object['kind'] === 'IPAddressPool';

interface Surroundings {
  readonly index: SubnetIndex<KnownSubnet>;
  /** By prefix; of several the first. */
  readonly byPrefix: ReadonlyMap<string, KnownSubnet>;
}

const surroundingsOf = (subnets: readonly KnownSubnet[]): Surroundings => ({
  index: indexSubnets(subnets),
  byPrefix: new Map([...subnets].reverse().map((known) => [formatSubnet(known.subnet), known])),
});

/** A pool is held against every subnet of the app, and must lie inside the one it was taken from. */
function judgeAgainstSubnets(pool: Sourced<IPAddressPool>, { index, byPrefix }: Surroundings): Issue[] {
  const own = readSubnet(pool.object.metadata.annotations ?? {});
  if (!own.ok) return own.issues.map((one) => placed(pool, one));
  const fitted = { ranges: writtenRanges(pool.object), avoidBuggyIPs: pool.object.spec.avoidBuggyIPs ?? false };
  const described = own.value === undefined ? undefined : byPrefix.get(formatSubnet(own.value));
  const outside = own.value === undefined ? [] : findOutside(own.value, fitted, formatPlace(described?.source));
  const near = subnetsTouching(
    index,
    fitted.ranges.map(({ range }) => range),
  );
  const taken = near.flatMap(({ subnet, source }) => findTaken(subnet, fitted, formatPlace(source)));
  const takenAtHome = own.value === undefined || described !== undefined ? [] : findTaken(own.value, fitted);
  return [...outside, ...taken, ...takenAtHome].map((one) => placed(pool, one));
}

/** What Services say against themselves, which needs no pools. */
const judgeRequests = (services: readonly ServiceView[]): Issue[] =>
  services.filter(isOurs).flatMap((service) => {
    const request = parseRequest(service);
    return request.ok ? [] : request.issues;
  });

/** Everything that can be said once pools and advertisements are right. */
function judgeTogether(objects: Objects, config: Config): Issue[] {
  const outcomes = allocateAll(config, objects.services);
  const refusals = [...refusalsIn(outcomes, objects)];
  for (const [loadBalancerClass, group] of byClass(objects.services.filter(isOurs))) {
    if (loadBalancerClass !== undefined) {
      refusals.push(...refusalsIn(allocateAll(config, group, undefined, { loadBalancerClass }), objects));
    }
  }
  const findings = check({ objects, config, outcomes }).map((finding) => finding.issue);
  return [...refusals, ...findings.filter((one) => isWarning(one) && !needsWholeCluster(one))];
}

/** Which class the agents will serve, no app says. */
const isWarning = ({ severity, code }: Issue): boolean => severity === 'warning' && code !== 'CLASS_UNHANDLED';

/** An app seldom writes every Node and every Namespace: what would follow from their absence is for lint and plan to say. */
const needsWholeCluster = ({ code, path }: Issue): boolean =>
  WHOLE_CLUSTER.includes(code) || (code === 'SELECTOR_UNMATCHED' && OF_NODES_OR_NAMESPACES.test(path));

const WHOLE_CLUSTER: readonly IssueCode[] = [
  'UNKNOWN_NAMESPACE',
  'POOL_ADMITS_NOBODY',
  'NO_NODE_MATCHED',
  'NO_FAILOVER',
  'NOBODY_ANSWERS',
  'LOCAL_ONE_NODE',
];

const OF_NODES_OR_NAMESPACES = /[.](nodeSelectors|preferredNodeSelectors|namespaceSelectors)\b/;

function refusalsIn(outcomes: ReadonlyMap<string, Outcome>, { services, namespaces, pools }: Objects): Issue[] {
  const known = new Set(namespaces.map(({ name }) => name));
  const pins = pools.map(({ object }) => object.spec.serviceAllocation ?? {});
  const hangsOnNames = pins.some((pin) => (pin.namespaces ?? []).length > 0);
  const hangsOnLabels = pins.some((pin) => (pin.namespaceSelectors ?? []).length > 0);
  return services.flatMap((service) => {
    const outcome = outcomes.get(service.key);
    if (outcome === undefined || !('pending' in outcome)) return [];
    const { namespace } = service;
    const isGuess = (hangsOnLabels && !known.has(namespace)) || (hangsOnNames && namespace === DEFAULT_NAMESPACE);
    return outcome.pending.filter(({ code }) => !isGuess || !HANG_ON_NAMESPACE.includes(code));
  });
}

/** A Service that names no namespace may be applied to any, and a Namespace have labels that the app does not know of. */
const HANG_ON_NAMESPACE: readonly IssueCode[] = ['POOL_NOT_COMPATIBLE', 'POOL_EXHAUSTED'];

const ANNOTATIONS: readonly Suffix[] = ['address-pool', 'loadBalancerIPs', 'allow-shared-ip'];

/** A Service of some class is another load balancer's, unless it speaks to MetalLB. */
const isOurs = (service: ServiceView): boolean =>
  service.type === 'LoadBalancer' && (service.loadBalancerClass === undefined || speaksToMetalLB(service));

const speaksToMetalLB = (service: ServiceView): boolean =>
  ANNOTATIONS.some((suffix) => readAnnotation(service, suffix) !== undefined);

function byClass(services: readonly ServiceView[]): ReadonlyMap<string | undefined, readonly ServiceView[]> {
  const groups = new Map<string | undefined, ServiceView[]>();
  for (const service of services) {
    const group = groups.get(service.loadBalancerClass);
    if (group === undefined) groups.set(service.loadBalancerClass, [service]);
    else group.push(service);
  }
  return groups;
}
