/**
 * The status of an object of ours that is written as a whole: as the API server has it, and as it should be.
 */
import { isRecord, type PlainObject } from '../api/value.js';

export interface ShownObject {
  readonly resourceVersion: string;
  readonly generation: number;
  readonly status: PlainObject;
}

/** Of the object as the API server sends it. */
export function shownObject({ metadata, status }: PlainObject): ShownObject {
  const { resourceVersion = '', generation } = isRecord(metadata) ? metadata : {};
  return {
    resourceVersion: String(resourceVersion),
    generation: typeof generation === 'number' ? generation : 0,
    status: isRecord(status) ? status : {},
  };
}

/**
 * `wanted` with the times at which its conditions changed: that of `shown` where a condition still holds or still does not, else now
 * (RFC 3339).
 */
export function dated(wanted: PlainObject, shown: PlainObject, now: string): PlainObject {
  const { conditions } = wanted;
  if (!Array.isArray(conditions)) return wanted;
  const before = Array.isArray(shown['conditions']) ? shown['conditions'].filter(isRecord) : [];
  return {
    ...wanted,
    conditions: conditions.map((condition) => {
      const same = before.find(({ type, status }) => type === condition.type && status === condition.status);
      return { ...condition, lastTransitionTime: same?.['lastTransitionTime'] ?? now };
    }),
  };
}

/** Whether `shown` says everything that `wanted` does. Large counters are compared as the numbers that JSON can carry. */
export function says(shown: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return Array.isArray(shown) && shown.length === wanted.length && wanted.every((inner, i) => says(shown[i], inner));
  }
  if (isRecord(wanted)) {
    return isRecord(shown) && Object.entries(wanted).every(([field, inner]) => inner === undefined || says(shown[field], inner));
  }
  return typeof wanted === 'bigint' ? shown === Number(wanted) : shown === wanted;
}
