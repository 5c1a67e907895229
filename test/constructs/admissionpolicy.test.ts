import { App, Chart } from 'cdk8s';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ADMISSION_RULES, PLAUSIBLE_ADDRESS } from '../../constructs/admissionrules.js';
import { AdmissionPolicy, type AdmissionPolicyProps } from '../../constructs/index.js';
import { CATALOGUE } from '../../src/issue/catalogue.js';
import { addressFromBigInt, formatAddress, parseAddress } from '../../src/net/address.js';

const synth = (props?: AdmissionPolicyProps): string => {
  const app = new App();
  new AdmissionPolicy(app, 'admission', props);
  return app.synthYaml();
};

test('the policies are as they were', async () => {
  await expect(synth()).toMatchFileSnapshot('../golden/constructs/admissionpolicy.yaml');
});

test('the props reach every policy and every binding', () => {
  const yaml = synth({ failurePolicy: 'Ignore', validationActions: ['Warn', 'Audit'] });
  expect(yaml.match(/failurePolicy: Ignore/g)).toHaveLength(ADMISSION_RULES.length);
  expect(yaml.match(/validationActions:\n {4}- Warn\n {4}- Audit\n/g)).toHaveLength(ADMISSION_RULES.length);
});

test('a chart with a namespace gives none to the policies in it', () => {
  const chart = new Chart(new App(), 'outer', { namespace: 'shop' });
  const objects = new AdmissionPolicy(chart, 'admission').toJson() as { metadata: object }[];
  expect(objects.map(({ metadata }) => Object.keys(metadata))).toEqual(objects.map(() => ['name']));
});

describe.each(ADMISSION_RULES.map((rules) => [rules.name, rules]))('the policy %s', (_, rules) => {
  const { matchConditions = [], variables = [], validations } = rules;
  const expressions = [
    ...[...matchConditions, ...variables].map(({ expression }) => expression),
    ...validations.flatMap(({ expression, messageExpression }) => [expression, messageExpression]),
  ];

  test('calls only what Kubernetes 1.30 has', () => {
    const code = expressions.map((expression) => expression.replace(/"(\\.|[^"\\])*"/g, '""'));
    const called = new Set(code.flatMap((text) => [...text.matchAll(/(\w+)\(/g)].map(([, name]) => name)));
    const known = ['has', 'size', 'matches', 'split', 'trim', 'map', 'filter', 'contains', 'string'];
    expect([...called].filter((name) => !known.includes(name ?? ''))).toEqual([]);
  });

  test('begins each message with a code', () => {
    for (const { messageExpression } of validations) {
      const [, code] = /^"([A-Z_]+) /.exec(messageExpression) ?? [];
      expect(Object.keys(CATALOGUE)).toContain(code);
    }
  });

  test('knows each variable that it uses', () => {
    const used = expressions.flatMap((text) => [...text.matchAll(/variables\.(\w+)/g)].map(([, name]) => name));
    expect(new Set(used)).toEqual(new Set(variables.map(({ name }) => name)));
  });
});

describe('what looks like an address', () => {
  const plausible = new RegExp(PLAUSIBLE_ADDRESS);
  const address = fc.oneof(
    fc.bigInt(0n, (1n << 32n) - 1n).map((value) => formatAddress(addressFromBigInt('IPv4', value))),
    fc.bigInt(0n, (1n << 128n) - 1n).map((value) => formatAddress(addressFromBigInt('IPv6', value))),
    fc.ipV6(),
    fc.string({ unit: fc.constantFrom(...'0123456789abcdefAB:.'), maxLength: 20 }),
    fc.string({ unit: fc.constantFrom('1', 'a', ':', ':', '::', '10.0.0.1'), maxLength: 12 }),
  );

  test('is everything that is one', () => {
    fc.assert(
      fc.property(address, (text) => {
        if (parseAddress(text).ok) expect(text).toMatch(plausible);
      }),
    );
  });

  test('is for IPv4 nothing else', () => {
    const part = fc.oneof(fc.nat(300).map(String), fc.constantFrom('', '01', '007', 'a'));
    fc.assert(
      fc.property(fc.array(part, { minLength: 3, maxLength: 5 }), (parts) => {
        const text = parts.join('.');
        expect(plausible.test(text)).toBe(parseAddress(text).ok);
      }),
    );
  });

  test.each([
    '240',
    'cafe',
    '1:2',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:10.0.0.1',
    '::10.0.0.256',
    '',
    ' ',
    '10.0.0',
    '10.0.0.0/24',
    '10.0.0.1-10.0.0.2',
    ':',
    ':::',
    '1::2::3',
    'fd00::1%eth0',
    'fd00::12345',
    'web',
  ])('is not %j', (text) => {
    expect(text).not.toMatch(plausible);
  });
});
