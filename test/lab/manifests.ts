/**
 * What most labs announce, as objects and as the text of a file of the state folder.
 */

export interface PoolOptions {
  /** Where its addresses are announced. @default everywhere */
  readonly interfaces?: readonly string[];
  /** Of the advertisement, what else its spec says. */
  readonly spec?: Readonly<Record<string, unknown>>;
}

export interface ServiceOptions {
  /** @default whatever the controller chooses */
  readonly address?: string;
  /** Two of them: it needs an address of each. @default IPv4 */
  readonly families?: readonly ('IPv4' | 'IPv6')[];
}

/** A pool, and an advertisement of the same name for it alone. */
export const pool = (name: string, addresses: readonly string[], { interfaces, spec }: PoolOptions = {}): readonly object[] => [
  {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    metadata: { name, namespace: 'metallb-system' },
    spec: { addresses },
  },
  {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'L2Advertisement',
    metadata: { name, namespace: 'metallb-system' },
    spec: { ipAddressPools: [name], interfaces, ...spec },
  },
];

/** In namespace `default`. */
export const service = (name: string, { address, families }: ServiceOptions = {}): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name,
    namespace: 'default',
    annotations: address === undefined ? undefined : { 'metallb.io/loadBalancerIPs': address },
  },
  spec: {
    type: 'LoadBalancer',
    ports: [{ port: 80, protocol: 'TCP' }],
    ipFamilies: families,
    ipFamilyPolicy: families?.length === 2 ? 'RequireDualStack' : undefined,
  },
});

/** JSON, which is YAML, a document an object. */
export const manifest = (objects: readonly object[]): string => objects.map((object) => JSON.stringify(object)).join('\n---\n');
