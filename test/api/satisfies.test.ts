import fc from 'fast-check';
import { Check } from 'typebox/schema';
import { expect, test } from 'vitest';
import { IP_ADDRESS_POOL } from '../../src/api/ipaddresspool.js';
import { manifestSchema } from '../../src/api/kind.js';
import { L2_ADVERTISEMENT } from '../../src/api/l2advertisement.js';
import { satisfies } from '../../src/api/satisfies.js';
import type { Schema } from '../../src/api/schema.js';
import { SERVICE } from '../../src/api/service.js';

const ODD = [
  null,
  '',
  'x',
  0,
  1,
  -1,
  1.5,
  101,
  true,
  [],
  {},
  ['x'],
  [1],
  { a: 1 },
  { a: 'x' },
  '2026-11-24T10:00:00Z',
  'é',
  'x'.repeat(300),
];

/** Mostly what `schema` asks for; now and then something else. */
function values(schema: Schema): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 30, arbitrary: asked(schema) }, { weight: 1, arbitrary: fc.constantFrom(...ODD) });
}

function asked(schema: Schema): fc.Arbitrary<unknown> {
  switch (schema.type) {
    case 'object': {
      if (schema.additionalProperties !== undefined) {
        return fc.dictionary(fc.constantFrom('a', 'b.c/d'), values(schema.additionalProperties), { maxKeys: 2 });
      }
      const fields = Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([name, inner]): [string, fc.Arbitrary<unknown>] => [name, values(inner)]),
      );
      // fast-check names the keys it knows at compile time: here there are none.
      const usual = { requiredKeys: [...(schema.required ?? [])] as never[] };
      return fc.oneof(
        { weight: 8, arbitrary: fc.record(fields, usual) },
        { weight: 1, arbitrary: fc.record(fields, { requiredKeys: [] }) },
      );
    }
    case 'array':
      return schema.items === undefined
        ? fc.constant<unknown[]>([])
        : fc.array(values(schema.items), { minLength: schema.minItems ?? 0, maxLength: 2 });
    case 'string':
      return fc.constantFrom(...(schema.enum ?? [schema.format === undefined ? '10.0.0.0/24' : '2026-11-24T10:00:00Z']));
    case 'integer':
    case 'number':
      return fc.integer({ min: 0, max: 120 });
    case 'boolean':
      return fc.boolean();
  }
}

const specOf = (kind: Parameters<typeof manifestSchema>[0]): Schema => manifestSchema(kind).properties?.['spec'] ?? SERVICE;

test.each<[string, Schema]>([
  ['IPAddressPool', specOf(IP_ADDRESS_POOL)],
  ['L2Advertisement', specOf(L2_ADVERTISEMENT)],
  ['Service', SERVICE],
])('what satisfies the schema of %s is what TypeBox says', (_, schema) => {
  const seen = { good: 0, bad: 0 };
  fc.assert(
    fc.property(values(schema), (value) => {
      const expected = Check(schema, value);
      seen[expected ? 'good' : 'bad']++;
      expect(satisfies(schema, value)).toBe(expected);
    }),
    { numRuns: 2000 },
  );
  expect(Math.min(seen.good, seen.bad)).toBeGreaterThan(20);
});

test('a field that is undefined counts as absent', () => {
  const schema: Schema = { type: 'object', properties: { a: { type: 'string' } } };
  expect(satisfies(schema, { a: undefined })).toBe(true);
  expect(satisfies({ ...schema, required: ['a'] }, { a: undefined })).toBe(false);
});
