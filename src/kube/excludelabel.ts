/**
 * Whether a speaker answers also on Nodes with the label that excludes them from load balancers (`--ignore-exclude-lb`): its
 * ConfigurationState says so, and a controller that tells who may answer goes by that. A stock MetalLB speaker says nothing.
 */
import { isRecord } from '../api/value.js';
import type { ShownObject } from './objectstatus.js';

export const EXCLUDE_LABEL_IGNORED = 'arpeggio/ExcludeLabelIgnored';

export function ignoresExcludeLabel({ status: { conditions } }: ShownObject): boolean {
  const said: readonly unknown[] = Array.isArray(conditions) ? conditions : [];
  return said.some((one) => isRecord(one) && one['type'] === EXCLUDE_LABEL_IGNORED && one['status'] === 'True');
}
