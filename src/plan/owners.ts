/**
 * Which node answers for each Service now, as the ServiceL2Status objects of a cluster tell. Two that disagree tell nothing.
 */
import type { Sourced } from '../api/object.js';
import { isRecord } from '../api/value.js';

/** By `namespace/name` of the Service. */
export function ownersIn(state: readonly Sourced<unknown>[]): ReadonlyMap<string, string> {
  const said = new Map<string, Set<string>>();
  for (const { object } of state) {
    if (!isRecord(object) || object['kind'] !== 'ServiceL2Status' || !isRecord(object['status'])) continue;
    const { node, serviceName, serviceNamespace } = object['status'];
    if (typeof node !== 'string' || typeof serviceName !== 'string' || typeof serviceNamespace !== 'string') continue;
    const key = `${serviceNamespace}/${serviceName}`;
    said.set(key, (said.get(key) ?? new Set()).add(node));
  }
  return new Map([...said].flatMap(([key, [only, ...others]]) => (only === undefined || others.length > 0 ? [] : [[key, only]])));
}
