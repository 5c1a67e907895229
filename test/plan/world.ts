/** Trees for tests of `plan`: objects as a person would write them, and plans as short text. */
import { parseLock } from '../../src/allocator/lock.js';
import type { Sourced } from '../../src/api/object.js';
import { formatAddress } from '../../src/net/address.js';
import type { AnnouncementChange } from '../../src/plan/announcementchange.js';
import { merge } from '../../src/plan/merge.js';
import { ownersIn } from '../../src/plan/owners.js';
import { type Plan, plan } from '../../src/plan/plan.js';
import { type Rehearsal, rehearse } from '../../src/plan/rehearsal.js';
import type { ServiceChange } from '../../src/plan/servicechange.js';
import { sourced } from '../config/objects.js';

type Fields = Readonly<Record<string, unknown>>;
export type Tree = readonly Fields[];

export const pool = (name: string, addresses: readonly string[], spec: Fields = {}, labels: Fields = {}): Fields => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { name, namespace: 'metallb-system', labels },
  spec: { addresses, ...spec },
});

export const advertisement = (name: string, spec: Fields = {}): Fields => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'L2Advertisement',
  metadata: { name, namespace: 'metallb-system' },
  spec,
});

export const node = (name: string, { labels = {}, spec = {} }: { labels?: Fields; spec?: Fields } = {}): Fields => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels },
  spec,
});

export const service = (
  name: string,
  { annotations = {}, labels = {}, ...spec }: { annotations?: Fields; labels?: Fields } & Fields = {},
): Fields => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default', annotations, labels },
  spec: { type: 'LoadBalancer', ports: [{ port: 80 }], selector: { app: name }, ...spec },
});

/** `one` as a cluster holds it, with addresses. */
export const live = (one: Fields, ...addresses: readonly string[]): Fields => ({
  ...one,
  status: { loadBalancer: { ingress: addresses.map((ip) => ({ ip })) } },
});

/** Endpoints that can serve, one on each of `nodes`. */
export const slice = (name: string, ...nodes: readonly string[]): Fields => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: `${name}-1`, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
  endpoints: nodes.map((nodeName) => ({ nodeName, addresses: ['10.1.0.1'] })),
});

export const l2Status = (name: string, answering: string): Fields => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'ServiceL2Status',
  metadata: { name: `l2-${name}-${answering}`, namespace: 'metallb-system' },
  status: { node: answering, serviceName: name, serviceNamespace: 'default' },
});

export interface Question extends Partial<Rehearsal> {
  readonly before: Tree;
  readonly after: Tree;
  readonly state?: Tree;
  /** Service → address, for both sides. */
  readonly lock?: Readonly<Record<string, string>>;
  /** Where the old tree's lock is another. */
  readonly lockBefore?: Readonly<Record<string, string>>;
  readonly loadBalancerClass?: string;
  readonly spread?: boolean;
}

const named = (tree: Tree, file: string): Sourced<unknown>[] => tree.map((object) => sourced(object, file));

export function ask({ before, after, state = [], lock, withoutNodes = [], cordoned = [], ...rest }: Question): Plan {
  const { lockBefore = lock, loadBalancerClass, spread = false } = rest;
  const merged = merge({ before: named(before, 'old'), after: named(after, 'new'), state: named(state, 'state') });
  const locks = {
    ...(lockBefore === undefined ? {} : { lockBefore: lockOf(lockBefore) }),
    ...(lock === undefined ? {} : { lockAfter: lockOf(lock) }),
  };
  return plan({
    before: merged.before,
    after: rehearse(merged.after, { withoutNodes, cordoned }),
    live: merged.live,
    owners: ownersIn(named(state, 'state')),
    spread,
    ...locks,
    ...(loadBalancerClass === undefined ? {} : { loadBalancerClass }),
  });
}

function lockOf(entries: Readonly<Record<string, string>>) {
  const services = Object.fromEntries(Object.entries(entries).map(([name, address]) => [name, { addresses: [address] }]));
  const object = { apiVersion: 'arpeggio.dev/v1alpha1', kind: 'AddressLock', services };
  const read = parseLock(sourced<unknown>(object, 'addresses.lock.yaml'));
  if (!read.ok) throw new Error(read.issues[0]?.message);
  return read.value;
}

const side = (one: ServiceChange['before']): string =>
  one === undefined ? '-' : `${one.addresses.map(formatAddress).join(',')} ${one.pool}`.trim();

/** `moved web: 10.0.0.1 a -> 10.0.1.1 b (GENERAL_POOL)`. */
export const serviceLine = ({ service: name, change, before, after, reason }: ServiceChange): string =>
  `${change} ${name.replace('default/', '')}: ${side(before)} -> ${side(after)} (${reason.code})`;

/** `moves 10.0.0.1: n1,n2 -> n2 (NODE_GONE)`. */
export const announcementLine = ({ address, change, before, after, owner, reason }: AnnouncementChange): string =>
  `${change} ${address}: ${before.join()} -> ${after.join()}${owner === undefined ? '' : ` [${owner}]`} (${reason.code})`;
