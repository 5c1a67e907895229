/**
 * A value against a schema: everything that is wrong with it, each in a sentence, in the order of the schema's own rules.
 *
 * Unknown fields are looked for here, because a structural schema may not say `additionalProperties: false`: an API server
 * drops what it does not know without a word.
 */
import { type Issue, issue } from '../issue/issue.js';
import { parseRange } from '../net/range.js';
import { complaint, noun } from './complaint.js';
import { ADDRESSES_PATTERN } from './ipaddresspool.js';
import { didYouMean } from './nearest.js';
import { formatPath, type Path } from './path.js';
import { brokenKeyword, type Keyword, knownFields, missingFields, satisfies } from './satisfies.js';
import type { Schema, Static } from './schema.js';
import { isRecord } from './value.js';

/** Nobody mends more than this at once. */
const MAX_ISSUES = 1000;

/** UNKNOWN_FIELD, FIELD_MISSING and FIELD_INVALID (for a text that plainly is no range, parseRange's issues); empty: `value` is valid. */
export function validate(schema: Schema, value: unknown): readonly Issue[] {
  const unknown = unknownFields(schema, value, []);
  return accepts(schema, value) ? unknown : [...unknown, ...violations(schema, value)];
}

/** Whether `value` satisfies `schema`. Unknown fields are no reason against it. */
export const accepts = <const S extends Schema>(schema: S, value: unknown): value is Static<S> => satisfies(schema, value);

function unknownFields(schema: Schema, value: unknown, path: Path): Issue[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? [] : value.flatMap((item, i) => unknownFields(items, item, [...path, i]));
  }
  const { properties } = schema;
  if (properties === undefined || !isRecord(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined;
    return known === undefined
      ? [unknownField(name, Object.keys(properties), path)]
      : unknownFields(known, inner, [...path, name]);
  });
}

function unknownField(name: string, known: readonly string[], parent: Path): Issue {
  const hint = didYouMean(name, known) || `; its fields are ${known.join(', ')}`;
  const where = parent.length === 0 ? 'this kind' : formatPath(parent);
  return issue('UNKNOWN_FIELD', formatPath([...parent, name]), `"${name}" is not a field of ${where}${hint}`);
}

/** What is wrong but for unknown fields. One issue a place: text that is too long need not be told that it has the wrong form too. */
export function violations(schema: Schema, value: unknown): Issue[] {
  const issues: Issue[] = [];
  collect({ path: [], schema, value }, issues);
  return issues.slice(0, MAX_ISSUES);
}

/** Some place in a value, with the schema that stands for it. */
interface Place {
  readonly path: Path;
  readonly schema: Schema;
  readonly value: unknown;
}

function collect(place: Place, issues: Issue[]): void {
  if (issues.length >= MAX_ISSUES) return;
  const { path, schema, value } = place;
  const keyword = brokenKeyword(schema, value);
  if (keyword !== undefined) issues.push(...invalid(place, keyword));
  const { items } = schema;
  if (Array.isArray(value)) {
    if (items !== undefined)
      for (const [i, item] of value.entries()) collect({ path: [...path, i], schema: items, value: item }, issues);
  } else if (isRecord(value)) {
    for (const name of missingFields(schema, value)) issues.push(missing(place, name));
    for (const [name, inner] of knownFields(schema, value)) {
      collect({ path: [...path, name], schema: inner, value: value[name] }, issues);
    }
  }
}

function missing({ path, schema }: Place, name: string): Issue {
  const field = schema.properties?.[name];
  const what = field === undefined ? 'a value' : noun(field);
  return issue('FIELD_MISSING', formatPath([...path, name]), `is missing; it must be ${what}`);
}

function invalid({ path, schema, value }: Place, keyword: Keyword): readonly Issue[] {
  const at = formatPath(path);
  if (keyword === 'pattern' && schema.pattern === ADDRESSES_PATTERN && typeof value === 'string') {
    const range = parseRange(value, at);
    if (!range.ok) return range.issues;
  }
  return [issue('FIELD_INVALID', at, complaint(schema, value, keyword))];
}
