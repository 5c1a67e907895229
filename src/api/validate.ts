/**
 * A value against a schema: everything that is wrong with it, each in a sentence, in the order of the schema's own rules.
 *
 * TypeBox decides what is wrong; the words are ours. Unknown fields are looked for here, because a structural schema may
 * not say `additionalProperties: false`: an API server drops what it does not know without a word.
 */
import { Check, Compile, Errors } from 'typebox/schema';
import { Settings } from 'typebox/system';
import { type Issue, issue } from '../issue/issue.js';
import { parseRange } from '../net/range.js';
import { complaint, noun } from './complaint.js';
import { ADDRESSES_PATTERN } from './ipaddresspool.js';
import { didYouMean } from './nearest.js';
import { formatPath, type Path } from './path.js';
import type { Schema, Static } from './schema.js';
import { isRecord } from './value.js';

/** TypeBox stops at 8, and people would meet the ninth mistake in the next run. Nobody mends more than this at once. */
Settings.Set({ maxErrors: 1000 });

/** UNKNOWN_FIELD, FIELD_MISSING and FIELD_INVALID (for a text that plainly is no range, parseRange's issues); empty: `value` is valid. */
export function validate(schema: Schema, value: unknown): readonly Issue[] {
  const unknown = unknownFields(schema, value, []);
  return accepts(schema, value) ? unknown : [...unknown, ...violations(schema, value)];
}

/** Whether `value` satisfies `schema`. Unknown fields are no reason against it. */
export const accepts = <const S extends Schema>(schema: S, value: unknown): value is Static<S> => validator(schema).Check(value);

/**
 * Compiling a schema takes 7 ms and 5 MB, and makes a check a hundred times faster: 2 µs a pool. It pays from the hundredth
 * check on, which most processes never reach.
 */
const COMPILE_AFTER = 100;

function validator(schema: Schema): { Check(value: unknown): boolean } {
  const known = validators.get(schema) ?? { checks: 0, compiled: undefined };
  validators.set(schema, known);
  known.checks++;
  if (known.checks > COMPILE_AFTER) known.compiled ??= Compile(schema);
  return known.compiled ?? { Check: (value) => Check(schema, value) };
}

const validators = new WeakMap<Schema, { checks: number; compiled: { Check(value: unknown): boolean } | undefined }>();

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
  const [, errors] = Errors(schema, value);
  const byPath = new Map<string, Issue>();
  for (const error of errors) {
    const at = followPointer(schema, value, error.instancePath);
    // The places of the entries tell more than the place of the map they are in.
    if (at === undefined || error.keyword === 'additionalProperties') continue;
    const found = error.keyword === 'required' ? missing(at, error.params.requiredProperties) : invalid(at, error.keyword);
    for (const one of found) if (!byPath.has(one.path)) byPath.set(one.path, one);
  }
  return [...byPath.values()];
}

/** Some place in a value, with the schema that stands for it. */
interface Place {
  readonly path: Path;
  readonly schema: Schema;
  readonly value: unknown;
}

/** The place that a JSON Pointer (RFC 6901) means: only the value tells whether a step is an index or a key. */
function followPointer(schema: Schema, value: unknown, pointer: string): Place | undefined {
  let at: Place = { path: [], schema, value };
  for (const step of pointer.split('/').slice(1)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    const next = Array.isArray(at.value) ? at.schema.items : (at.schema.properties?.[key] ?? at.schema.additionalProperties);
    if (next === undefined) return undefined;
    at = Array.isArray(at.value)
      ? { path: [...at.path, Number(key)], schema: next, value: at.value[Number(key)] }
      : { path: [...at.path, key], schema: next, value: isRecord(at.value) ? at.value[key] : undefined };
  }
  return at;
}

function missing({ path, schema }: Place, names: readonly string[]): Issue[] {
  return names.map((name) => {
    const field = schema.properties?.[name];
    const what = field === undefined ? 'a value' : noun(field);
    return issue('FIELD_MISSING', formatPath([...path, name]), `is missing; it must be ${what}`);
  });
}

function invalid({ path, schema, value }: Place, keyword: string): readonly Issue[] {
  const at = formatPath(path);
  if (keyword === 'pattern' && schema.pattern === ADDRESSES_PATTERN && typeof value === 'string') {
    const range = parseRange(value, at);
    if (!range.ok) return range.issues;
  }
  return [issue('FIELD_INVALID', at, complaint(schema, value, keyword))];
}
