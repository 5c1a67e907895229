/**
 * ConfigurationState, metallb.io/v1beta1: whether one controller or speaker could use the configuration
 * (metallb-behaviour §1.4). The components write it; nobody writes one by hand.
 */
import { CONDITIONS } from './conditions.js';
import type { CustomKind } from './kind.js';

const CONFIGURATION_STATE_STATUS = {
  type: 'object',
  description: 'The summary, and what it is the summary of.',
  properties: {
    conditions: CONDITIONS as typeof CONDITIONS,
    errorSummary: { type: 'string', description: 'The errors of all conditions, one a line.' },
    result: { type: 'string', enum: ['Valid', 'Invalid', 'Unknown'], description: 'Whether the configuration is in use.' },
  },
} as const;

export const CONFIGURATION_STATE: CustomKind = {
  kind: 'ConfigurationState',
  plural: 'configurationstates',
  description: 'Tells whether a component could use the configuration, and if not, why.',
  specRequired: false,
  status: CONFIGURATION_STATE_STATUS,
  columns: [
    { name: 'Result', type: 'string', jsonPath: '.status.result' },
    { name: 'ErrorSummary', type: 'string', jsonPath: '.status.errorSummary' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
};
