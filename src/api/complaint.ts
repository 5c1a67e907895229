/**
 * What is wrong with a value, in words that follow the name of the field: `must be true or false, not the text "yes"`.
 */
import { didYouMean } from './nearest.js';
import type { Schema } from './schema.js';
import { shown } from './value.js';

/** What `value` does against `keyword` of `schema`. */
export function complaint(schema: Schema, value: unknown, keyword: string): string {
  switch (keyword) {
    case 'type':
      if (value === null) return `has no value; it must be ${noun(schema)}`;
      return `must be ${noun(schema)}, not ${shown(value)}`;
    case 'enum':
      return `must be one of ${schema.enum?.join(', ')}, not ${shown(value)}${typeof value === 'string' ? didYouMean(value, schema.enum ?? []) : ''}`;
    case 'minimum':
      return `must be at least ${schema.minimum}, not ${value}`;
    case 'maximum':
      return `must be at most ${schema.maximum}, not ${value}`;
    case 'minItems':
      return `must have at least ${schema.minItems === 1 ? 'one entry' : `${schema.minItems} entries`}`;
    case 'maxItems':
      return `must have at most ${schema.maxItems} entries, not ${Array.isArray(value) ? value.length : 'more'}`;
    case 'minLength':
      return 'must not be empty';
    case 'maxLength':
      return `must have at most ${schema.maxLength} characters, not ${typeof value === 'string' ? value.length : 'more'}`;
    default:
      return `${shown(value)} is not of the form ${schema.pattern ?? schema.format ?? keyword}`;
  }
}

/** What a schema asks for: `a list`, `true or false`. */
export function noun({ type, enum: allowed }: Schema): string {
  switch (type) {
    case 'object':
      return 'an object';
    case 'array':
      return 'a list';
    case 'string':
      return allowed === undefined ? 'text' : `one of ${allowed.join(', ')}`;
    case 'integer':
      return 'a whole number';
    case 'number':
      return 'a number';
    case 'boolean':
      return 'true or false';
  }
}
