/**
 * The metadata of objects: as an author writes it (meta/v1 ObjectMeta, all fields, so that a mistyped one is noticed), and as
 * we read it of other kinds. CRDs don't repeat it: an API server brings its own.
 */
const NAME = { type: 'string', minLength: 1, maxLength: 253 } as const;
const LABELS = { type: 'object', additionalProperties: { type: 'string' } } as const;

/** Of a kind without a namespace. */
export const READ_META = {
  type: 'object',
  required: ['name'],
  properties: { name: NAME as typeof NAME, labels: LABELS as typeof LABELS, annotations: LABELS as typeof LABELS },
} as const;

/** Of a kind with one. */
export const READ_NAMESPACED_META = {
  type: 'object',
  required: ['name'],
  properties: {
    name: NAME as typeof NAME,
    namespace: { type: 'string' },
    labels: LABELS as typeof LABELS,
    annotations: LABELS as typeof LABELS,
    creationTimestamp: { type: 'string' },
  },
} as const;

/** A name as an API server wants it (RFC 1123). */
const OBJECT_NAME = {
  type: 'string',
  minLength: 1,
  maxLength: 253,
  pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
} as const;
const OBJECT_LABELS = {
  type: 'object',
  additionalProperties: { type: 'string', maxLength: 63, pattern: '^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$' },
} as const;

export const OBJECT_META = {
  type: 'object',
  required: ['name'],
  properties: {
    name: OBJECT_NAME as typeof OBJECT_NAME,
    namespace: { type: 'string' },
    labels: OBJECT_LABELS as typeof OBJECT_LABELS,
    annotations: LABELS as typeof LABELS,
    generateName: { type: 'string' },
    uid: { type: 'string' },
    resourceVersion: { type: 'string' },
    generation: { type: 'integer' },
    selfLink: { type: 'string' },
    creationTimestamp: { type: 'string' },
    deletionTimestamp: { type: 'string' },
    deletionGracePeriodSeconds: { type: 'integer' },
    finalizers: { type: 'array', items: { type: 'string' } },
    ownerReferences: { type: 'array', items: { type: 'object' } },
    managedFields: { type: 'array', items: { type: 'object' } },
  },
} as const;
