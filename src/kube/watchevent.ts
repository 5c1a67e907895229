/**
 * One line of a watch, and one page of a list, as an API server sends them.
 */
import { isRecord, type PlainObject } from '../api/value.js';
import { type ApiStatus, readStatus } from './apistatus.js';

export type WatchEvent =
  | { readonly type: 'set' | 'deleted'; readonly key: string; readonly resourceVersion: string; readonly object: PlainObject }
  /** Everything up to this version was sent. `initialEventsEnd`: all that there was at the beginning, too. */
  | { readonly type: 'bookmark'; readonly resourceVersion: string; readonly initialEventsEnd: boolean }
  | { readonly type: 'error'; readonly status: ApiStatus };

export interface ListPage {
  readonly items: readonly Keyed[];
  readonly resourceVersion: string;
  /** Asks for the next page; empty on the last. */
  readonly continue: string;
}

export interface Keyed {
  /** `namespace/name`, or `name` of a kind without namespaces. */
  readonly key: string;
  readonly object: PlainObject;
}

const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

/** Undefined when it is none. */
export function readWatchEvent(value: unknown): WatchEvent | undefined {
  if (!isRecord(value)) return undefined;
  const { type, object } = value;
  if (!isRecord(object)) return undefined;
  if (type === 'ERROR') return { type: 'error', status: readStatus(500, object) };
  const metadata = isRecord(object['metadata']) ? object['metadata'] : {};
  const { resourceVersion } = metadata;
  if (typeof resourceVersion !== 'string' || resourceVersion === '') return undefined;
  if (type === 'BOOKMARK') {
    const { annotations } = metadata;
    const initialEventsEnd = isRecord(annotations) && annotations[INITIAL_EVENTS_END] === 'true';
    return { type: 'bookmark', resourceVersion, initialEventsEnd };
  }
  const key = keyOf(object);
  if (key === undefined) return undefined;
  if (type === 'ADDED' || type === 'MODIFIED') return { type: 'set', key, resourceVersion, object };
  return type === 'DELETED' ? { type: 'deleted', key, resourceVersion, object } : undefined;
}

/** Undefined when it is none. */
export function readListPage(value: unknown): ListPage | undefined {
  if (!isRecord(value) || !isRecord(value['metadata'])) return undefined;
  const { resourceVersion, continue: next = '' } = value['metadata'];
  // Go writes an empty list as null.
  const items = value['items'] ?? [];
  if (typeof resourceVersion !== 'string' || typeof next !== 'string' || !Array.isArray(items)) return undefined;
  const keyed: Keyed[] = [];
  for (const object of items) {
    const key = isRecord(object) ? keyOf(object) : undefined;
    if (key === undefined) return undefined;
    keyed.push({ key, object });
  }
  return { items: keyed, resourceVersion, continue: next };
}

function keyOf({ metadata }: PlainObject): string | undefined {
  if (!isRecord(metadata) || typeof metadata['name'] !== 'string') return undefined;
  const { name, namespace } = metadata;
  return typeof namespace === 'string' && namespace !== '' ? `${namespace}/${name}` : name;
}
