/**
 * A value without the fields that its schema does not know, as an API server stores it. Where a newer CRD than ours is installed, its
 * objects say more than we understand, and what we do understand still holds.
 */
import type { Schema } from './schema.js';
import { isRecord } from './value.js';

export function pruned(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? value : value.map((item) => pruned(items, item));
  }
  const { properties } = schema;
  if (properties === undefined || !isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) => {
      const known = Object.hasOwn(properties, name) ? properties[name] : undefined;
      return known === undefined ? [] : [[name, pruned(known, inner)]];
    }),
  );
}
