/**
 * What a Service asks for, read from its spec and annotations: which addresses, which pool, which families, and how it would
 * share. A request that contradicts itself is a SERVICE_INVALID and gets nothing.
 */
import type { ServiceView } from '../api/views.js';
import { type Issue, issue, malformed, type Parsed, parsed, type Source } from '../issue/issue.js';
import { type Address, formatAddress, parseAddress } from '../net/address.js';
import { isIpv4Mapped } from '../net/prefix.js';
import { readAnnotation } from './annotation.js';
import { type Families, familiesOf } from './families.js';
import { type Tenancy, tenancyOf } from './tenancy.js';

export interface Request {
  /** `namespace/name`. */
  readonly service: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly families: Families;
  /**
   * At most two, of different families; empty: any. In the order in which they are written into status: that of their text,
   * on which MetalLB settles too (quirk Q-13), and on whose first the election depends.
   */
  readonly addresses: readonly Address[];
  /** Where the addresses were asked for; for reasons and issues. */
  readonly addressesFrom: Asked;
  readonly pool?: { readonly name: string; readonly from: Asked };
  readonly tenancy: Tenancy;
  readonly source?: Source;
}

interface Asked {
  /** `spec.loadBalancerIP` or `annotation metallb.io/loadBalancerIPs`. */
  readonly by: string;
  readonly path: string;
}

export function parseRequest(service: ServiceView): Parsed<Request> {
  const addresses = readRequestedAddresses(service);
  return addresses.ok ? requestFor(service, addresses.value, readRequestedPool(service)) : addresses;
}

/** What `service` asks for but for addresses and pool: which families, and how it would share. */
export const parsePlainRequest = (service: ServiceView): Parsed<Request> => requestFor(service, NO_ADDRESSES, undefined);

function requestFor(service: ServiceView, { list, from }: RequestedAddresses, pool: Request['pool']): Parsed<Request> {
  const families = familiesOf(service, list);
  if (!families.ok) return malformed(...families.issues.map((one) => at(service, one)));
  const { key, namespace, labels, source } = service;
  return parsed({
    service: key,
    namespace,
    labels,
    families: families.value,
    addresses: list,
    addressesFrom: from,
    tenancy: tenancyOf(service),
    ...(pool === undefined ? undefined : { pool }),
    ...(source === undefined ? undefined : { source }),
  });
}

/** Whether it asks for particular addresses, readable or not. */
export const requestsAddresses = (service: ServiceView): boolean =>
  (readAnnotation(service, 'loadBalancerIPs')?.value ?? '') !== '' || (service.loadBalancerIP ?? '') !== '';

/** Undefined: any. An empty annotation asks for nothing. */
export function readRequestedPool(service: ServiceView): Request['pool'] {
  const annotation = readAnnotation(service, 'address-pool');
  if (annotation === undefined || annotation.value === '') return undefined;
  return { name: annotation.value, from: byAnnotation(annotation) };
}

/** `issue` with the place of the Service, unless it has one. */
const at = ({ source }: ServiceView, one: Issue): Issue =>
  source === undefined || one.source !== undefined ? one : { ...one, source };

const byAnnotation = ({ key, path }: { readonly key: string; readonly path: string }): Asked => ({
  by: `annotation ${key}`,
  path,
});

interface RequestedAddresses {
  readonly list: readonly Address[];
  readonly from: Asked;
}

const FIELD: Asked = { by: 'spec.loadBalancerIP', path: 'spec.loadBalancerIP' };
const NO_ADDRESSES: RequestedAddresses = { list: [], from: FIELD };
const ASKS_FOR_NOTHING: Parsed<RequestedAddresses> = parsed(NO_ADDRESSES);

/** An empty annotation and an empty field ask for nothing. SERVICE_INVALID, at the Service, for what cannot be read. */
export function readRequestedAddresses(service: ServiceView): Parsed<RequestedAddresses> {
  const read = readAddresses(service);
  return read.ok ? read : malformed(...read.issues.map((one) => at(service, one)));
}

function readAddresses(service: ServiceView): Parsed<RequestedAddresses> {
  const annotation = readAnnotation(service, 'loadBalancerIPs');
  const field = service.loadBalancerIP ?? '';
  if (annotation === undefined || annotation.value === '') {
    return field === '' ? ASKS_FOR_NOTHING : readList([field], FIELD);
  }
  const asked = byAnnotation(annotation);
  if (field !== '') {
    const message = `a Service cannot have both ${asked.by} and spec.loadBalancerIP; keep the annotation`;
    return malformed(issue('SERVICE_INVALID', asked.path, message));
  }
  return readList(annotation.value.split(','), asked);
}

function readList(texts: readonly string[], from: Asked): Parsed<RequestedAddresses> {
  const wrong = (why: string): Parsed<never> => malformed(issue('SERVICE_INVALID', from.path, `invalid ${from.by}: ${why}`));
  const list: Address[] = [];
  for (const text of texts) {
    const read = parseAddress(text.trim());
    if (!read.ok) return wrong(read.issues[0]?.message ?? `"${text}"`);
    if (isIpv4Mapped(read.value)) return wrong(`"${text.trim()}" is an IPv4-mapped IPv6 address; write the IPv4 address instead`);
    list.push(read.value);
  }
  const [first, second] = list;
  if (list.length > 2) return wrong(`at most two addresses can be requested, one of each family, not ${list.length}`);
  if (first !== undefined && first.family === second?.family) {
    return wrong(`${formatAddress(first)} and ${formatAddress(second)} are of the same family; two must be one of each`);
  }
  return parsed({ list: list.sort((a, b) => (formatAddress(a) < formatAddress(b) ? -1 : 1)), from });
}
