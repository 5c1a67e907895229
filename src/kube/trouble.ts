/**
 * What an API server would not do, or did not answer, as an issue with a code: which right is missing, which kind, which namespace; so
 * that nobody has to read a sentence of an API server to know what to apply.
 */
import { type Issue, issue } from '../issue/issue.js';
import type { ApiStatus } from './apistatus.js';
import type { Trouble } from './reflector.js';

/**
 * KUBE_FORBIDDEN, KUBE_UNAUTHENTICATED, KUBE_KIND_MISSING, KUBE_NAMESPACE_MISSING, KUBE_API_UNAVAILABLE.
 *
 * @param failed what does not work because of it: `Service objects cannot be followed`
 * @param then what becomes of that: `it is tried again`
 */
export function troubleIssue(trouble: Trouble, failed: string, then: string): Issue {
  if ('lost' in trouble) return issue('KUBE_API_UNAVAILABLE', '', `${failed}: ${trouble.lost}; ${then}`);
  const { refused } = trouble;
  const tell = (code: Parameters<typeof issue>[0], why: string): Issue => issue(code, '', `${failed}: ${why}; ${then}`);
  switch (refused.code) {
    case 401:
      return tell('KUBE_UNAUTHENTICATED', `the API server does not know who asks: ${refused.message} (401)`);
    case 403:
      return forbidden(refused, tell);
    case 404:
      return missing(refused, tell);
    default:
      return tell('KUBE_API_UNAVAILABLE', `${refused.message} (${refused.code})`);
  }
}

type Tell = (
  code: 'KUBE_FORBIDDEN' | 'KUBE_KIND_MISSING' | 'KUBE_NAMESPACE_MISSING' | 'KUBE_API_UNAVAILABLE',
  why: string,
) => Issue;

/** As Kubernetes' authorizers say it. */
const FORBIDDEN =
  /User "(?<user>[^"]*)" cannot (?<verb>\S+) resource "(?<resource>[^"]*)" in API group "(?<group>[^"]*)"(?: at the cluster scope| in the namespace "(?<namespace>[^"]*)")/;

function forbidden({ message, code }: ApiStatus, tell: Tell): Issue {
  const { user, verb, resource, group, namespace } = FORBIDDEN.exec(message)?.groups ?? {};
  // Something else refused: an admission plugin, a quota, a namespace that is being deleted.
  if (user === undefined) return tell('KUBE_API_UNAVAILABLE', `${message} (${code})`);
  const what = group === '' ? resource : `${resource} of ${group}`;
  const where = namespace === undefined ? 'in every namespace' : `in the namespace ${namespace}`;
  const [, home] = /^system:serviceaccount:([^:]+):/.exec(user) ?? [];
  const elsewhere = namespace !== undefined && home !== undefined && namespace !== home;
  const hint = elsewhere ? `: its rights are for ${home}, which --namespace should name` : '';
  return tell('KUBE_FORBIDDEN', `${user} may not ${verb} ${what} ${where}${hint}`);
}

function missing({ message, code }: ApiStatus, tell: Tell): Issue {
  const [, namespace] = /^namespaces "([^"]+)" not found$/.exec(message) ?? [];
  if (namespace !== undefined) return tell('KUBE_NAMESPACE_MISSING', `there is no namespace ${namespace}`);
  if (isOfOneObject(message)) return tell('KUBE_API_UNAVAILABLE', `${message} (${code})`);
  return tell('KUBE_KIND_MISSING', `the API server has no such kind (${code})`);
}

/** Whether the message of a 404 is about an object that is not there, and not about its kind or its namespace: those it does not name. */
export const isOfOneObject = (message: string): boolean =>
  / "[^"]+" not found$/.test(message) && !message.startsWith('namespaces ');
