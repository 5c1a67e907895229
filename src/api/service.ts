/**
 * Service, v1: what decisions read of it, with the API server's defaults where a file says nothing.
 */
import { type Parsed, parsed, type Source } from '../issue/issue.js';
import { READ_NAMESPACED_META } from './metadata.js';
import { read } from './projection.js';
import { type ServiceView, serviceKey } from './views.js';

export const SERVICE = {
  type: 'object',
  required: ['metadata'],
  properties: {
    metadata: READ_NAMESPACED_META as typeof READ_NAMESPACED_META,
    spec: {
      type: 'object',
      properties: {
        type: { type: 'string', enum: ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'] },
        loadBalancerClass: { type: 'string' },
        loadBalancerIP: { type: 'string' },
        clusterIP: { type: 'string' },
        clusterIPs: { type: 'array', items: { type: 'string' } },
        ipFamilies: { type: 'array', items: { type: 'string', enum: ['IPv4', 'IPv6'] } },
        ipFamilyPolicy: { type: 'string', enum: ['SingleStack', 'PreferDualStack', 'RequireDualStack'] },
        externalTrafficPolicy: { type: 'string', enum: ['Cluster', 'Local'] },
        ports: {
          type: 'array',
          items: {
            type: 'object',
            required: ['port'],
            properties: {
              protocol: { type: 'string', enum: ['TCP', 'UDP', 'SCTP'] },
              port: { type: 'integer', minimum: 1, maximum: 65535 },
            },
          },
        },
        selector: { type: 'object', additionalProperties: { type: 'string' } },
      },
    },
    status: {
      type: 'object',
      properties: {
        loadBalancer: {
          type: 'object',
          properties: { ingress: { type: 'array', items: { type: 'object', properties: { ip: { type: 'string' } } } } },
        },
      },
    },
  },
} as const;

/** Most Services leave most fields out: one empty value for all of them is a third of a kilobyte less for each. */
const NOTHING: Readonly<Record<string, string>> = {};
const NONE: readonly never[] = [];

const orNone = <T>(list: readonly T[]): readonly T[] => (list.length === 0 ? NONE : list);

/** FIELD_MISSING and FIELD_INVALID name what cannot be read. `source` is where the object stands. */
export function readService(object: unknown, source?: Source): Parsed<ServiceView> {
  const service = read(SERVICE, object);
  if (!service.ok) return service;
  const { metadata, spec = {}, status } = service.value;
  const { loadBalancerClass, loadBalancerIP, clusterIPs = NONE } = spec;
  const namespace = metadata.namespace || 'default';
  const { name } = metadata;
  return parsed({
    key: serviceKey({ namespace, name }),
    namespace,
    name,
    labels: metadata.labels ?? NOTHING,
    annotations: metadata.annotations ?? NOTHING,
    type: spec.type ?? 'ClusterIP',
    ...(loadBalancerClass === undefined ? {} : { loadBalancerClass }),
    ...(loadBalancerIP === undefined ? {} : { loadBalancerIP }),
    clusterIPs: orNone((clusterIPs.length > 0 ? clusterIPs : [spec.clusterIP ?? '']).filter((ip) => ip !== '')),
    ipFamilies: spec.ipFamilies ?? NONE,
    ipFamilyPolicy: spec.ipFamilyPolicy ?? 'SingleStack',
    externalTrafficPolicy: spec.externalTrafficPolicy ?? 'Cluster',
    ports: (spec.ports ?? NONE).map(({ protocol = 'TCP', port }) => ({ protocol, port })),
    selector: spec.selector ?? NOTHING,
    ingress: orNone((status?.loadBalancer?.ingress ?? NONE).flatMap(({ ip }) => (ip === undefined ? [] : [ip]))),
    ...(metadata.creationTimestamp === undefined ? {} : { createdAt: metadata.creationTimestamp }),
    ...(source === undefined ? {} : { source }),
  });
}
