/**
 * Whether a value satisfies a schema: the keywords that {@link Schema} has, as JSON Schema (2020-12) defines them, and no others.
 *
 * An interpreter: 2 µs a Service once it is warm. TypeBox compiles each schema, which costs an agent with some hundred Services 6 MB.
 */
import type { Schema } from './schema.js';
import { isRecord, type PlainObject } from './value.js';

/** What a value by itself can break, without what is inside it. */
export type Keyword =
  | 'type'
  | 'enum'
  | 'format'
  | 'minimum'
  | 'maximum'
  | 'minLength'
  | 'maxLength'
  | 'pattern'
  | 'minItems'
  | 'maxItems';

export function satisfies(schema: Schema, value: unknown): boolean {
  switch (schema.type) {
    case 'object':
      return isRecord(value) && fieldsSatisfy(schema, value);
    case 'string':
      return typeof value === 'string' && brokenByText(schema, value) === undefined;
    case 'array':
      return brokenKeyword(schema, value) === undefined && itemsSatisfy(schema, value);
    default:
      return brokenKeyword(schema, value) === undefined;
  }
}

const itemsSatisfy = ({ items }: Schema, value: unknown): boolean =>
  items === undefined || !Array.isArray(value) || value.every((item) => satisfies(items, item));

/** Without a list of the fields, by `in`, which names no others in values of JSON: this runs for each Service. */
function fieldsSatisfy({ properties = NO_FIELDS, additionalProperties, required = NONE }: Schema, value: PlainObject): boolean {
  for (const name of required) if (!Object.hasOwn(value, name)) return false;
  for (const name in value) {
    const schema = additionalProperties ?? properties[name];
    if (schema === undefined || (additionalProperties === undefined && !Object.hasOwn(properties, name))) continue;
    const inner = value[name];
    if ((inner !== undefined || required.includes(name)) && !satisfies(schema, inner)) return false;
  }
  return true;
}

const NO_FIELDS: Readonly<Record<string, Schema>> = {};

/** The first one, in the order in which a person would want to hear of them. */
export function brokenKeyword(schema: Schema, value: unknown): Keyword | undefined {
  if (!hasType(schema.type, value)) return 'type';
  if (typeof value === 'string') return brokenByText(schema, value);
  if (typeof value === 'number') {
    if (schema.minimum !== undefined && value < schema.minimum) return 'minimum';
    return schema.maximum !== undefined && value > schema.maximum ? 'maximum' : undefined;
  }
  if (!Array.isArray(value)) return undefined;
  if (schema.minItems !== undefined && value.length < schema.minItems) return 'minItems';
  return schema.maxItems !== undefined && value.length > schema.maxItems ? 'maxItems' : undefined;
}

function hasType(type: Schema['type'], value: unknown): boolean {
  switch (type) {
    case 'object':
      return isRecord(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    case 'number':
      return Number.isFinite(value);
    case 'string':
      return typeof value === 'string';
    case 'boolean':
      return typeof value === 'boolean';
  }
}

function brokenByText(schema: Schema, text: string): Keyword | undefined {
  if (schema.minLength !== undefined && lengthOf(text) < schema.minLength) return 'minLength';
  if (schema.maxLength !== undefined && lengthOf(text) > schema.maxLength) return 'maxLength';
  if (schema.format === 'date-time' && !(DATE_TIME.test(text) && !Number.isNaN(Date.parse(text)))) return 'format';
  if (schema.pattern !== undefined && !regularExpression(schema.pattern).test(text)) return 'pattern';
  return schema.enum === undefined || schema.enum.includes(text) ? undefined : 'enum';
}

/** In code points. */
const lengthOf = (text: string): number => (PLAIN.test(text) ? text.length : [...text].length);
const PLAIN = /^[\x20-\x7E]*$/;

/** RFC 3339, section 5.6. */
const DATE_TIME = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

const expressions = new Map<string, RegExp>();

function regularExpression(pattern: string): RegExp {
  const known = expressions.get(pattern) ?? new RegExp(pattern, 'u');
  expressions.set(pattern, known);
  return known;
}

/** Required and not there. */
export const missingFields = ({ required = NONE }: Schema, value: PlainObject): readonly string[] =>
  required.every((name) => Object.hasOwn(value, name)) ? NONE : required.filter((name) => !Object.hasOwn(value, name));

const NONE: readonly string[] = [];

/** The fields of `value` that the schema says something about. An optional one that is undefined counts as absent. */
export function knownFields(
  { properties, additionalProperties, required = NONE }: Schema,
  value: PlainObject,
): readonly (readonly [name: string, schema: Schema])[] {
  if (additionalProperties !== undefined) return Object.keys(value).map((name) => [name, additionalProperties]);
  if (properties === undefined) return [];
  return Object.entries(properties).filter(
    ([name]) => value[name] !== undefined || (required.includes(name) && Object.hasOwn(value, name)),
  );
}
