/**
 * Bad input: every field of every kind that is read, wrong in every way its schema knows, is named with its path, its value and
 * what would be right. The fields are walked from the schemas, so that a new one cannot be forgotten.
 */
import { describe, expect, test } from 'vitest';
import { parseLock } from '../../src/allocator/lock.js';
import { noun } from '../../src/api/complaint.js';
import { ENDPOINT_SLICE } from '../../src/api/endpointslice.js';
import { ADVERTISEMENT_SCHEMA, POOL_SCHEMA } from '../../src/api/manifest.js';
import { NAMESPACE } from '../../src/api/namespace.js';
import { NODE } from '../../src/api/node.js';
import { readObjects } from '../../src/api/objects.js';
import { formatPath, type Path } from '../../src/api/path.js';
import type { Schema } from '../../src/api/schema.js';
import { SERVICE } from '../../src/api/service.js';
import { isRecord, shown } from '../../src/api/value.js';
import type { Issue } from '../../src/issue/issue.js';
import { lint } from '../../src/plan/lint.js';

function issuesOf(...objects: readonly unknown[]): readonly Issue[] {
  const sourced = objects.map((object) => ({ object, locate: () => undefined }));
  return lint({ ...readObjects(sourced), lock: undefined, sourced, files: [] }).issues;
}

/** Ours first. */
const KINDS: readonly (readonly [kind: string, apiVersion: string, schema: Schema])[] = [
  ['IPAddressPool', 'metallb.io/v1beta1', POOL_SCHEMA],
  ['L2Advertisement', 'metallb.io/v1beta1', ADVERTISEMENT_SCHEMA],
  ['Service', 'v1', SERVICE],
  ['Node', 'v1', NODE],
  ['Namespace', 'v1', NAMESPACE],
  ['EndpointSlice', 'discovery.k8s.io/v1', ENDPOINT_SLICE],
];

/** An object that has every field of its schema. */
function complete(kind: string, apiVersion: string, schema: Schema): object {
  const sample = sampleOf(schema, 'x');
  const metadata = isRecord(sample) && isRecord(sample['metadata']) ? sample['metadata'] : {};
  return {
    ...Object(sample),
    apiVersion,
    kind,
    metadata: { ...metadata, name: 'x', ...(metadata['namespace'] === undefined ? {} : { namespace: 'metallb-system' }) },
  };
}

function sampleOf(schema: Schema, name: string): unknown {
  switch (schema.type) {
    case 'object':
      if (schema.properties === undefined) return { 'kubernetes.io/service-name': 'x' };
      return Object.fromEntries(Object.entries(schema.properties).map(([key, inner]) => [key, sampleOf(inner, key)]));
    case 'array':
      return [schema.items === undefined ? {} : sampleOf(schema.items, name)];
    case 'string':
      return schema.enum?.[0] ?? (name === 'addresses' ? '192.0.2.0/24' : name === 'operator' ? 'In' : 'x');
    case 'integer':
    case 'number':
      return schema.minimum ?? 1;
    case 'boolean':
      return true;
  }
}

/** The object with another value at `path`; undefined takes the field away. */
function changed(object: unknown, path: Path, value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (Array.isArray(object)) return object.map((item, i) => (i === step ? changed(item, rest, value) : item));
  const inner = changed(isRecord(object) ? object[step] : undefined, rest, value);
  const others = Object.entries(Object(object)).filter(([key]) => key !== String(step));
  return Object.fromEntries(inner === undefined ? others : [...others, [step, inner]]);
}

interface Field {
  readonly path: Path;
  readonly schema: Schema;
  readonly isRequired: boolean;
}

function* fieldsOf(schema: Schema, path: Path = []): Generator<Field> {
  for (const [key, inner] of Object.entries(schema.properties ?? {})) {
    yield { path: [...path, key], schema: inner, isRequired: schema.required?.includes(key) ?? false };
    yield* fieldsOf(inner, [...path, key]);
  }
  if (schema.additionalProperties !== undefined) {
    yield { path: [...path, 'kubernetes.io/service-name'], schema: schema.additionalProperties, isRequired: false };
  }
  if (schema.items !== undefined) {
    yield { path: [...path, 0], schema: schema.items, isRequired: false };
    yield* fieldsOf(schema.items, [...path, 0]);
  }
}

/** What an object is called by is looked at before anything else; status is nobody's input. */
const isNotWalked = ({ path }: Field): boolean => /^(apiVersion|kind|metadata|metadata\.name|status)$/.test(formatPath(path));

interface Wrong {
  readonly how: string;
  readonly value: unknown;
  readonly code: string;
  /** Parts of the message. */
  readonly says: readonly string[];
}

