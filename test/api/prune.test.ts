import { expect, test } from 'vitest';
import { POOL_SCHEMA } from '../../src/api/manifest.js';
import { pruned } from '../../src/api/prune.js';

const pool = (spec: object, rest: object = {}): object => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { name: 'p', labels: { any: 'label' } },
  spec: { addresses: ['192.0.2.0/24'], ...spec },
  ...rest,
});

test.each<[string, object, object]>([
  ['what is known stays', pool({ autoAssign: false }), pool({ autoAssign: false })],
  ['a new field of the spec goes', pool({ newer: [{ a: 1 }] }), pool({})],
  ['a new field of the object goes', pool({}, { newer: 1 }), pool({})],
  [
    'a new field in a list goes',
    pool({ serviceAllocation: { namespaceSelectors: [{ matchLabels: { a: 'b' }, newer: 1 }] } }),
    pool({ serviceAllocation: { namespaceSelectors: [{ matchLabels: { a: 'b' } }] } }),
  ],
  ['what has another type is not looked into', pool({ serviceAllocation: 'x' }), pool({ serviceAllocation: 'x' })],
])('%s', (_, object, expected) => {
  expect(pruned(POOL_SCHEMA, object)).toEqual(expected);
});
