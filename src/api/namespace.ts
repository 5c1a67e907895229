/**
 * Namespace, v1: its labels, which a pool's namespace selectors match.
 */
import { type Parsed, parsed } from '../issue/issue.js';
import { READ_META } from './metadata.js';
import { read } from './projection.js';
import type { NamespaceView } from './views.js';

const NAMESPACE = { type: 'object', required: ['metadata'], properties: { metadata: READ_META } } as const;

/** FIELD_MISSING and FIELD_INVALID name what cannot be read. */
export function readNamespace(object: unknown): Parsed<NamespaceView> {
  const namespace = read(NAMESPACE, object);
  if (!namespace.ok) return namespace;
  const { name, labels = {} } = namespace.value.metadata;
  return parsed({ name, labels });
}
