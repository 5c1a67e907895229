import { describe, expect, test } from 'vitest';
import { unfold } from '../../src/api/list.js';

const kindsIn = (object: object): unknown[] =>
  unfold([{ object, locate: () => undefined }]).map((one) => (one.object as { kind?: unknown }).kind);
const item = { metadata: { name: 'a' } };

describe('a list', () => {
  test.each<[string, object, readonly unknown[]]>([
    ['of anything is taken apart', { apiVersion: 'v1', kind: 'List', items: [{ kind: 'Service' }] }, ['Service']],
    ['of Services names the kind of its items', { apiVersion: 'v1', kind: 'ServiceList', items: [item] }, ['Service']],
    ['of slices does', { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSliceList', items: [item] }, ['EndpointSlice']],
    ['of pools does', { apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPoolList', items: [item] }, ['IPAddressPool']],
    ['of BGP peers does', { apiVersion: 'metallb.io/v1beta2', kind: 'BGPPeerList', items: [item] }, ['BGPPeer']],
    [
      'in a list is taken apart too',
      { apiVersion: 'v1', kind: 'List', items: [{ apiVersion: 'v1', kind: 'NodeList', items: [item] }] },
      ['Node'],
    ],
    [
      'of addresses that is an object of its own stays whole',
      { apiVersion: 'security.example.com/v1', kind: 'IPAllowList', items: ['10.0.0.1'] },
      ['IPAllowList'],
    ],
    ['of no API stays whole', { kind: 'List', items: [item] }, ['List']],
    ['without items stays whole', { apiVersion: 'v1', kind: 'List' }, ['List']],
  ])('%s', (_, object, kinds) => {
    expect(kindsIn(object)).toEqual(kinds);
  });
});
