/**
 * Services, nodes and configurations in a few words, for tables.
 */
import type { EndpointSliceView, EndpointView, NodeView, ServiceView } from '../../src/api/views.js';
import type { Advertisement, Config } from '../../src/config/config.js';
import type { Selector } from '../../src/config/selector.js';
import { type Address, parseAddress } from '../../src/net/address.js';
import { parseRange } from '../../src/net/range.js';

export const EXCLUDED = { 'node.kubernetes.io/exclude-from-external-load-balancers': '' };

export function address(text: string): Address {
  const read = parseAddress(text);
  if (!read.ok) throw new Error(text);
  return read.value;
}

export const selector = (labels: Record<string, string>): Selector => ({
  requirements: Object.entries(labels).map(([key, value]) => ({ key, operator: 'In', values: new Set([value]) })),
});

/** Selects nodes by the label that `node` gives each: its name. */
export const named = (...names: string[]): Selector[] => names.map((name) => selector({ name }));

export const node = (name: string, change: Partial<NodeView> = {}): NodeView => ({
  name,
  networkUnavailable: false,
  ...change,
  labels: { name, ...change.labels },
});

export const service = (name: string, change: Partial<ServiceView> = {}): ServiceView => ({
  key: `${change.namespace ?? 'test'}/${name}`,
  namespace: 'test',
  name,
  labels: {},
  annotations: {},
  type: 'LoadBalancer',
  clusterIPs: [],
  ipFamilies: ['IPv4'],
  ipFamilyPolicy: 'SingleStack',
  externalTrafficPolicy: 'Cluster',
  ports: [],
  selector: {},
  ingress: [],
  ...change,
});

export const ad = (name: string, change: Partial<Advertisement> = {}): Advertisement => ({
  name,
  pools: new Set(['pool']),
  nodeSelectors: [],
  interfaces: 'all',
  serviceSelectors: [],
  preferredNodes: [],
  ...change,
});

export function config(
  advertisements: readonly Advertisement[],
  ranges: Record<string, string> = { pool: '10.20.30.0/24' },
): Config {
  const pools = Object.entries(ranges).map(([name, text]) => {
    const range = parseRange(text);
    if (!range.ok) throw new Error(text);
    return { name, labels: {}, ranges: [range.value], autoAssign: true, avoidBuggyIPs: false };
  });
  return { pools, advertisements };
}

/** `iris1` can serve there; `!iris1` cannot; an empty name is an endpoint on no node. */
export const slice = (of: string, ...endpoints: string[]): EndpointSliceView => ({
  namespace: 'test',
  service: of,
  endpoints: endpoints.map(
    (text): EndpointView =>
      text === '' ? { canServe: true } : { nodeName: text.replace('!', ''), canServe: !text.startsWith('!') },
  ),
});