const WRONG_TYPES: Readonly<Record<Schema['type'], readonly unknown[]>> = {
  object: ['text', 5, [1]],
  array: ['text', 5, { a: 1 }],
  string: [5, true, ['a'], { a: 1 }],
  integer: ['text', 1.5, true],
  number: ['text', true],
  boolean: ['maybe', 1],
};

/** Every way in which the schema says that a value is wrong. */
function wrongs({ schema, isRequired }: Field): Wrong[] {
  const invalid = (how: string, value: unknown, ...says: string[]): Wrong => ({ how, value, code: 'FIELD_INVALID', says });
  return [
    ...WRONG_TYPES[schema.type].map((value) => invalid(`is ${shown(value)}`, value, shown(value), noun(schema))),
    ...(schema.enum === undefined ? [] : [invalid('is no choice', 'bogus', '"bogus"', schema.enum.join(', '))]),
    ...(schema.minimum === undefined
      ? []
      : [invalid('is too low', schema.minimum - 1, `${schema.minimum - 1}`, `at least ${schema.minimum}`)]),
    ...(schema.maximum === undefined
      ? []
      : [invalid('is too high', schema.maximum + 1, `${schema.maximum + 1}`, `at most ${schema.maximum}`)]),
    ...(schema.minItems === undefined ? [] : [invalid('is empty', [], 'at least one entry')]),
    ...(schema.maxItems === undefined
      ? []
      : [
          invalid(
            'is too long',
            Array(schema.maxItems + 1).fill('192.0.2.0/24'),
            `${schema.maxItems + 1}`,
            `at most ${schema.maxItems}`,
          ),
        ]),
    ...(isRequired ? [{ how: 'is missing', value: undefined, code: 'FIELD_MISSING', says: ['is missing', noun(schema)] }] : []),
  ];
}

describe.each(KINDS)('%s', (kind, apiVersion, schema) => {
  const good = complete(kind, apiVersion, schema);
  const fields = [...fieldsOf(schema)].filter((field) => !isNotWalked(field));

  test('has fields, and a good one is right', () => {
    expect(fields.length).toBeGreaterThan(1);
    expect(readObjects([{ object: good, locate: () => undefined }]).issues).toEqual([]);
  });

  const rows = fields.flatMap((field) =>
    wrongs(field).map((wrong) => [formatPath(field.path), wrong.how, field, wrong] as const),
  );
  test.each(rows)('%s %s', (path, _, field, { code, value, says }) => {
    const found = issuesOf(changed(good, field.path, value)).filter((one) => one.path === path);
    expect(found).toMatchObject([{ code, object: { kind, name: 'x' } }]);
    for (const part of says) expect(found[0]?.message).toContain(part);
  });

  test('every wrong value is told at once', () => {
    const leaves = fields.filter(({ schema: { type } }) => type !== 'object' && type !== 'array');
    const bad = leaves.reduce<unknown>((object, { path, schema: { type } }) => changed(object, path, WRONG_TYPES[type][0]), good);
    const paths = new Set(issuesOf(bad).map(({ path }) => path));
    expect(leaves.map(({ path }) => formatPath(path)).filter((path) => !paths.has(path))).toEqual([]);
  });
});

test.each(KINDS.slice(0, 2))('an unknown field of %s is told wherever it stands', (kind, apiVersion, schema) => {
  const good = complete(kind, apiVersion, schema);
  const objects = [...fieldsOf(schema)].filter((field) => !isNotWalked(field) && field.schema.properties !== undefined);
  expect(objects.length).toBeGreaterThan(3);
  for (const { path } of [...objects, { path: [] }]) {
    const at = formatPath([...path, 'bogus']);
    expect(issuesOf(changed(good, [...path, 'bogus'], 1))).toContainEqual(
      expect.objectContaining({ code: 'UNKNOWN_FIELD', path: at }),
    );
  }
});

const pool = (spec: object): object => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { name: 'p' },
  spec: { addresses: ['192.0.2.0/24'], ...spec },
});
const advertisement = (spec: object): object => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'L2Advertisement',
  metadata: { name: 'x' },
  spec,
});
const service = (spec: object, annotations: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', annotations },
  spec: { type: 'LoadBalancer', ...spec },
});
const selector = (requirement: object): object => advertisement({ nodeSelectors: [{ matchExpressions: [requirement] }] });

