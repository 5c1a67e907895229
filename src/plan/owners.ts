/**
 * Which node answers for each Service now, as the ServiceL2Status objects of a cluster tell.
 */

import type { Sourced } from '../api/object.js';
import { compareText } from '../api/order.js';
import { isRecord, type PlainObject } from '../api/value.js';
import { serviceKey } from '../api/views.js';

/** A node that says it answers for a Service. */
export interface Answerer {
  readonly node: string;
  /** `namespace/name`. */
  readonly service: string;
}

/** Of a ServiceL2Status; undefined while its status was not written yet. */
export function readAnswerer({ status }: PlainObject): Answerer | undefined {
  const { node, serviceName, serviceNamespace } = isRecord(status) ? status : {};
  if (typeof node !== 'string' || typeof serviceName !== 'string' || typeof serviceNamespace !== 'string') return undefined;
  return { node, service: serviceKey({ namespace: serviceNamespace, name: serviceName }) };
}

/** By `namespace/name` of the Service, the nodes that say they answer for it, sorted. */
export function answeringIn(said: Iterable<Answerer>): ReadonlyMap<string, readonly string[]> {
  const nodes = new Map<string, Set<string>>();
  for (const { service, node } of said) nodes.set(service, (nodes.get(service) ?? new Set()).add(node));
  return new Map([...nodes].map(([service, of]) => [service, [...of].sort(compareText)]));
}

/** Those that one node answers for, and which. Two that disagree tell nothing. */
export function ownersIn(state: readonly Sourced<unknown>[]): ReadonlyMap<string, string> {
  const answering = answeringIn(
    state.flatMap(({ object }) => (isRecord(object) && object['kind'] === 'ServiceL2Status' ? (readAnswerer(object) ?? []) : [])),
  );
  return new Map(
    [...answering].flatMap(([key, [only, ...others]]) => (only === undefined || others.length > 0 ? [] : [[key, only]])),
  );
}
