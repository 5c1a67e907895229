/**
 * ServiceCIDR, networking.k8s.io/v1 (Kubernetes 1.33 and later): the prefixes that cluster IPs of Services are taken from.
 */
import { type Parsed, parsed } from '../issue/issue.js';
import { READ_META } from './metadata.js';
import { read } from './projection.js';
import type { ServiceCIDRView } from './views.js';

export const SERVICE_CIDR = {
  type: 'object',
  required: ['metadata'],
  properties: {
    metadata: READ_META as typeof READ_META,
    spec: { type: 'object', properties: { cidrs: { type: 'array', items: { type: 'string' } } } },
  },
} as const;

/** FIELD_MISSING and FIELD_INVALID name what cannot be read. */
export function readServiceCIDR(object: unknown): Parsed<ServiceCIDRView> {
  const one = read(SERVICE_CIDR, object);
  if (!one.ok) return one;
  const { metadata, spec } = one.value;
  return parsed({ name: metadata.name, cidrs: spec?.cidrs ?? [] });
}