describe('text that is right by type only', () => {
  test.each<[what: string, object: object, code: string, path: string, says: readonly string[]]>([
    ['no address', pool({ addresses: ['192.0.2'] }), 'RANGE_MALFORMED', 'spec.addresses[0]', ['"192.0.2"', '192.0.2/32']],
    [
      'an octet too high',
      pool({ addresses: ['192.0.2.1-192.0.2.300'] }),
      'ADDRESS_MALFORMED',
      'spec.addresses[0]',
      ['300', 'more than 255'],
    ],
    ['a prefix too long', pool({ addresses: ['192.0.2.0/33'] }), 'PREFIX_MALFORMED', 'spec.addresses[0]', ['/33', '0 to 32']],
    [
      'a range from high to low',
      pool({ addresses: ['192.0.2.9-192.0.2.1'] }),
      'RANGE_REVERSED',
      'spec.addresses[0]',
      ['192.0.2.9', 'write 192.0.2.1-192.0.2.9'],
    ],
    [
      'a range of two families',
      pool({ addresses: ['192.0.2.9-fd00::1'] }),
      'RANGE_MIXED_FAMILIES',
      'spec.addresses[0]',
      ['192.0.2.9', 'fd00::1'],
    ],
    [
      'one range twice',
      pool({ addresses: ['192.0.2.0/24', '192.0.2.7/32'] }),
      'POOL_OVERLAP',
      'spec.addresses[1]',
      ['192.0.2.7/32', '192.0.2.0/24'],
    ],
    [
      'a negative priority',
      pool({ serviceAllocation: { priority: -5 } }),
      'PRIORITY_NEGATIVE',
      'spec.serviceAllocation.priority',
      ['-5', 'lowest that counts is 1'],
    ],
    [
      'a namespace twice',
      pool({ serviceAllocation: { namespaces: ['a', 'a'] } }),
      'DUPLICATE_ENTRY',
      'spec.serviceAllocation.namespaces[1]',
      ['namespaces[0]'],
    ],
    [
      'a pool twice',
      advertisement({ ipAddressPools: ['p', 'p'] }),
      'DUPLICATE_ENTRY',
      'spec.ipAddressPools[1]',
      ['ipAddressPools[0]'],
    ],
    ['an unknown pool', advertisement({ ipAddressPools: ['q'] }), 'UNKNOWN_POOL', 'spec.ipAddressPools[0]', ['"q"']],
    [
      'an unknown operator',
      selector({ key: 'zone', operator: 'Inn' }),
      'SELECTOR_INVALID',
      'spec.nodeSelectors[0].matchExpressions[0].operator',
      ['"Inn"', 'In, NotIn, Exists and DoesNotExist'],
    ],
    [
      'In without values',
      selector({ key: 'zone', operator: 'In' }),
      'SELECTOR_INVALID',
      'spec.nodeSelectors[0].matchExpressions[0].values',
      ['In needs at least one value'],
    ],
    [
      'Exists with values',
      selector({ key: 'zone', operator: 'Exists', values: ['a'] }),
      'SELECTOR_INVALID',
      'spec.nodeSelectors[0].matchExpressions[0].values',
      ['"a"', 'Exists takes no values'],
    ],
    [
      'an impossible key',
      selector({ key: 'a/b/c', operator: 'Exists' }),
      'SELECTOR_INVALID',
      'spec.nodeSelectors[0].matchExpressions[0].key',
      ['"a/b/c"', 'more than one "/"'],
    ],
    [
      'an impossible value',
      advertisement({ nodeSelectors: [{ matchLabels: { 'x.io/zone': 'a b' } }] }),
      'SELECTOR_INVALID',
      'spec.nodeSelectors[0].matchLabels["x.io/zone"]',
      ['"a b"', 'letters, digits'],
    ],
    [
      'an address that is none',
      service({ loadBalancerIP: '192.0.2' }),
      'SERVICE_INVALID',
      'spec.loadBalancerIP',
      ['"192.0.2"', 'four numbers'],
    ],
    [
      'an annotation with no address',
      service({}, { 'metallb.io/loadBalancerIPs': '192.0.2.1,x' }),
      'SERVICE_INVALID',
      'metadata.annotations["metallb.io/loadBalancerIPs"]',
      ['"x"', 'four numbers'],
    ],
    [
      'a cluster IP that is none',
      service({ clusterIPs: ['192.0.2'] }),
      'SERVICE_INVALID',
      'spec.clusterIPs[0]',
      ['"192.0.2"', 'not an address'],
    ],
    [
      'a family twice',
      service({ ipFamilies: ['IPv4', 'IPv4'] }),
      'SERVICE_INVALID',
      'spec.ipFamilies[1]',
      ['ipFamilies has IPv4 twice'],
    ],
    ['an empty entry', pool({ addresses: [' '] }), 'RANGE_MALFORMED', 'spec.addresses[0]', ['is empty', 'first-last']],
    [
      'a subnet that is none',
      { ...pool({}), metadata: { name: 'p', annotations: { 'arpeggio.dev/subnet': '192.0.2.0' } } },
      'FIELD_INVALID',
      'metadata.annotations["arpeggio.dev/subnet"]',
      ['"192.0.2.0"', '/32'],
    ],
  ])('%s', (_, object, code, path, says) => {
    const found = issuesOf(object).filter((one) => one.path === path);
    expect(found.map((one) => one.code)).toContain(code);
    const message = found.find((one) => one.code === code)?.message;
    for (const part of says) expect(message).toContain(part);
  });

  test('several of one selector are told at once', () => {
    const both = { key: 'a/b/c', operator: 'Inn' };
    const paths = issuesOf(
      advertisement({ nodeSelectors: [{ matchExpressions: [both], matchLabels: { '-': 'a', '+': 'b' } }] }),
    ).map(({ path }) => path.slice('spec.nodeSelectors[0].'.length));
    expect(paths).toEqual(['matchLabels["+"]', 'matchLabels["-"]', 'matchExpressions[0].key', 'matchExpressions[0].operator']);
  });
});

