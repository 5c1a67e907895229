/**
 * The status objects a controller shows: each Service with its address or the reason why it has none, each pool with its
 * counters, and whether the configuration is valid. Deterministic: no clock, sorted by the order of what they describe.
 */
import type { Outcome } from '../../src/allocator/allocation.js';
import { type KubeObject, METALLB_NAMESPACE } from '../../src/api/object.js';
import { formatIssue } from '../../src/issue/issue.js';
import { formatAddress } from '../../src/net/address.js';
import type { InForce } from './reconcile.js';

/** MetalLB's name for the pool a Service's addresses came from. */
const POOL_ANNOTATION = 'metallb.io/ip-allocated-from-pool';

export function controllerStatus({ outcomes, usage, stale, issues }: InForce): readonly KubeObject[] {
  const services = [...outcomes].flatMap(([key, outcome]) => serviceStatus(key, outcome));
  const pools = usage.map(
    ({ pool, assignedIPv4, assignedIPv6, availableIPv4, availableIPv6 }): KubeObject => ({
      apiVersion: 'metallb.io/v1beta1',
      kind: 'IPAddressPool',
      metadata: { name: pool, namespace: METALLB_NAMESPACE },
      status: { assignedIPv4, assignedIPv6, availableIPv4, availableIPv6 },
    }),
  );
  const errors = issues.filter(({ severity }) => severity === 'error').map(formatIssue);
  return [...services, ...pools, configurationState(stale || errors.length > 0, errors)];
}

function serviceStatus(key: string, outcome: Outcome): KubeObject[] {
  if ('ignored' in outcome) return [];
  const [namespace = '', name = ''] = key.split('/');
  const head = { apiVersion: 'v1', kind: 'Service' };
  if ('pending' in outcome) {
    const [{ code, message }] = outcome.pending;
    const condition = { type: 'arpeggio/Allocated', status: 'False', reason: code, message };
    return [{ ...head, metadata: { name, namespace }, status: { conditions: [condition], loadBalancer: {} } }];
  }
  const { addresses, pool, reason } = outcome.allocated;
  const condition = { type: 'arpeggio/Allocated', status: 'True', reason: reason.code, message: reason.message };
  const ingress = addresses.map((address) => ({ ip: formatAddress(address), ipMode: 'VIP' }));
  return [
    {
      ...head,
      metadata: { name, namespace, annotations: { [POOL_ANNOTATION]: pool } },
      status: { conditions: [condition], loadBalancer: { ingress } },
    },
  ];
}

function configurationState(invalid: boolean, errors: readonly string[]): KubeObject {
  return {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'ConfigurationState',
    metadata: { name: 'controller', namespace: METALLB_NAMESPACE, labels: { 'metallb.io/component-type': 'controller' } },
    status: invalid ? { result: 'Invalid', errorSummary: errors.join('\n') } : { result: 'Valid' },
  };
}
