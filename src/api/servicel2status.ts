/**
 * ServiceL2Status, metallb.io/v1beta1: which node answers for a Service's address (metallb-behaviour §1.3). Speakers write
 * it; nobody writes one by hand.
 */
import type { CustomKind } from './kind.js';

const SERVICE_L2_STATUS_STATUS = {
  type: 'object',
  description: 'Who answers. Another node means another object.',
  properties: {
    interfaces: {
      type: 'array',
      description: 'The interfaces it is answered on. Empty: all of them.',
      items: { type: 'object', properties: { name: { type: 'string', description: 'Its name on the node.' } } },
    },
    node: {
      type: 'string',
      description: 'The node that answers.',
      'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'Value is immutable' }],
    },
    serviceName: {
      type: 'string',
      description: 'The Service.',
      'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'Value is immutable' }],
    },
    serviceNamespace: {
      type: 'string',
      description: 'The namespace of the Service.',
      'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'Value is immutable' }],
    },
  },
} as const;

export const SERVICE_L2_STATUS: CustomKind = {
  kind: 'ServiceL2Status',
  plural: 'servicel2statuses',
  description: 'Tells which node answers for the address of a Service.',
  spec: { type: 'object', description: 'Empty: everything here is observed.' },
  specRequired: false,
  status: SERVICE_L2_STATUS_STATUS,
  columns: [
    { name: 'Allocated Node', type: 'string', jsonPath: '.status.node' },
    { name: 'Service Name', type: 'string', jsonPath: '.status.serviceName' },
    { name: 'Service Namespace', type: 'string', jsonPath: '.status.serviceNamespace' },
  ],
};
