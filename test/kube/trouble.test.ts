import { expect, test } from 'vitest';
import { readStatus } from '../../src/kube/apistatus.js';
import type { Trouble } from '../../src/kube/reflector.js';
import { troubleIssue } from '../../src/kube/trouble.js';

const SPEAKER = 'system:serviceaccount:metallb-system:speaker';
const refused = (code: number, message: string): Trouble => ({
  refused: readStatus(code, { kind: 'Status', code, message, reason: 'x' }),
});
/** As an API server of 1.34 says it. */
const forbidden = (verb: string, resource: string, group: string, where: string): Trouble =>
  refused(
    403,
    `${resource}.${group} is forbidden: User "${SPEAKER}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`,
  );

test.each<[string, Trouble, string]>([
  ['a server that is away', { lost: 'connect ECONNREFUSED' }, 'KUBE_API_UNAVAILABLE it fails: connect ECONNREFUSED; again'],
  ['a server that is unwell', refused(500, 'etcd is away'), 'KUBE_API_UNAVAILABLE it fails: etcd is away (500); again'],
  [
    'a token that is not known',
    refused(401, 'Unauthorized'),
    'KUBE_UNAUTHENTICATED it fails: the API server does not know who asks: Unauthorized (401); again',
  ],
  [
    'a right in all namespaces',
    forbidden('watch', 'services', '', 'at the cluster scope'),
    `KUBE_FORBIDDEN it fails: ${SPEAKER} may not watch services in every namespace; again`,
  ],
  [
    'a right in the namespace of the agents',
    forbidden('create', 'servicel2statuses', 'metallb.io', 'in the namespace "metallb-system"'),
    `KUBE_FORBIDDEN it fails: ${SPEAKER} may not create servicel2statuses of metallb.io in the namespace metallb-system; again`,
  ],
  [
    'a right in another namespace',
    forbidden('watch', 'ipaddresspools', 'metallb.io', 'in the namespace "metalb-system"'),
    `KUBE_FORBIDDEN it fails: ${SPEAKER} may not watch ipaddresspools of metallb.io in the namespace metalb-system: its rights are for metallb-system, which --namespace should name; again`,
  ],
  [
    'a refusal for another reason',
    refused(403, 'exceeded quota: events'),
    'KUBE_API_UNAVAILABLE it fails: exceeded quota: events (403); again',
  ],
  [
    'a kind that is not there',
    refused(404, 'the server could not find the requested resource'),
    'KUBE_KIND_MISSING it fails: the API server has no such kind (404); again',
  ],
  [
    'a group that is not there',
    { refused: readStatus(404, undefined) },
    'KUBE_KIND_MISSING it fails: the API server has no such kind (404); again',
  ],
  [
    'a namespace that is not there',
    refused(404, 'namespaces "metalb-system" not found'),
    'KUBE_NAMESPACE_MISSING it fails: there is no namespace metalb-system; again',
  ],
  [
    'an object that is not there',
    refused(404, 'deployments.apps "controller" not found'),
    'KUBE_API_UNAVAILABLE it fails: deployments.apps "controller" not found (404); again',
  ],
])('%s', (_, trouble, expected) => {
  const { code, message } = troubleIssue(trouble, 'it fails', 'again');
  expect(`${code} ${message}`).toBe(expected);
});
