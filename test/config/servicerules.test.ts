import { describe, expect, test } from 'vitest';
import { serviceMistakes, type WrittenService } from '../../src/config/servicerules.js';

const written = (spec: object, metadata: object = {}): WrittenService => ({
  name: 'web',
  labels: undefined,
  ...metadata,
  spec: { selector: { app: 'web' }, ports: [{ port: 80 }], ...spec },
});

describe('an API server', () => {
  test.each<[string, WrittenService]>([
    ['a plain Service', written({})],
    ['a target by name', written({ ports: [{ name: 'http', port: 80, targetPort: 'http-2', nodePort: 30080 }] })],
    ['two families that are asked for', written({ ipFamilies: ['IPv6', 'IPv4'], ipFamilyPolicy: 'PreferDualStack' })],
    ['labels and a class', written({ loadBalancerClass: 'example.com/lb' }, { labels: { 'example.com/a': '', b: 'X.1' } })],
    ['fields that we have no use for', written({ sessionAffinity: 'ClientIP', trafficDistribution: 'PreferClose' })],
  ])('takes %s', (_, service) => {
    expect(serviceMistakes(service)).toEqual([]);
  });

  test.each<[string, WrittenService, readonly string[]]>([
    ['a name with a capital', written({}, { name: 'Web' }), ['SERVICE_INVALID metadata.name']],
    ['a name that begins with a digit', written({}, { name: '1web' }), ['SERVICE_INVALID metadata.name']],
    ['a name of 64 characters', written({}, { name: 'a'.repeat(64) }), ['SERVICE_INVALID metadata.name']],
    ['no name', written({}, { name: null }), ['FIELD_INVALID metadata.name']],
    ['a label with a space', written({}, { labels: { 'a b': 'c' } }), ['SERVICE_INVALID metadata.labels']],
    ['a selector with a number', written({ selector: { app: 5 } }), ['FIELD_INVALID spec.selector']],
    ['a selector with a bad value', written({ selector: { app: '-' } }), ['SERVICE_INVALID spec.selector']],
    ['a class with a space', written({ loadBalancerClass: 'our lb' }), ['SERVICE_INVALID spec.loadBalancerClass']],
    ['no ports', written({ ports: [] }), ['SERVICE_INVALID spec.ports']],
    ['ports that are none', written({ ports: undefined }), ['FIELD_INVALID spec.ports']],
    ['a port that is no object', written({ ports: [80] }), ['FIELD_INVALID spec.ports[0]']],
    ['a port with a number for a name', written({ ports: [{ port: 80, name: 5 }] }), ['FIELD_INVALID spec.ports[0].name']],
    ['a port with a bad name', written({ ports: [{ port: 80, name: 'Http' }] }), ['SERVICE_INVALID spec.ports[0].name']],
    ['a target of 70000', written({ ports: [{ port: 80, targetPort: 70000 }] }), ['SERVICE_INVALID spec.ports[0].targetPort']],
    [
      'a target without letters',
      written({ ports: [{ port: 80, targetPort: '80' }] }),
      ['SERVICE_INVALID spec.ports[0].targetPort'],
    ],
    ['a nodePort of 0', written({ ports: [{ port: 80, nodePort: 0 }] }), ['SERVICE_INVALID spec.ports[0].nodePort']],
    ['a misspelt field of a port', written({ ports: [{ port: 80, targetport: 8 }] }), ['UNKNOWN_FIELD spec.ports[0].targetport']],
    ['a misspelt field', written({ externalTraficPolicy: 'Local' }), ['UNKNOWN_FIELD spec.externalTraficPolicy']],
    ['one family twice', written({ ipFamilies: ['IPv4', 'IPv4'] }), ['SERVICE_INVALID spec.ipFamilies']],
    ['three families', written({ ipFamilies: ['IPv4', 'IPv6', 'IPv4'] }), ['SERVICE_INVALID spec.ipFamilies']],
    ['two families without a policy', written({ ipFamilies: ['IPv4', 'IPv6'] }), ['SERVICE_INVALID spec.ipFamilyPolicy']],
    [
      'two families of one',
      written({ ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'SingleStack' }),
      ['SERVICE_INVALID spec.ipFamilyPolicy'],
    ],
  ])('refuses %s', (_, service, expected) => {
    expect(serviceMistakes(service).map(({ code, path }) => `${code} ${path}`)).toEqual(expected);
  });
});
