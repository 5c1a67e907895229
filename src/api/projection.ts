/**
 * Reading one of Kubernetes' own kinds: the fields that decisions read must have the right types, all others may be
 * anything, and null is the same as absent, as it is to the Go structs these kinds are made from.
 */
import { malformed, type Parsed, parsed } from '../issue/issue.js';
import type { Schema, Static } from './schema.js';
import { accepts, violations } from './validate.js';
import { withoutNulls } from './value.js';

/** `value` as `schema` describes it, or FIELD_MISSING and FIELD_INVALID. */
export function read<const S extends Schema>(schema: S, value: unknown): Parsed<Static<S>> {
  if (accepts(schema, value)) return parsed(value);
  const cleaned = withoutNulls(value);
  return accepts(schema, cleaned) ? parsed(cleaned) : malformed(...violations(schema, cleaned));
}
