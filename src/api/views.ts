/**
 * The projections of Kubernetes' own kinds: the fields that decisions read, and no more, so that a cache of 10,000
 * Services stays small and a test can write one down.
 */

import type { Source } from '../issue/issue.js';
import type { Family } from '../net/address.js';

export interface ServiceView {
  /** `namespace/name`, the name a Service has in logs, metrics and maps; made once, because it is hashed again and again. */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** `LoadBalancer`, `ClusterIP`, …; `ClusterIP` when absent, as the API server defaults it. */
  readonly type: string;
  readonly loadBalancerClass?: string;
  readonly loadBalancerIP?: string;
  /** Empty in a folder, where no API server has assigned any. */
  readonly clusterIPs: readonly string[];
  readonly ipFamilies: readonly Family[];
  readonly ipFamilyPolicy: 'SingleStack' | 'PreferDualStack' | 'RequireDualStack';
  readonly externalTrafficPolicy: 'Cluster' | 'Local';
  readonly ports: readonly { readonly protocol: string; readonly port: number }[];
  readonly selector: Readonly<Record<string, string>>;
  /** `status.loadBalancer.ingress[].ip`, entries without one left out. */
  readonly ingress: readonly string[];
  /** `metadata.creationTimestamp`: of two that cannot both keep what they have, the older one does. Absent in a folder. */
  readonly createdAt?: string;
  readonly source?: Source;
}

/** {@link ServiceView.key}. */
export const serviceKey = ({ namespace, name }: Pick<ServiceView, 'namespace' | 'name'>): string => `${namespace}/${name}`;

export interface NodeView {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Condition `NetworkUnavailable` is `True`. */
  readonly networkUnavailable: boolean;
  /** `spec.unschedulable`, or the taint `node.kubernetes.io/out-of-service`: its work is to go elsewhere. */
  readonly cordoned?: true;
  /** `status.addresses` of the types InternalIP and ExternalIP. */
  readonly addresses?: readonly string[];
  /** `spec.podCIDRs`. */
  readonly podCIDRs?: readonly string[];
}

export interface NamespaceView {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Nobody wrote it down; a Service is in it. */
  readonly implied?: true;
}

export interface ServiceCIDRView {
  readonly name: string;
  readonly cidrs: readonly string[];
}

export interface EndpointSliceView {
  readonly namespace: string;
  /** Label `kubernetes.io/service-name`. */
  readonly service: string;
  readonly endpoints: readonly EndpointView[];
}

export interface EndpointView {
  readonly nodeName?: string;
  /** `ready` is absent or true, else `serving` is true (metallb-behaviour §4.2). */
  readonly canServe: boolean;
}
