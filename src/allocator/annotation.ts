/**
 * MetalLB's annotations on a Service, each in two spellings. The stable one wins when it is there, even when it is empty
 * (metallb-behaviour §1.5).
 */
import { formatPath } from '../api/path.js';
import type { ServiceView } from '../api/views.js';

export type Suffix = 'address-pool' | 'loadBalancerIPs' | 'allow-shared-ip';

export const ANNOTATION_KEYS: Readonly<Record<Suffix, readonly [stable: string, deprecated: string]>> = {
  'address-pool': ['metallb.io/address-pool', 'metallb.universe.tf/address-pool'],
  loadBalancerIPs: ['metallb.io/loadBalancerIPs', 'metallb.universe.tf/loadBalancerIPs'],
  'allow-shared-ip': ['metallb.io/allow-shared-ip', 'metallb.universe.tf/allow-shared-ip'],
};

export interface Annotation {
  /** As it is spelled on this Service. */
  readonly key: string;
  readonly value: string;
  readonly path: string;
}

/** The spelling to write. */
export const annotationKey = (suffix: Suffix): string => ANNOTATION_KEYS[suffix][0];

export function readAnnotation({ annotations }: Pick<ServiceView, 'annotations'>, suffix: Suffix): Annotation | undefined {
  const [stable, deprecated] = ANNOTATION_KEYS[suffix];
  const key = annotations[stable] === undefined ? deprecated : stable;
  const value = annotations[key];
  return value === undefined ? undefined : { key, value, path: PATHS.get(key) ?? '' };
}

const PATHS: ReadonlyMap<string, string> = new Map(
  Object.values(ANNOTATION_KEYS)
    .flat()
    .map((key) => [key, formatPath(['metadata', 'annotations', key])]),
);
