import { expect, test } from 'vitest';
import { addressWriters, lastAddressWriter } from '../../src/kube/addresswriters.js';

const ADDRESSES = { 'f:status': { 'f:loadBalancer': { 'f:ingress': {} } } };
const CONDITIONS = { 'f:status': { 'f:conditions': {} } };
const wrote = (manager: string, time: string, fieldsV1: object = ADDRESSES): object => ({
  ...{ manager, operation: 'Update', subresource: 'status', fieldsV1 },
  time: `2026-01-01T00:00:${time}Z`,
});

test.each<{ what: string; fields: readonly object[]; all: readonly string[]; last: string | undefined }>([
  { what: 'nobody', fields: [], all: [], last: undefined },
  { what: 'the only one', fields: [wrote('controller', '01')], all: ['controller'], last: 'controller' },
  {
    what: 'the last, whatever the order',
    fields: [wrote('ours', '09'), wrote('controller', '10'), wrote('kubectl', '08')],
    all: ['controller', 'kubectl', 'ours'],
    last: 'controller',
  },
  {
    what: 'nobody of two in the same second',
    fields: [wrote('ours', '05'), wrote('controller', '05')],
    all: ['controller', 'ours'],
    last: undefined,
  },
  {
    what: 'none who wrote conditions later',
    fields: [wrote('controller', '01'), wrote('ours', '02', CONDITIONS)],
    all: ['controller'],
    last: 'controller',
  },
  {
    what: 'one who wrote them with two versions of the API',
    fields: [wrote('controller', '01'), wrote('controller', '02')],
    all: ['controller'],
    last: 'controller',
  },
])('$what', ({ fields, all, last }) => {
  const service = { metadata: { name: 'web', managedFields: fields } };
  expect([addressWriters(service), lastAddressWriter(service)]).toEqual([all, last]);
});

test.each([undefined, {}, { metadata: {} }, { metadata: { managedFields: 'x' } }, { metadata: { managedFields: [null, {}] } }])(
  'of what cannot be read nobody: %j',
  (service) => {
    expect([addressWriters(service), lastAddressWriter(service)]).toEqual([[], undefined]);
  },
);
