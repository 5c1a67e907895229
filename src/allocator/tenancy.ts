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
  const sharingKey = readAnnotation(service, 'allow-shared-ip')?.value ?? '';
  const backendKey = service.externalTrafficPolicy === 'Local' ? labelsText(service.selector) : '';
  const [only, ...others] = service.ports;
  const isPlain = sharingKey === '' && backendKey === '' && only !== undefined && others.length === 0;
  if (isPlain) return plainTenancy(portText(only));
  return { sharingKey, backendKey, ports: [...new Set(service.ports.map(portText))].sort() };
}

const portText = ({ protocol, port }: ServiceView['ports'][number]): string => `${protocol}/${port}`;

/** Most Services of a cluster share with nobody and have one of a few ports: they have one object in common. */
function plainTenancy(port: string): Tenancy {
  const known = PLAIN.get(port);
  if (known !== undefined) return known;
  const made = { sharingKey: '', backendKey: '', ports: [port] };
  if (PLAIN.size < MOST_PLAIN) PLAIN.set(port, made);
  return made;
}

const PLAIN = new Map<string, Tenancy>();
const MOST_PLAIN = 1000;

const labelsText = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',');

/** Whether the keys allow two Services on one address; ports are a matter of each address. */
export const keysAgree = (a: Tenancy, b: Tenancy): boolean =>
  a.sharingKey !== '' && a.sharingKey === b.sharingKey && a.backendKey === b.backendKey;

/** Whether a Service that had `a` still uses its addresses so. */
export const sameTenancy = (a: Tenancy, b: Tenancy): boolean =>
  a.sharingKey === b.sharingKey &&
  a.backendKey === b.backendKey &&
  a.ports.length === b.ports.length &&
  a.ports.every((port, i) => port === b.ports[i]);
