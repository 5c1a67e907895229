/**
 * What a controller last observed about an object, as GitOps tools read it (meta/v1 Condition): Argo CD and Flux call an
 * object healthy when `Ready` is `True` and `observedGeneration` is its generation.
 */

export const CONDITIONS = {
  type: 'array',
  description: 'What was last observed, one entry a type.',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
  items: {
    type: 'object',
    required: ['lastTransitionTime', 'message', 'reason', 'status', 'type'],
    properties: {
      lastTransitionTime: { type: 'string', format: 'date-time', description: 'When the status last changed.' },
      message: { type: 'string', maxLength: 32768, description: 'A sentence for people. May be empty.' },
      observedGeneration: {
        type: 'integer',
        format: 'int64',
        minimum: 0,
        description: 'The metadata.generation this was observed for.',
      },
      reason: {
        type: 'string',
        minLength: 1,
        maxLength: 1024,
        pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$',
        description: 'A word for programs.',
      },
      status: { type: 'string', enum: ['True', 'False', 'Unknown'], description: 'Whether it holds.' },
      type: {
        type: 'string',
        maxLength: 316,
        pattern:
          '^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$',
        description: 'What is observed.',
      },
    },
  },
} as const;

export const OBSERVED_GENERATION = {
  type: 'integer',
  format: 'int64',
  minimum: 0,
  description: 'The metadata.generation that this status tells about.',
} as const;

const LONGEST: number = CONDITIONS.items.properties.message.maxLength;

/** As long as a condition's message may be. */
export const cut = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);
