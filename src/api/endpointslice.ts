/**
 * EndpointSlice, discovery.k8s.io/v1: on which nodes a Service has endpoints, and which of them can serve.
 */
import { type Parsed, parsed } from '../issue/issue.js';
import { READ_NAMESPACED_META } from './metadata.js';
import { read } from './projection.js';
import type { EndpointSliceView } from './views.js';

const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

export const ENDPOINT_SLICE = {
  type: 'object',
  required: ['metadata'],
  properties: {
    metadata: READ_NAMESPACED_META as typeof READ_NAMESPACED_META,
    endpoints: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          nodeName: { type: 'string' },
          conditions: { type: 'object', properties: { ready: { type: 'boolean' }, serving: { type: 'boolean' } } },
        },
      },
    },
  },
} as const;

/** Undefined for a slice that belongs to no Service. FIELD_MISSING and FIELD_INVALID name what cannot be read. */
export function readEndpointSlice(object: unknown): Parsed<EndpointSliceView | undefined> {
  const slice = read(ENDPOINT_SLICE, object);
  if (!slice.ok) return slice;
  const { metadata, endpoints = [] } = slice.value;
  const service = metadata.labels?.[SERVICE_NAME_LABEL];
  if (service === undefined) return parsed(undefined);
  return parsed({
    namespace: metadata.namespace ?? 'default',
    service,
    endpoints: endpoints.map(({ nodeName, conditions }) => ({
      ...(nodeName === undefined ? {} : { nodeName }),
      canServe: canServe(conditions),
    })),
  });
}

/** Whether an endpoint is terminating does not matter: one that terminates may still serve (metallb-behaviour §4.2). */
const canServe = ({ ready = true, serving = false }: { readonly ready?: boolean; readonly serving?: boolean } = {}): boolean =>
  ready || serving;
