/**
 * The status objects a controller shows: each Service with its address or the reason why it has none, each pool with its
 * counters, whether each pool and advertisement works as written, and whether the configuration is valid. Deterministic: no
 * clock, and so no lastTransitionTime; sorted by the order of what they describe.
 */
import type { Outcome } from '../../src/allocator/allocation.js';
import type { PoolUsage } from '../../src/allocator/usage.js';
import { cut } from '../../src/api/conditions.js';
import { type KubeObject, METALLB_NAMESPACE, type Sourced } from '../../src/api/object.js';
import { formatIssue, type Issue } from '../../src/issue/issue.js';
import { ALLOCATED, POOL_ANNOTATION } from '../../src/kube/servicestatus.js';
import { formatAddress } from '../../src/net/address.js';
import { readyCondition } from './ready.js';
import type { InForce } from './reconcile.js';

export function* controllerStatus({ outcomes, usage, stale, issues, objects }: InForce): Iterable<KubeObject> {
  // One after the other: nobody need hold those of ten thousand at a time.
  for (const [key, outcome] of outcomes) {
    const service = serviceStatus(key, outcome);
    if (service !== undefined) yield service;
  }
  const about = issuesByObject(issues);
  const errors = issues.filter(isAboutConfiguration).map(formatIssue);
  yield* poolStatus(usage, objects.pools, about);
  yield* advertisementStatus(objects.advertisements, about);
  yield configurationState(stale || errors.length > 0, errors);
}

/** Errors about files, pools and advertisements. A Service that is wrong is no matter of the configuration (metallb-behaviour §1.4). */
const isAboutConfiguration = ({ severity, object }: Issue): boolean =>
  severity === 'error' && (object === undefined || CONFIGURATION_KINDS.has(object.kind));

const CONFIGURATION_KINDS: ReadonlySet<string> = new Set(['IPAddressPool', 'L2Advertisement']);

/** By kind and name. */
type ByObject = ReadonlyMap<string, readonly Issue[]>;

function issuesByObject(issues: readonly Issue[]): ByObject {
  const found = new Map<string, Issue[]>();
  for (const one of issues) {
    if (one.object === undefined) continue;
    const key = `${one.object.kind} ${one.object.name}`;
    const known = found.get(key);
    if (known === undefined) found.set(key, [one]);
    else known.push(one);
  }
  return found;
}

/** Pools in force with their counters, and pools that are not, which give nobody an address. */
function poolStatus(usage: readonly PoolUsage[], pools: readonly Sourced<KubeObject>[], about: ByObject): KubeObject[] {
  const inForce = new Map(usage.map((one) => [one.pool, one]));
  const generations = generationsOf(pools);
  return namesOf('IPAddressPool', [...inForce.keys()], pools, about).map((name) => {
    const { assignedIPv4, assignedIPv6, availableIPv4, availableIPv6 } = inForce.get(name) ?? NO_USAGE;
    const conditions = [readyCondition(about.get(`IPAddressPool ${name}`))];
    const counters = { assignedIPv4, assignedIPv6, availableIPv4, availableIPv6 };
    return ours('IPAddressPool', name, { ...counters, ...observed(generations, name), conditions });
  });
}

const NO_USAGE = { assignedIPv4: 0, assignedIPv6: 0, availableIPv4: 0n, availableIPv6: 0n };

function advertisementStatus(advertisements: readonly Sourced<KubeObject>[], about: ByObject): KubeObject[] {
  const generations = generationsOf(advertisements);
  return namesOf('L2Advertisement', [], advertisements, about).map((name) => {
    const conditions = [readyCondition(about.get(`L2Advertisement ${name}`))];
    return ours('L2Advertisement', name, { ...observed(generations, name), conditions });
  });
}

const generationsOf = (read: readonly Sourced<KubeObject>[]): ReadonlyMap<string, number | undefined> =>
  new Map(read.map(({ object: { metadata } }) => [metadata.name, metadata.generation]));

/** Argo CD and Flux call an object healthy when its status is about its newest generation. A folder has none. */
function observed(generations: ReadonlyMap<string, number | undefined>, name: string): { readonly observedGeneration?: number } {
  const observedGeneration = generations.get(name);
  return observedGeneration === undefined ? {} : { observedGeneration };
}

/** Of those in force, those that were read, and those that could not be; sorted, each once. */
function namesOf(kind: string, inForce: readonly string[], read: readonly Sourced<KubeObject>[], about: ByObject): string[] {
  const broken = [...about.keys()].filter((key) => key.startsWith(`${kind} `)).map((key) => key.slice(kind.length + 1));
  return [...new Set([...inForce, ...read.map(({ object }) => object.metadata.name), ...broken])].sort();
}

const ours = (kind: string, name: string, status: object): KubeObject => ({
  apiVersion: 'metallb.io/v1beta1',
  kind,
  metadata: { name, namespace: METALLB_NAMESPACE },
  status,
});

/** What a Service should show, by `namespace/name` and what was decided for it; undefined: nothing. */
export function serviceStatus(key: string, outcome: Outcome | undefined): KubeObject | undefined {
  if (outcome === undefined || 'ignored' in outcome) return undefined;
  const [namespace = '', name = ''] = key.split('/');
  const head = { apiVersion: 'v1', kind: 'Service' };
  if ('pending' in outcome) {
    const [{ code, message }] = outcome.pending;
    const condition = { type: ALLOCATED, status: 'False', reason: code, message };
    return { ...head, metadata: { name, namespace }, status: { conditions: [condition], loadBalancer: {} } };
  }
  const { addresses, pool, reason } = outcome.allocated;
  const condition = { type: ALLOCATED, status: 'True', reason: reason.code, message: reason.message };
  const ingress = addresses.map((address) => ({ ip: formatAddress(address), ipMode: 'VIP' }));
  return {
    ...head,
    metadata: { name, namespace, annotations: { [POOL_ANNOTATION]: pool } },
    status: { conditions: [condition], loadBalancer: { ingress } },
  };
}

/** What a controller's is called. */
export const CONTROLLER_STATE: KubeObject = {
  apiVersion: 'metallb.io/v1beta1',
  kind: 'ConfigurationState',
  metadata: { name: 'controller', namespace: METALLB_NAMESPACE, labels: { 'metallb.io/component-type': 'controller' } },
};

/** MetalLB's condition, reasons and message. */
function configurationState(invalid: boolean, errors: readonly string[]): KubeObject {
  const errorSummary = errors.join('\n');
  const condition = invalid
    ? { status: 'False', reason: 'ConfigurationError', message: cut(`configuration error: ${errorSummary}`) }
    : { status: 'True', reason: 'Reconciled', message: '' };
  const conditions = [{ type: 'poolReconcilerValid', ...condition }];
  return {
    ...CONTROLLER_STATE,
    status: invalid ? { result: 'Invalid', errorSummary, conditions } : { result: 'Valid', conditions },
  };
}
