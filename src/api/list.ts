/**
 * Lists, as `kubectl get -o yaml` and the API server write them: `kind: List`, or `ServiceList` and the like.
 */

import { GROUP } from './kind.js';
import type { Sourced } from './object.js';
import { isRecord, type PlainObject } from './value.js';

/** The objects themselves, lists taken apart to any depth. In a typed list the items may leave out what the list says. */
export function unfold(all: Iterable<Sourced<unknown>>): Sourced<unknown>[] {
  const objects: Sourced<unknown>[] = [];
  for (const one of all) unfoldInto(objects, one);
  return objects;
}

function unfoldInto(objects: Sourced<unknown>[], sourced: Sourced<unknown>): void {
  const { object } = sourced;
  if (!isRecord(object) || !Array.isArray(object['items']) || !isList(object)) {
    objects.push(sourced);
    return;
  }
  const itemKind = String(object['kind']).slice(0, -'List'.length);
  const implied = itemKind === '' ? {} : { apiVersion: object['apiVersion'], kind: itemKind };
  for (const [i, item] of object['items'].entries()) {
    unfoldInto(objects, {
      object: isRecord(item) ? { ...implied, ...item } : item,
      locate: (path) => sourced.locate(`items[${i}]${path === '' || path.startsWith('[') ? path : `.${path}`}`),
    });
  }
}

/** In these a kind that ends in `List` is one. In other groups it may be an object by itself, such as a list of allowed addresses. */
const LISTED = ['v1', 'discovery.k8s.io/v1', 'networking.k8s.io/v1'];

export const isList = ({ apiVersion, kind }: PlainObject): boolean =>
  typeof apiVersion === 'string' &&
  typeof kind === 'string' &&
  kind.endsWith('List') &&
  (LISTED.includes(apiVersion) || apiVersion.startsWith(`${GROUP}/`));
