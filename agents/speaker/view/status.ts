/**
 * The status objects a speaker shows: one ServiceL2Status for each Service it answers for, and one ConfigurationState, which
 * tells whether this node could use the configuration and what it met on the wire.
 */
import { cut } from '../../../src/api/conditions.js';
import { labelValue, objectName } from '../../../src/api/fitting.js';
import { type KubeObject, METALLB_NAMESPACE } from '../../../src/api/object.js';
import { EXCLUDE_LABEL_IGNORED } from '../../../src/kube/excludelabel.js';
import type { Announcement } from '../../../src/layer2/announcement.js';
import type { AddressConflict } from '../../runtime/metrics.js';

export interface SpeakerState {
  readonly node: string;
  /** Those this node owns now. */
  readonly announced: readonly Announcement[];
  /** Whether the newest configuration is in force. */
  readonly isValid: boolean;
  readonly conflicts: readonly AddressConflict[];
  /** Addresses that are this node's to answer for, and why it cannot. */
  readonly unanswerable: ReadonlyMap<string, string>;
  /** Why interfaces cannot be captured, a sentence each. */
  readonly uncaptured: readonly string[];
  /** Why addresses are not spread though some node was told to; undefined: no reason. */
  readonly unspread: string | undefined;
  /** Nodes with the label that excludes them answer all the same. */
  readonly ignoreExcludeLabel: boolean;
}

/** A Service with two addresses has one object, as with MetalLB. */
export function speakerStatus(state: SpeakerState): readonly KubeObject[] {
  const { node, announced } = state;
  const first = new Map<string, Announcement>();
  for (const one of announced) for (const service of one.services) if (!first.has(service)) first.set(service, one);
  return [
    ...[...first].map(([service, { interfaces }]) => serviceL2Status(node, service, interfaces)),
    configurationState(state),
  ];
}

/** What the ConfigurationState of a node's speaker is called. */
export const speakerStateOf = (node: string): KubeObject => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'ConfigurationState',
  metadata: {
    name: objectName(`speaker-${node}`),
    namespace: METALLB_NAMESPACE,
    labels: { 'metallb.io/component-type': 'speaker', 'metallb.io/node-name': labelValue(node) },
  },
});

/** MetalLB's object and first condition; the others say what MetalLB does not look at. */
function configurationState(state: SpeakerState): KubeObject {
  const { node, isValid, conflicts, unanswerable, uncaptured, unspread, ignoreExcludeLabel } = state;
  const invalid = { status: 'False', reason: 'ConfigurationError', message: 'configuration error: an older one is in force' };
  const conditions = [
    { type: 'configReconcilerValid', ...(isValid ? { status: 'True', reason: 'Reconciled', message: '' } : invalid) },
    condition('arpeggio/AddressConflict', 'ClaimedByStranger', conflicts.map(describeConflict)),
    condition(
      'arpeggio/Unanswerable',
      'NoInterface',
      [...unanswerable].map(([address, why]) => `${address}: ${why}`),
    ),
    condition('arpeggio/Uncaptured', 'CaptureFailed', uncaptured),
    condition('arpeggio/SpreadOff', 'NotAllSpread', unspread === undefined ? [] : [unspread]),
    condition(EXCLUDE_LABEL_IGNORED, 'ToldSo', ignoreExcludeLabel ? ['it was started with --ignore-exclude-lb'] : []),
  ];
  const result = isValid ? { result: 'Valid' } : { result: 'Invalid', errorSummary: invalid.message };
  return { ...speakerStateOf(node), status: { ...result, conditions } };
}

/** True as long as there is anything to tell. */
const condition = (type: string, reason: string, told: readonly string[]): object => ({
  type,
  status: told.length > 0 ? 'True' : 'False',
  reason: told.length > 0 ? reason : 'None',
  message: cut(told.join('; ')),
});

export const describeConflict = ({ address, mac, interface: on }: AddressConflict): string =>
  `${address} is claimed by ${mac} on ${on}`;

function serviceL2Status(node: string, service: string, interfaces: Announcement['interfaces']): KubeObject {
  const [serviceNamespace = '', serviceName = ''] = service.split('/');
  return {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'ServiceL2Status',
    metadata: {
      // Neither of the first two has a dot.
      name: objectName(`l2-${serviceNamespace}.${serviceName}.${node}`),
      namespace: METALLB_NAMESPACE,
      labels: {
        'metallb.io/node': labelValue(node),
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
