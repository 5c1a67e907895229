/**
 * Node, v1: its labels, and whether its network is said to be down. Nothing else of a node decides who answers
 * (metallb-behaviour §1.5): not cordon, not Ready, no taint.
 */
import { type Parsed, parsed } from '../issue/issue.js';
import { READ_META } from './metadata.js';
import { read } from './projection.js';
import type { NodeView } from './views.js';

const NODE = {
  type: 'object',
  required: ['metadata'],
  properties: {
    metadata: READ_META,
    status: {
      type: 'object',
      properties: {
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
  const { metadata, status } = node.value;
  const conditions = status?.conditions ?? [];
  return parsed({
    name: metadata.name,
    labels: metadata.labels ?? {},
    networkUnavailable: conditions.some((one) => one.type === 'NetworkUnavailable' && one.status === 'True'),
  });
}
