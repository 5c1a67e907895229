/**
 * Which nodes may answer for the addresses of one Service, and for each other node the first reason why not, in MetalLB's
 * order and words (metallb-behaviour §4.2). Liveness plays no part: it is added when an owner is elected.
 */
import type { EndpointSliceView, NodeView, ServiceView } from '../api/views.js';
import type { Advertisement } from '../config/config.js';
import { matches, matchesAny } from '../config/selector.js';

/** Why a node is not eligible. MetalLB logs the first, and those after the third, as plain `notOwner`. */
export type IneligibleReason =
  /** No endpoint of the Service can serve, on any node. */
  | 'noEndpoints'
  /** The Service may share its address, and an advertisement for it selects Services. */
  | 'sharedIPWithServiceSelector'
  /** No advertisement of the pool covers this Service on this node. */
  | 'noMatchingAdvertisement'
  | 'nodeNetworkUnavailable'
  | 'nodeLabeledExcludeBalancers'
  /** `externalTrafficPolicy: Local`, and no endpoint that can serve is on this node. */
  | 'noLocalEndpoints';

export type Candidate =
  | { readonly node: string; readonly eligible: true; readonly score: number; readonly cordoned?: true }
  | { readonly node: string; readonly eligible: false; readonly reason: IneligibleReason };

export interface EligibilityInput {
  readonly service: ServiceView;
  /** Those of the Service's pool that select the Service: see {@link advertisementsFor}. */
  readonly advertisements: readonly Advertisement[];
  readonly nodes: readonly NodeView[];
  /** `'unknown'`: nothing is known of endpoints, and every node is taken to serve. */
  readonly endpoints: 'unknown' | readonly EndpointSliceView[];
  /** `--ignore-exclude-lb`: the exclude label of nodes means nothing. */
  readonly ignoreExcludeLabel: boolean;
}

const EXCLUDE_LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers';
const ALLOW_SHARED_IP = ['metallb.io/allow-shared-ip', 'metallb.universe.tf/allow-shared-ip'];

/** Of the advertisements of a pool, those that apply to `service`, on whatever node. */
export const advertisementsFor = (ofPool: readonly Advertisement[], service: ServiceView): readonly Advertisement[] =>
  ofPool.every(({ serviceSelectors }) => serviceSelectors.length === 0)
    ? ofPool
    : ofPool.filter((ad) => matchesAny(ad.serviceSelectors, service.labels));

/** By pool name, each list in the order of `advertisements`; absent for a pool that nothing advertises. */
export function advertisementsByPool(advertisements: readonly Advertisement[]): ReadonlyMap<string, readonly Advertisement[]> {
  const found = new Map<string, Advertisement[]>();
  for (const ad of advertisements) {
    for (const pool of ad.pools) {
      const known = found.get(pool);
      if (known === undefined) found.set(pool, [ad]);
      else known.push(ad);
    }
  }
  return found;
}

export const covers = (ad: Advertisement, node: NodeView): boolean => matchesAny(ad.nodeSelectors, node.labels);

/** Whether anything about the node itself speaks against it. */
export const isAvailable = (node: NodeView): boolean => !node.networkUnavailable && !Object.hasOwn(node.labels, EXCLUDE_LABEL);

/** One candidate a node, in the order of `nodes`. */
export function candidates(input: EligibilityInput): Candidate[] {
  const serving = servingNodes(input.endpoints);
  const ofService = serviceReason(input, serving);
  return input.nodes.map((node) => {
    const reason = ofService ?? nodeReason(input, node, serving);
    if (reason !== undefined) return { node: node.name, eligible: false, reason };
    const candidate = { node: node.name, eligible: true, score: scoreOf(input.advertisements, node) } as const;
    return node.cordoned ? { ...candidate, cordoned: true } : candidate;
  });
}

/**
 * Equal texts for Services of one configuration that have the same candidates, so that they are found once for all of them;
 * undefined for a Service with candidates of its own.
 */
export function electorateOf(input: EligibilityInput): string | undefined {
  const { service, advertisements, endpoints } = input;
  if (service.externalTrafficPolicy === 'Local' && endpoints !== 'unknown') return undefined;
  const reason = serviceReason(input, servingNodes(endpoints));
  const [first = '', ...others] = advertisements.map(aboutNodes);
  // Most Services have one advertisement, and its text has been hashed before.
  return reason === undefined && others.length === 0 ? first : [reason ?? '', first, ...others].join('\n');
}

/** Equal texts for advertisements that say the same about nodes: of thousands, nearly all do. */
function aboutNodes(ad: Advertisement): string {
  const known = ABOUT_NODES.get(ad);
  if (known !== undefined) return known;
  const text = JSON.stringify([ad.nodeSelectors, ad.preferredNodes], (_, value) => (value instanceof Set ? [...value] : value));
  ABOUT_NODES.set(ad, text);
  return text;
}

const ABOUT_NODES = new WeakMap<Advertisement, string>();

/** Where endpoints can serve. `any` counts those without a node too, which serve under the policy Cluster. */
interface Serving {
  readonly any: boolean;
  on(node: string): boolean;
}

function servingNodes(slices: 'unknown' | readonly EndpointSliceView[]): Serving {
  if (slices === 'unknown') return { any: true, on: () => true };
  const endpoints = slices.flatMap((slice) => slice.endpoints.filter((endpoint) => endpoint.canServe));
  const nodes = new Set(endpoints.map((endpoint) => endpoint.nodeName));
  return { any: endpoints.length > 0, on: (node) => nodes.has(node) };
}

/** What excludes every node at once. */
function serviceReason({ service, advertisements }: EligibilityInput, serving: Serving): IneligibleReason | undefined {
  if (!serving.any) return 'noEndpoints';
  const mayShare = ALLOW_SHARED_IP.some((key) => Object.hasOwn(service.annotations, key));
  if (mayShare && advertisements.some((ad) => ad.serviceSelectors.length > 0)) return 'sharedIPWithServiceSelector';
  return undefined;
}

function nodeReason(input: EligibilityInput, node: NodeView, serving: Serving): IneligibleReason | undefined {
  if (!input.advertisements.some((ad) => covers(ad, node))) return 'noMatchingAdvertisement';
  if (node.networkUnavailable) return 'nodeNetworkUnavailable';
  if (!input.ignoreExcludeLabel && Object.hasOwn(node.labels, EXCLUDE_LABEL)) return 'nodeLabeledExcludeBalancers';
  if (input.service.externalTrafficPolicy === 'Local' && !serving.on(node.name)) return 'noLocalEndpoints';
  return undefined;
}

/** Each advertisement prefers among the nodes it covers; its weights count on every speaker alike (metallb-behaviour §1.2). */
function scoreOf(advertisements: readonly Advertisement[], node: NodeView): number {
  let score = 0;
  for (const ad of advertisements) {
    if (!covers(ad, node)) continue;
    for (const { weight, selector } of ad.preferredNodes) if (matches(selector, node.labels)) score += weight;
  }
  return score;
}
