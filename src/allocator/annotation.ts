/**
 * MetalLB's annotations on a Service, each in two spellings. The stable one wins when it is there, even when it is empty
 * (metallb-behaviour §1.5).
 */
import { formatPath } from '../api/path.js';
import type { ServiceView } from '../api/views.js';

const PREFIXES = ['metallb.io/', 'metallb.universe.tf/'] as const;

export interface Annotation {
  /** As it is spelled on this Service. */
  readonly key: string;
  readonly value: string;
  readonly path: string;
}

export function readAnnotation(
  { annotations }: Pick<ServiceView, 'annotations'>,
  suffix: 'address-pool' | 'loadBalancerIPs' | 'allow-shared-ip',
): Annotation | undefined {
  for (const prefix of PREFIXES) {
    const key = `${prefix}${suffix}`;
    const value = Object.hasOwn(annotations, key) ? annotations[key] : undefined;
    if (value !== undefined) return { key, value, path: formatPath(['metadata', 'annotations', key]) };
  }
  return undefined;
}
