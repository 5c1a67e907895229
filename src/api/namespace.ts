/**
 * Namespace, v1: its labels, which a pool's namespace selectors match.
 */
import { type Parsed, parsed } from '../issue/issue.js';
import { READ_META } from './metadata.js';
import { read } from './projection.js';
import type { NamespaceView, ServiceView } from './views.js';

export const NAMESPACE = {
  type: 'object',
  required: ['metadata'],
  properties: { metadata: READ_META as typeof READ_META },
} as const;

/** FIELD_MISSING and FIELD_INVALID name what cannot be read. */
export function readNamespace(object: unknown): Parsed<NamespaceView> {
  const namespace = read(NAMESPACE, object);
  if (!namespace.ok) return namespace;
  const { name, labels = {} } = namespace.value.metadata;
  return parsed({ name, labels });
}

/** A cluster has no Service in a namespace that does not exist; a folder need not mention the namespace to have one. */
export function withImplied(
  namespaces: readonly NamespaceView[],
  services: readonly Pick<ServiceView, 'namespace'>[],
): readonly NamespaceView[] {
  const known = new Set(namespaces.map(({ name }) => name));
  const implied = new Set(services.map(({ namespace }) => namespace).filter((name) => !known.has(name)));
  return [...namespaces, ...[...implied].sort().map((name) => ({ name, labels: {}, implied: true as const }))];
}
