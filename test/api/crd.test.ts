import { describe, expect, test } from 'vitest';
import { CONFIGURATION_STATE } from '../../src/api/configurationstate.js';
import { crd } from '../../src/api/crd.js';
import { IP_ADDRESS_POOL } from '../../src/api/ipaddresspool.js';
import { L2_ADVERTISEMENT } from '../../src/api/l2advertisement.js';
import type { Schema } from '../../src/api/schema.js';
import { SERVICE_L2_STATUS } from '../../src/api/servicel2status.js';
import { accepts } from '../../src/api/validate.js';

const KINDS = [CONFIGURATION_STATE, IP_ADDRESS_POOL, L2_ADVERTISEMENT, SERVICE_L2_STATUS];

const KEYWORDS = [
  ...['type', 'description', 'default', 'enum', 'format', 'minimum', 'maximum', 'minLength', 'maxLength', 'pattern'],
  ...['minItems', 'maxItems', 'items', 'properties', 'required', 'additionalProperties'],
  ...['x-kubernetes-map-type', 'x-kubernetes-list-type', 'x-kubernetes-list-map-keys', 'x-kubernetes-validations'],
];

/** What an API server has against a schema (apiextensions.k8s.io/v1, structural schemas). */
function objections(schema: Schema, path: string): string[] {
  const { type, properties, additionalProperties, items, required = [], enum: allowed } = schema;
  const found = Object.keys(schema)
    .filter((keyword) => !KEYWORDS.includes(keyword))
    .map((keyword) => `unknown keyword ${keyword}`);
  if (type === undefined) found.push('no type');
  if (properties !== undefined && additionalProperties !== undefined) found.push('properties beside additionalProperties');
  if ((type === 'array') !== (items !== undefined)) found.push('items do not go with the type');
  if (type !== 'object' && (properties ?? additionalProperties) !== undefined) found.push('fields of what is no object');
  for (const name of required) if (properties?.[name] === undefined) found.push(`${name} is required and does not exist`);
  if (allowed !== undefined && type !== 'string') found.push('an enum of what is no text');
  if ('default' in schema && !accepts(schema, schema.default)) found.push('a default that is not valid');
  for (const key of schema['x-kubernetes-list-map-keys'] ?? []) {
    if (items?.required?.includes(key) !== true) found.push(`the list key ${key} is not required`);
  }
  const inner: [string, Schema][] = Object.entries(properties ?? {});
  if (items !== undefined) inner.push(['[]', items]);
  if (additionalProperties !== undefined) inner.push(['*', additionalProperties]);
  return [...found.map((what) => `${path}: ${what}`), ...inner.flatMap(([name, one]) => objections(one, `${path}.${name}`))];
}

/** Every CEL rule of the schema. */
function rulesOf(schema: Schema): string[] {
  const { properties = {}, items, additionalProperties, 'x-kubernetes-validations': own = [] } = schema;
  const inner = [...Object.values(properties), items, additionalProperties].filter((one) => one !== undefined);
  return [...own.map(({ rule }) => rule), ...inner.flatMap(rulesOf)];
}

describe.each(KINDS.map((kind) => [kind.kind, kind]))('the CRD of %s', (_, kind) => {
  const definition = crd(kind);
  const [version] = definition.spec.versions;

  test('is as it was', async () => {
    const golden = `../golden/crds/${definition.metadata.name}.json`;
    await expect(`${JSON.stringify(definition, null, 2)}\n`).toMatchFileSnapshot(golden);
  });

  test('is structural', () => {
    expect(objections(version.schema.openAPIV3Schema, kind.kind)).toEqual([]);
  });

  test('asks in CEL what a server of Kubernetes 1.25 can answer', () => {
    const rules = rulesOf(version.schema.openAPIV3Schema);
    expect(rules).toHaveLength(kind === SERVICE_L2_STATUS ? 3 : 0);
    const called = rules.flatMap((rule) => [...rule.matchAll(/(\w+)\s*\(/g)].map(([, name]) => name));
    expect(
      called.filter((name) => !['has', 'size', 'matches', 'startsWith', 'endsWith', 'contains'].includes(name ?? '')),
    ).toEqual([]);
  });

  test('says nothing about metadata but that it is an object', () => {
    expect(version.schema.openAPIV3Schema.properties?.['metadata']).toEqual({ type: 'object' });
  });

  test('is named as its API server asks', () => {
    expect(definition.metadata.name).toBe(`${definition.spec.names.plural}.${definition.spec.group}`);
    expect(version.subresources).toEqual({ status: {} });
  });

  test('shows the columns of fields that exist', () => {
    for (const { jsonPath } of version.additionalPrinterColumns) {
      const steps = jsonPath.split('.').slice(1);
      if (steps[0] === 'metadata') continue;
      const field = steps.reduce<Schema | undefined>((at, step) => at?.properties?.[step], version.schema.openAPIV3Schema);
      expect(field, jsonPath).toBeDefined();
    }
  });
});

test('the walk finds what is not structural', () => {
  const wrong = {
    type: 'object',
    properties: { a: { type: 'array' } },
    additionalProperties: { type: 'string' },
    required: ['b'],
  } as const;
  expect(objections(wrong, 'x')).toEqual([
    'x: properties beside additionalProperties',
    'x: b is required and does not exist',
    'x.a: items do not go with the type',
  ]);
});
