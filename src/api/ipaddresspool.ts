/**
 * IPAddressPool, metallb.io/v1beta1: addresses that may be given to Services (metallb-behaviour §1.1). The fields are
 * MetalLB's; of ours are only the limits on `addresses` and the conditions in status.
 */
import { CONDITIONS, OBSERVED_GENERATION } from './conditions.js';
import type { CustomKind } from './kind.js';
import { LABEL_SELECTOR } from './labelselector.js';
import type { KubeObject } from './object.js';
import type { Static } from './schema.js';

export interface IPAddressPool extends KubeObject {
  readonly kind: 'IPAddressPool';
  readonly spec: IPAddressPoolSpec;
}

export type IPAddressPoolSpec = Static<typeof IP_ADDRESS_POOL_SPEC>;

/**
 * Weaker than parseRange, so that an API server refuses what plainly is no addresses without refusing anything valid:
 * `address/length`, or `first-last` with white space around the ends. It is spelled out, because the API server's `\s` knows
 * ASCII only and ours knows more.
 */
export const ADDRESSES_PATTERN =
  '^([0-9A-Fa-f:.]+/[0-9]{1,3}|[ \\t\\r\\n]*[0-9A-Fa-f:.]+[ \\t\\r\\n]*-[ \\t\\r\\n]*[0-9A-Fa-f:.]+[ \\t\\r\\n]*)$';

const IP_ADDRESS_POOL_SPEC = {
  type: 'object',
  description: 'The addresses and who may have them.',
  required: ['addresses'],
  properties: {
    addresses: {
      type: 'array',
      description:
        'Prefixes (192.168.10.0/24, host bits are masked off) and ranges (first-last, both included), tried in this order.',
      minItems: 1,
      maxItems: 1024,
      items: { type: 'string', maxLength: 90, pattern: ADDRESSES_PATTERN as typeof ADDRESSES_PATTERN },
    },
    autoAssign: {
      type: 'boolean',
      default: true,
      description: 'Whether Services that ask for no pool get addresses from this one.',
    },
    avoidBuggyIPs: {
      type: 'boolean',
      default: false,
      description: 'Whether IPv4 addresses that end in .0 or .255, which some network equipment drops, are never given.',
    },
    serviceAllocation: {
      type: 'object',
      description: 'Pins the pool to Services. If both namespaces and Services are restricted, both must match.',
      properties: {
        namespaceSelectors: {
          type: 'array',
          description: 'Namespaces whose Services may use the pool, by label; any one may match.',
          items: LABEL_SELECTOR as typeof LABEL_SELECTOR,
        },
        namespaces: {
          type: 'array',
          description: 'Namespaces whose Services may use the pool, by name.',
          items: { type: 'string' },
        },
        priority: {
          type: 'integer',
          description: 'Of the pools pinned to a Service, the lowest number is tried first; 0, or none, is last.',
        },
        serviceSelectors: {
          type: 'array',
          description: 'Services that may use the pool, by their own labels; any one may match.',
          items: LABEL_SELECTOR as typeof LABEL_SELECTOR,
        },
      },
    },
  },
} as const;

const IP_ADDRESS_POOL_STATUS = {
  type: 'object',
  description: 'How full the pool is. Written by the controller.',
  required: ['assignedIPv4', 'assignedIPv6', 'availableIPv4', 'availableIPv6'],
  properties: {
    assignedIPv4: { type: 'integer', format: 'int64', description: 'IPv4 addresses that Services hold.' },
    assignedIPv6: { type: 'integer', format: 'int64', description: 'IPv6 addresses that Services hold.' },
    availableIPv4: { type: 'integer', format: 'int64', description: 'IPv4 addresses that are free.' },
    availableIPv6: { type: 'integer', format: 'int64', description: 'IPv6 addresses that are free.' },
    conditions: CONDITIONS as typeof CONDITIONS,
    observedGeneration: OBSERVED_GENERATION as typeof OBSERVED_GENERATION,
  },
} as const;

export const IP_ADDRESS_POOL: CustomKind = {
  kind: 'IPAddressPool',
  plural: 'ipaddresspools',
  description: 'A pool of addresses that may be given to Services of type LoadBalancer.',
  spec: IP_ADDRESS_POOL_SPEC,
  specRequired: true,
  status: IP_ADDRESS_POOL_STATUS,
  columns: [
    { name: 'Auto Assign', type: 'boolean', jsonPath: '.spec.autoAssign' },
    { name: 'Avoid Buggy IPs', type: 'boolean', jsonPath: '.spec.avoidBuggyIPs' },
    { name: 'Addresses', type: 'string', jsonPath: '.spec.addresses' },
  ],
};
