/**
 * The status objects a speaker shows: one ServiceL2Status for each Service it answers for.
 */
import { type KubeObject, METALLB_NAMESPACE } from '../../../src/api/object.js';
import type { Announcement } from '../../../src/layer2/announcement.js';

/** `announcements` are those this node owns now. A Service with two addresses has one object, as with MetalLB. */
export function speakerStatus(node: string, announcements: readonly Announcement[]): readonly KubeObject[] {
  const first = new Map<string, Announcement>();
  for (const one of announcements) for (const service of one.services) if (!first.has(service)) first.set(service, one);
  return [...first].map(([service, { interfaces }]) => serviceL2Status(node, service, interfaces));
}

function serviceL2Status(node: string, service: string, interfaces: Announcement['interfaces']): KubeObject {
  const [serviceNamespace = '', serviceName = ''] = service.split('/');
  return {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'ServiceL2Status',
    metadata: {
      name: `l2-${serviceNamespace}-${serviceName}-${node}`,
      namespace: METALLB_NAMESPACE,
      labels: {
        'metallb.io/node': node,
        'metallb.io/service-name': serviceName,
        'metallb.io/service-namespace': serviceNamespace,
      },
    },
    status: {
      node,
      serviceName,
      serviceNamespace,
      ...(interfaces === 'all' ? {} : { interfaces: [...interfaces].sort().map((name) => ({ name })) }),
    },
  };
}
