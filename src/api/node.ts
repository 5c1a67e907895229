/**
 * Node, v1: its labels, whether its network is said to be down, and whether it is cordoned. Nothing else of a node decides
 * who answers: not Ready, no other taint. Its addresses are read so that pools can be held against them.
 */
import { type Parsed, parsed } from '../issue/issue.js';
import { READ_META } from './metadata.js';
import { read } from './projection.js';
import type { NodeView } from './views.js';

export const NODE = {
  type: 'object',
  required: ['metadata'],
  properties: {
    metadata: READ_META as typeof READ_META,
    spec: {
      type: 'object',
      properties: {
        unschedulable: { type: 'boolean' },
        podCIDRs: { type: 'array', items: { type: 'string' } },
        taints: { type: 'array', items: { type: 'object', required: ['key'], properties: { key: { type: 'string' } } } },
      },
    },
    status: {
      type: 'object',
      properties: {
        addresses: {
          type: 'array',
          items: {
            type: 'object',
            required: ['type', 'address'],
            properties: { type: { type: 'string' }, address: { type: 'string' } },
          },
        },
        conditions: {
          type: 'array',
          items: {
            type: 'object',
            required: ['type', 'status'],
            properties: { type: { type: 'string' }, status: { type: 'string' } },
          },
        },
      },
    },
  },
} as const;

/** FIELD_MISSING and FIELD_INVALID name what cannot be read. */
export function readNode(object: unknown): Parsed<NodeView> {
  const node = read(NODE, object);
  if (!node.ok) return node;
  const { metadata, spec, status } = node.value;
  const conditions = status?.conditions ?? [];
  const addresses = (status?.addresses ?? []).filter(({ type }) => type === 'InternalIP' || type === 'ExternalIP');
  const isCordoned = spec?.unschedulable === true || (spec?.taints ?? []).some(({ key }) => key === OUT_OF_SERVICE);
  return parsed({
    name: metadata.name,
    labels: metadata.labels ?? {},
    networkUnavailable: conditions.some((one) => one.type === 'NetworkUnavailable' && one.status === 'True'),
    ...(isCordoned ? { cordoned: true } : {}),
    ...(addresses.length === 0 ? {} : { addresses: addresses.map(({ address }) => address) }),
    ...(spec?.podCIDRs === undefined ? {} : { podCIDRs: spec.podCIDRs }),
  });
}

const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';
