import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ADDRESSES_PATTERN, IP_ADDRESS_POOL } from '../../src/api/ipaddresspool.js';
import { manifestSchema } from '../../src/api/kind.js';
import { L2_ADVERTISEMENT } from '../../src/api/l2advertisement.js';
import { accepts, validate } from '../../src/api/validate.js';
import { addressFromBigInt, formatAddress } from '../../src/net/address.js';
import { parseRange } from '../../src/net/range.js';

const addresses = ['192.168.1.240-192.168.1.255'];
const pool = (spec: unknown, metadata: object = {}): unknown => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { name: 'a', ...metadata },
  spec,
});
const pinned = (serviceAllocation: unknown): unknown => pool({ addresses, serviceAllocation });

describe('a pool', () => {
  test.each<[string, unknown, string]>([
    [
      'with a mistyped field',
      pool({ addresses, autoassign: false }),
      'UNKNOWN_FIELD spec.autoassign: "autoassign" is not a field of spec (did you mean "autoAssign"?)',
    ],
    [
      'with a field nobody has',
      pool({ addresses, bandwidth: 5 }),
      'UNKNOWN_FIELD spec.bandwidth: "bandwidth" is not a field of spec; its fields are addresses, autoAssign, avoidBuggyIPs, serviceAllocation',
    ],
    [
      'with a field one level too high',
      { ...Object(pool({ addresses })), addresses },
      'UNKNOWN_FIELD addresses: "addresses" is not a field of this kind; its fields are apiVersion, kind, metadata, spec, status',
    ],
    [
      'with mistyped metadata',
      pool({ addresses }, { label: { a: 'b' } }),
      'UNKNOWN_FIELD metadata.label: "label" is not a field of metadata (did you mean "labels"?)',
    ],
    ['without addresses', pool({}), 'FIELD_MISSING spec.addresses: is missing; it must be a list'],
    ['with an empty list of addresses', pool({ addresses: [] }), 'FIELD_INVALID spec.addresses: must have at least one entry'],
    [
      'with too many addresses',
      pool({ addresses: Array<string>(1025).fill('10.0.0.0/32') }),
      'FIELD_INVALID spec.addresses: must have at most 1024 entries, not 1025',
    ],
    [
      'with one text for a list',
      pool({ addresses: '10.0.0.0/24' }),
      'FIELD_INVALID spec.addresses: must be a list, not the text "10.0.0.0/24"',
    ],
    [
      'with a number among the addresses',
      pool({ addresses: ['10.0.0.0/24', 10] }),
      'FIELD_INVALID spec.addresses[1]: must be text, not the number 10',
    ],
    [
      'with a single address',
      pool({ addresses: ['10.0.0.1'] }),
      'RANGE_MALFORMED spec.addresses[0]: "10.0.0.1" is neither a range (first-last) nor a prefix; a single address is written 10.0.0.1/32',
    ],
    [
      'with an endless address',
      pool({ addresses: ['1'.repeat(91)] }),
      'FIELD_INVALID spec.addresses[0]: must have at most 90 characters, not 91',
    ],
    [
      'with "yes" in quotes for true',
      pool({ addresses, autoAssign: 'yes' }),
      'FIELD_INVALID spec.autoAssign: must be true or false, not the text "yes"',
    ],
    [
      'with a field left empty',
      pool({ addresses, avoidBuggyIPs: null }),
      'FIELD_INVALID spec.avoidBuggyIPs: has no value; it must be true or false',
    ],
    ['with an empty spec', pool(null), 'FIELD_INVALID spec: has no value; it must be an object'],
    [
      'with half a priority',
      pinned({ priority: 1.5 }),
      'FIELD_INVALID spec.serviceAllocation.priority: must be a whole number, not the number 1.5',
    ],
    [
      'with a requirement without an operator',
      pinned({ serviceSelectors: [{}, { matchExpressions: [{ key: 'app' }] }] }),
      'FIELD_MISSING spec.serviceAllocation.serviceSelectors[1].matchExpressions[0].operator: is missing; it must be text',
    ],
    [
      'with a label that is a number',
      pool({ addresses }, { labels: { 'example.org/tier': 1 } }),
      'FIELD_INVALID metadata.labels["example.org/tier"]: must be text, not the number 1',
    ],
    [
      'with a selector that mistypes matchLabels',
      pinned({ namespaceSelectors: [{ matchlabels: { a: 'b' } }] }),
      'UNKNOWN_FIELD spec.serviceAllocation.namespaceSelectors[0].matchlabels: "matchlabels" is not a field of spec.serviceAllocation.namespaceSelectors[0] (did you mean "matchLabels"?)',
    ],
  ])('%s', (_, value, expected) => {
    const issues = validate(manifestSchema(IP_ADDRESS_POOL), value);
    expect(issues.map(({ code, path, message }) => `${code} ${path}: ${message}`)).toEqual([expected]);
  });
});

describe('an advertisement', () => {
  test.each<[string, unknown, string]>([
    ['with weight 0', { weight: 0, preference: {} }, 'FIELD_INVALID …weight: must be at least 1, not 0'],
    ['with weight 101', { weight: 101, preference: {} }, 'FIELD_INVALID …weight: must be at most 100, not 101'],
    ['with a preference for nothing', { weight: 1 }, 'FIELD_MISSING …preference: is missing; it must be an object'],
  ])('%s', (_, preferred, expected) => {
    const value = {
      apiVersion: 'metallb.io/v1beta1',
      kind: 'L2Advertisement',
      metadata: { name: 'a' },
      spec: { preferredNodeSelectors: [preferred] },
    };
    const issues = validate(manifestSchema(L2_ADVERTISEMENT), value);
    const shortened = issues.map(({ code, path, message }) => `${code} ${path.replace(/^.*\]\./, '…')}: ${message}`);
    expect(shortened).toEqual([expected]);
  });
});

test('several mistakes are all told at once', () => {
  const value = pool({ addresses: [1, 2], autoAssign: 0, colour: 'red' });
  expect(validate(manifestSchema(IP_ADDRESS_POOL), value).map(({ path }) => path)).toEqual([
    'spec.colour',
    'spec.addresses[0]',
    'spec.addresses[1]',
    'spec.autoAssign',
  ]);
});

describe('the pattern of addresses', () => {
  const address = fc.oneof(
    fc.bigInt(0n, (1n << 32n) - 1n).map((value) => addressFromBigInt('IPv4', value)),
    fc.bigInt(0n, (1n << 128n) - 1n).map((value) => addressFromBigInt('IPv6', value)),
  );
  const text = fc.oneof(
    fc.tuple(address, fc.nat(128)).map(([at, length]) => `${formatAddress(at)}/${length}`),
    fc
      .tuple(address, address, fc.constantFrom('-', ' - '))
      .map(([a, b, dash]) => `${formatAddress(a)}${dash}${formatAddress(b)}`),
    fc.string({ unit: fc.constantFrom(...'0123456789abcdef.:/- x'), maxLength: 30 }),
  );
  const schema = { type: 'string', maxLength: 90, pattern: ADDRESSES_PATTERN } as const;

  test('never refuses what can be parsed', () => {
    fc.assert(
      fc.property(text, (written) => {
        if (parseRange(written).ok) expect(accepts(schema, written)).toBe(true);
      }),
    );
  });

  test.each(['10.0.0.1', 'metallb', '10.0.0.0/24,10.0.1.0/24', '10.0.0.0/', '', ' 10.0.0.0/24'])('refuses %j', (written) => {
    expect(accepts(schema, written)).toBe(false);
  });
});
