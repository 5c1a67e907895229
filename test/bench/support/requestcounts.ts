/**
 * How often an API server was asked for what, by its own counters: nothing stands in the way that would slow it down.
 */
import type { Call } from '../../support/call.js';

/** By verb and resource, such as `PATCH services/status`. */
export type RequestCounts = ReadonlyMap<string, number>;

export async function requestCounts(call: Call): Promise<RequestCounts> {
  return readCounts(String((await call('GET', '/metrics')).body['text']));
}

/** Of the Prometheus text: requests that are over, and of watches those that are open. */
export function readCounts(metrics: string): RequestCounts {
  const counts = new Map<string, number>();
  for (const [, name, labels = '', value] of metrics.matchAll(
    /^apiserver_(request_total|longrunning_requests)\{(.*)\} (\S+)$/gm,
  )) {
    const { verb, resource, subresource } = Object.fromEntries(
      [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, text]) => [label, text]),
    );
    if ((verb === 'WATCH') !== (name === 'longrunning_requests')) continue;
    const key = `${verb} ${resource}${subresource === '' || subresource === undefined ? '' : `/${subresource}`}`;
    counts.set(key, (counts.get(key) ?? 0) + Number(value));
  }
  return counts;
}

/** What came in between. */
export const countedSince = (before: RequestCounts, after: RequestCounts, key: string): number =>
  (after.get(key) ?? 0) - (before.get(key) ?? 0);
