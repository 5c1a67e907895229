/** What the constructs write is what a stock MetalLB takes: its kinds, its fields, its annotations. */
import { Testing, Yaml } from 'cdk8s';
import { describe, expect, test } from 'vitest';
import { IP_ADDRESS_POOL } from '../../src/api/ipaddresspool.js';
import { type CustomKind, manifestSchema } from '../../src/api/kind.js';
import { L2_ADVERTISEMENT } from '../../src/api/l2advertisement.js';
import { validate } from '../../src/api/validate.js';
import type { Manifest } from '../api/manifests.js';
import { example } from './example.js';
import { catchWarnings } from './network.js';

const warnings = catchWarnings();

/** As `spec` has them in MetalLB's own CRDs. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  IPAddressPool: ['addresses', 'autoAssign', 'avoidBuggyIPs', 'serviceAllocation'],
  L2Advertisement: [
    'interfaces',
    'ipAddressPoolSelectors',
    'ipAddressPools',
    'nodeSelectors',
    'preferredNodeSelectors',
    'serviceSelectors',
  ],
};
const KINDS: Readonly<Record<string, CustomKind>> = { IPAddressPool: IP_ADDRESS_POOL, L2Advertisement: L2_ADVERTISEMENT };
const ANNOTATIONS = ['metallb.io/address-pool', 'metallb.io/allow-shared-ip', 'metallb.io/loadBalancerIPs'];

const written: readonly Manifest[] = Testing.synth(example());
const ours = written.filter(({ kind }) => kind in KINDS);
const services = written.filter(({ kind }) => kind === 'Service');

test('the example is written as it always was, without a warning', async () => {
  await expect(Yaml.stringify(...Testing.synth(example()))).toMatchFileSnapshot('../golden/constructs/example.yaml');
  expect(warnings).toEqual([]);
});

describe('every pool and advertisement', () => {
  test.each(ours.map((manifest) => [`${manifest.kind} ${manifest.metadata.name}`, manifest]))(
    '%s is valid, with fields of MetalLB only',
    (_, manifest) => {
      const kind = KINDS[manifest.kind];
      expect(kind && validate(manifestSchema(kind), manifest)).toEqual([]);
      expect(Object.keys(manifest.spec ?? {}).filter((field) => FIELDS[manifest.kind]?.includes(field) !== true)).toEqual([]);
    },
  );

  test('is there', () => {
    expect(ours).toHaveLength(5);
  });
});

describe('every Service', () => {
  test('asks by the annotations that are not deprecated, and never by the field that is', () => {
    const asked = services.flatMap(({ metadata }) => Object.keys((metadata as { annotations?: object }).annotations ?? {}));
    expect(services).toHaveLength(3);
    expect(asked.length).toBeGreaterThan(3);
    expect(asked.filter((key) => !ANNOTATIONS.includes(key))).toEqual([]);
    for (const { spec } of services) expect(spec).not.toHaveProperty('loadBalancerIP');
  });
});
