/**
 * How a Service uses its addresses, which decides with whom it may share one (metallb-behaviour §3.5): same non-empty sharing
 * key, same backends, and no port that the other uses.
 */
import type { ServiceView } from '../api/views.js';
import { readAnnotation } from './annotation.js';

export interface Tenancy {
  /** Annotation `allow-shared-ip`; empty: shares with nobody. */
  readonly sharingKey: string;
  /** The pod selector of a `Local` Service, sorted; empty for a `Cluster` one, which sends traffic to any node. */
  readonly backendKey: string;
  /** `TCP/80`; sorted, each once. */
  readonly ports: readonly string[];
}

export function tenancyOf(service: ServiceView): Tenancy {
  const isLocal = service.externalTrafficPolicy === 'Local';
  return {
    sharingKey: readAnnotation(service, 'allow-shared-ip')?.value ?? '',
    backendKey: isLocal ? labelsText(service.selector) : '',
    ports: [...new Set(service.ports.map(({ protocol, port }) => `${protocol}/${port}`))].sort(),
  };
}

const labelsText = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',');

/** Whether the keys allow two Services on one address; ports are a matter of each address. */
export const keysAgree = (a: Tenancy, b: Tenancy): boolean =>
  a.sharingKey !== '' && a.sharingKey === b.sharingKey && a.backendKey === b.backendKey;