describe('a lock file', () => {
  const locked = (more: object): object => ({ apiVersion: 'arpeggio.dev/v1alpha1', kind: 'AddressLock', services: {}, ...more });
  const entry = (value: unknown): object => locked({ services: { 'default/web': value } });
  const WEB = 'services["default/web"]';

  test.each<[what: string, lock: unknown, path: string, says: readonly string[]]>([
    ['that is text', 'text', '', ['"text"', 'a mapping']],
    ['of another version', locked({ apiVersion: 'v1' }), 'apiVersion', ['"v1"', '"arpeggio.dev/v1alpha1"']],
    ['without a kind', locked({ kind: undefined }), 'kind', ['missing', '"AddressLock"']],
    ['with an unknown field', locked({ service: {} }), 'service', ['"service"', 'apiVersion, kind and services']],
    ['whose services are a list', locked({ services: [1] }), 'services', ['a list', 'namespace/name']],
    [
      'with a name without a namespace',
      locked({ services: { web: { addresses: ['192.0.2.1'] } } }),
      'services.web',
      ['"web"', 'namespace/name'],
    ],
    ['with an entry that is text', entry('192.0.2.1'), WEB, ['"192.0.2.1"', 'addresses']],
    ['with an entry that has more', entry({ addresses: ['192.0.2.1'], ip: 1 }), `${WEB}.ip`, ['"ip"', 'addresses and pool']],
    ['with a pool that is a number', entry({ addresses: ['192.0.2.1'], pool: 5 }), `${WEB}.pool`, ['the number 5', 'name']],
    [
      'with addresses that are text',
      entry({ addresses: '192.0.2.1' }),
      `${WEB}.addresses`,
      ['"192.0.2.1"', 'a list of one address'],
    ],
    [
      'with three addresses',
      entry({ addresses: ['192.0.2.1', 'fd00::1', '192.0.2.2'] }),
      `${WEB}.addresses`,
      ['3', 'a list of one address'],
    ],
    ['with an address that is a number', entry({ addresses: [5] }), `${WEB}.addresses[0]`, ['the number 5', 'an IP address']],
    ['with an address that is none', entry({ addresses: ['192.0.2'] }), `${WEB}.addresses[0]`, ['"192.0.2"', 'four numbers']],
    [
      'with two addresses of one family',
      entry({ addresses: ['192.0.2.1', '192.0.2.2'] }),
      `${WEB}.addresses`,
      ['192.0.2.1 and 192.0.2.2', 'one of each'],
    ],
  ])('%s', (_, object, path, says) => {
    const lock = parseLock({ object, locate: () => undefined });
    const issues = lock.ok ? [] : lock.issues;
    expect(issues.map((one) => [one.code, one.path])).toEqual([['LOCK_MALFORMED', path]]);
    for (const part of says) expect(issues[0]?.message).toContain(part);
  });

  test('tells every mistake at once', () => {
    const lock = parseLock({ object: { services: { web: 5, 'a/b': { addresses: ['x', 'y'] } } }, locate: () => undefined });
    expect(lock.ok ? [] : lock.issues.map(({ path }) => path)).toEqual([
      'apiVersion',
      'kind',
      'services["a/b"].addresses[0]',
      'services["a/b"].addresses[1]',
      'services.web',
      'services.web',
    ]);
  });
});
