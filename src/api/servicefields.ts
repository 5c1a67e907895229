/**
 * Fields of a Service's spec that Kubernetes does not have, and that were probably meant for one that decisions read. An API
 * server drops them without a word, unless it is asked to be strict.
 */
import { type Issue, issue } from '../issue/issue.js';
import { didYouMean } from './nearest.js';
import { formatPath } from './path.js';
import { SERVICE } from './service.js';
import { isRecord, type PlainObject } from './value.js';

/** FIELD_MISTYPED for each. A field that is near none of them may be of a newer Kubernetes. */
export function mistypedFields({ spec }: PlainObject): Issue[] {
  if (!isRecord(spec)) return [];
  return Object.keys(spec).flatMap((name) => {
    if (READ.includes(name) || OTHERS.has(name)) return [];
    const hint = didYouMean(name, READ);
    if (hint === '') return [];
    return [issue('FIELD_MISTYPED', formatPath(['spec', name]), `a Service has no field "${name}"${hint}`)];
  });
}

const READ = Object.keys(SERVICE.properties.spec.properties);

/** The rest of ServiceSpec, v1. */
const OTHERS: ReadonlySet<string> = new Set([
  'allocateLoadBalancerNodePorts',
  'externalIPs',
  'externalName',
  'healthCheckNodePort',
  'internalTrafficPolicy',
  'loadBalancerSourceRanges',
  'publishNotReadyAddresses',
  'sessionAffinity',
  'sessionAffinityConfig',
  'trafficDistribution',
]);
