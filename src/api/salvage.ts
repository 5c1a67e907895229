/**
 * What can still be said of an object that a reader refused, so that one mistake does not hide the others: every value of a
 * right type stays, every other is left out, or is empty where something must be.
 *
 * For finding mistakes only. Nothing is ever allocated or announced by it.
 */
import type { Schema } from './schema.js';
import { isRecord } from './value.js';

/** Lists keep their length, so that paths into them stay true. What a text looks like does not count. */
export function salvage(schema: Schema, value: unknown): unknown {
  return fitted(schema, value) ?? empty(schema);
}

function fitted(schema: Schema, value: unknown): unknown {
  switch (schema.type) {
    case 'object':
      return isRecord(value) ? fittedObject(schema, value) : undefined;
    case 'array': {
      const { items } = schema;
      return Array.isArray(value) ? value.map((item) => (items === undefined ? item : salvage(items, item))) : undefined;
    }
    case 'string':
      return typeof value === 'string' && (schema.enum === undefined || schema.enum.includes(value)) ? value : undefined;
    case 'integer':
    case 'number':
      return isWithin(schema, value) ? value : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
  }
}

const isWithin = ({ minimum = -Infinity, maximum = Infinity, type }: Schema, value: unknown): boolean =>
  typeof value === 'number' && value >= minimum && value <= maximum && (type === 'number' || Number.isInteger(value));

function fittedObject({ properties, required = [], additionalProperties }: Schema, value: Readonly<Record<string, unknown>>) {
  if (properties === undefined && additionalProperties === undefined) return value;
  const entries = Object.entries(value).flatMap(([name, inner]) => {
    const schema = properties === undefined ? additionalProperties : properties[name];
    const good = schema === undefined ? undefined : fitted(schema, inner);
    return good === undefined ? [] : [[name, good] as const];
  });
  const present = new Set(entries.map(([name]) => name));
  const missing = required.flatMap((name) => {
    const schema = properties?.[name];
    return schema === undefined || present.has(name) ? [] : [[name, empty(schema)] as const];
  });
  return Object.fromEntries([...entries, ...missing]);
}

function empty(schema: Schema): unknown {
  switch (schema.type) {
    case 'object':
      return fittedObject(schema, {});
    case 'array':
      return [];
    case 'string':
      return schema.enum?.[0] ?? '';
    case 'integer':
    case 'number':
      return schema.minimum ?? 0;
    case 'boolean':
      return false;
  }
}
