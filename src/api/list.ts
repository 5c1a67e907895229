/**
 * Lists, as `kubectl get -o yaml` and the API server write them: `kind: List`, or `ServiceList` and the like.
 */
import type { Sourced } from './object.js';
import { isRecord } from './value.js';

/** The objects themselves, lists taken apart to any depth. In a typed list the items may leave out what the list says. */
export function* unfold(sourced: Sourced<unknown>): Generator<Sourced<unknown>> {
  const { object } = sourced;
  if (
    !isRecord(object) ||
    !Array.isArray(object['items']) ||
    typeof object['kind'] !== 'string' ||
    !object['kind'].endsWith('List')
  ) {
    yield sourced;
    return;
  }
  const itemKind = object['kind'].slice(0, -'List'.length);
  const implied = itemKind === '' ? {} : { apiVersion: object['apiVersion'], kind: itemKind };
  for (const [i, item] of object['items'].entries()) {
    yield* unfold({
      object: isRecord(item) ? { ...implied, ...item } : item,
      locate: (path) => sourced.locate(`items[${i}]${path === '' || path.startsWith('[') ? path : `.${path}`}`),
    });
  }
}
