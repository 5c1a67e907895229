/**
 * A label selector as it is written (meta/v1 LabelSelector). What it means is in src/config/selector.ts.
 */
import type { Static } from './schema.js';

export type LabelSelector = Static<typeof LABEL_SELECTOR>;

export const LABEL_SELECTOR = {
  type: 'object',
  description: 'Matches objects whose labels satisfy every requirement. An empty selector matches everything.',
  'x-kubernetes-map-type': 'atomic',
  properties: {
    matchExpressions: {
      type: 'array',
      description: 'Requirements that must all hold.',
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        required: ['key', 'operator'],
        properties: {
          key: { type: 'string', description: 'The label that is looked at.' },
          operator: { type: 'string', description: 'How the label relates to the values: In, NotIn, Exists or DoesNotExist.' },
          values: {
            type: 'array',
            description: 'At least one value for In and NotIn, none for Exists and DoesNotExist.',
            'x-kubernetes-list-type': 'atomic',
            items: { type: 'string' },
          },
        },
      },
    },
    matchLabels: {
      type: 'object',
      description: 'Labels that must be there with exactly these values.',
      additionalProperties: { type: 'string' },
    },
  },
} as const;
