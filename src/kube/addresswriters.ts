/**
 * Who wrote the addresses that a Service shows, by its `metadata.managedFields`. Whoever writes a field that nobody changed owns it still:
 * the entry of a load balancer that is long gone stays there for as long as its address does, with the time of its last write.
 */
import { isRecord } from '../api/value.js';

/** Each once, sorted. */
export const addressWriters = (object: unknown): readonly string[] =>
  [...new Set(entriesOf(object).map(({ manager }) => manager))].sort();

/** Whoever wrote last. Undefined where nobody did, or several in the same second. */
export function lastAddressWriter(object: unknown): string | undefined {
  const entries = entriesOf(object);
  const last = entries
    .map(({ time }) => time)
    .sort()
    .at(-1);
  const writers = new Set(entries.filter(({ time }) => time === last).map(({ manager }) => manager));
  const [writer] = writers;
  return writers.size === 1 ? writer : undefined;
}

/** As text, times of one form are in order. */
interface Entry {
  readonly manager: string;
  readonly time: string;
}

function entriesOf(object: unknown): readonly Entry[] {
  const metadata = isRecord(object) && isRecord(object['metadata']) ? object['metadata'] : {};
  const fields = Array.isArray(metadata['managedFields']) ? metadata['managedFields'] : [];
  return fields.flatMap((one) => {
    if (!isRecord(one) || !isRecord(one['fieldsV1'])) return [];
    const status = one['fieldsV1']['f:status'];
    const { manager, time = '' } = one;
    return isRecord(status) && 'f:loadBalancer' in status ? [{ manager: String(manager), time: String(time) }] : [];
  });
}
