import { expect, test } from 'vitest';
import { requestInfo } from './requestinfo.js';

test.each([
  ['GET', '/api/v1/services', 'list services'],
  ['GET', '/api/v1/services?limit=500', 'list services'],
  ['GET', '/api/v1/services?watch=true&resourceVersion=7', 'watch services'],
  ['GET', '/api/v1/services?watch=1', 'watch services'],
  ['GET', '/api/v1/services?watch=false', 'list services'],
  ['GET', '/api/v1/namespaces/shop/services', 'list services'],
  ['GET', '/api/v1/namespaces/shop/services/web', 'get services'],
  ['PATCH', '/api/v1/namespaces/shop/services/web/status?fieldManager=a', 'patch services/status'],
  ['PUT', '/api/v1/namespaces/shop/services/web/status', 'update services/status'],
  ['POST', '/api/v1/namespaces/shop/events', 'create events'],
  ['DELETE', '/apis/metallb.io/v1beta1/namespaces/metallb-system/servicel2statuses/l2-x', 'delete servicel2statuses'],
  ['DELETE', '/apis/metallb.io/v1beta1/namespaces/metallb-system/servicel2statuses', 'deletecollection servicel2statuses'],
  ['GET', '/apis/discovery.k8s.io/v1/endpointslices?watch=true', 'watch endpointslices'],
  ['GET', '/api/v1/namespaces', 'list namespaces'],
  ['GET', '/api/v1/namespaces/shop', 'get namespaces'],
  ['PUT', '/api/v1/namespaces/shop/status', 'update namespaces/status'],
  ['GET', '/api/v1/nodes/n1', 'get nodes'],
  ['GET', '/readyz', 'get /readyz'],
  ['GET', '/apis/metallb.io/v1beta1', 'get /apis/metallb.io/v1beta1'],
])('%s %s is %s', (method, url, expected) => {
  const { verb, resource } = requestInfo(method, url);
  expect(`${verb} ${resource}`).toBe(expected);
});

test('a writer is who he says he is', () => {
  const path = '/api/v1/namespaces/shop/services/web/status';
  expect([requestInfo('PATCH', `${path}?fieldManager=a`).manager, requestInfo('PATCH', path).manager]).toEqual(['a', '']);
});
