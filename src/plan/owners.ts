/**
 * Which node answers for each Service now, as the ServiceL2Status objects of a cluster tell.
 */

import type { Sourced } from '../api/object.js';
import { compareText } from '../api/order.js';
import { isRecord } from '../api/value.js';

/** By `namespace/name` of the Service, the nodes that say they answer for it, sorted. */
export function answeringIn(state: Iterable<unknown>): ReadonlyMap<string, readonly string[]> {
  const said = new Map<string, Set<string>>();
  for (const object of state) {
    if (!isRecord(object) || object['kind'] !== 'ServiceL2Status' || !isRecord(object['status'])) continue;
    const { node, serviceName, serviceNamespace } = object['status'];
    if (typeof node !== 'string' || typeof serviceName !== 'string' || typeof serviceNamespace !== 'string') continue;
    const key = `${serviceNamespace}/${serviceName}`;
    said.set(key, (said.get(key) ?? new Set()).add(node));
  }
  return new Map([...said].map(([key, nodes]) => [key, [...nodes].sort(compareText)]));
}

/** Those that one node answers for, and which. Two that disagree tell nothing. */
export function ownersIn(state: readonly Sourced<unknown>[]): ReadonlyMap<string, string> {
  const answering = answeringIn(state.map(({ object }) => object));
  return new Map(
    [...answering].flatMap(([key, [only, ...others]]) => (only === undefined || others.length > 0 ? [] : [[key, only]])),
  );
}
