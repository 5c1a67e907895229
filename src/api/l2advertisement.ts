/**
 * L2Advertisement, metallb.io/v1beta1: which pools' addresses are answered for, on which nodes and interfaces, for which
 * Services (metallb-behaviour §1.2). An empty spec, or none, means all of them.
 */
import { CONDITIONS, OBSERVED_GENERATION } from './conditions.js';
import type { CustomKind } from './kind.js';
import { LABEL_SELECTOR } from './labelselector.js';
import type { KubeObject } from './object.js';
import type { Static } from './schema.js';

export interface L2Advertisement extends KubeObject {
  readonly kind: 'L2Advertisement';
  readonly spec?: L2AdvertisementSpec;
}

export type L2AdvertisementSpec = Static<typeof L2_ADVERTISEMENT_SPEC>;

const L2_ADVERTISEMENT_SPEC = {
  type: 'object',
  description: 'What is announced, and where.',
  properties: {
    interfaces: {
      type: 'array',
      description: 'Names of the interfaces to answer on. Empty: all of them.',
      items: { type: 'string' },
    },
    ipAddressPoolSelectors: {
      type: 'array',
      description: 'Pools to announce, by label; any one may match. They add to ipAddressPools. Both empty: every pool.',
      items: LABEL_SELECTOR as typeof LABEL_SELECTOR,
    },
    ipAddressPools: {
      type: 'array',
      description: 'Pools to announce, by name.',
      items: { type: 'string' },
    },
    nodeSelectors: {
      type: 'array',
      description: 'Nodes that may answer, by label; any one may match. Empty: every node.',
      items: LABEL_SELECTOR as typeof LABEL_SELECTOR,
    },
    preferredNodeSelectors: {
      type: 'array',
      description: 'Nodes that answer rather than others that may. The weights of all that match a node are added.',
      items: {
        type: 'object',
        required: ['preference', 'weight'],
        properties: {
          preference: LABEL_SELECTOR as typeof LABEL_SELECTOR,
          weight: { type: 'integer', format: 'int32', minimum: 1, maximum: 100, description: 'How strongly, from 1 to 100.' },
        },
      },
    },
    serviceSelectors: {
      type: 'array',
      description: 'Services whose addresses are announced, by their own labels; any one may match. Empty: every Service.',
      items: LABEL_SELECTOR as typeof LABEL_SELECTOR,
    },
  },
} as const;

const L2_ADVERTISEMENT_STATUS = {
  type: 'object',
  description: 'What the controller last observed.',
  properties: {
    conditions: CONDITIONS as typeof CONDITIONS,
    observedGeneration: OBSERVED_GENERATION as typeof OBSERVED_GENERATION,
  },
} as const;

export const L2_ADVERTISEMENT: CustomKind = {
  kind: 'L2Advertisement',
  plural: 'l2advertisements',
  description: 'Announces the addresses of pools on the local network, by ARP and neighbour discovery.',
  spec: L2_ADVERTISEMENT_SPEC,
  specRequired: false,
  status: L2_ADVERTISEMENT_STATUS,
  columns: [
    { name: 'IPAddressPools', type: 'string', jsonPath: '.spec.ipAddressPools' },
    { name: 'IPAddressPool Selectors', type: 'string', jsonPath: '.spec.ipAddressPoolSelectors' },
    { name: 'Interfaces', type: 'string', jsonPath: '.spec.interfaces' },
    { name: 'Node Selectors', type: 'string', jsonPath: '.spec.nodeSelectors', priority: 10 },
  ],
};
