/**
 * Raw objects of any kind, sorted into those we read, in the order they came in. One that cannot be read is left out, and
 * issues say why; kinds we have no use for pass without a word. Of the same object in two places the first is kept.
 */
import { type Issue, issue, malformed, type ObjectRef, type Parsed, type Source } from '../issue/issue.js';
import { bgpFields } from './bgpfields.js';
import { ENDPOINT_SLICE, readEndpointSlice } from './endpointslice.js';
import { formatRef, identify, type ReadKind } from './identity.js';
import type { IPAddressPool } from './ipaddresspool.js';
import type { L2Advertisement } from './l2advertisement.js';
import { unfold } from './list.js';
import { ADVERTISEMENT_SCHEMA, POOL_SCHEMA, readIPAddressPool, readL2Advertisement } from './manifest.js';
import { NAMESPACE, readNamespace } from './namespace.js';
import { NODE, readNode } from './node.js';
import type { Sourced } from './object.js';
import { salvage } from './salvage.js';
import type { Schema } from './schema.js';
import { readService, SERVICE } from './service.js';
import { readServiceCIDR, SERVICE_CIDR } from './servicecidr.js';
import { isRecord, type PlainObject } from './value.js';
import type { EndpointSliceView, NamespaceView, NodeView, ServiceCIDRView, ServiceView } from './views.js';

export interface Objects {
  readonly pools: readonly Sourced<IPAddressPool>[];
  readonly advertisements: readonly Sourced<L2Advertisement>[];
  readonly services: readonly ServiceView[];
  readonly nodes: readonly NodeView[];
  readonly namespaces: readonly NamespaceView[];
  readonly endpointSlices: readonly EndpointSliceView[];
  readonly serviceCIDRs: readonly ServiceCIDRView[];
}

export interface ReadObjects {
  readonly objects: Objects;
  /** What can be read of the objects that are left out: to look for more mistakes in, and for nothing else. */
  readonly salvaged: Objects;
  /** In the order of the objects; the warnings about what is ignored come last. */
  readonly issues: readonly Issue[];
}

/**
 * What Services were read as, by the raw object: for whoever reads nearly the same objects again. A Service is then where it
 * stood the first time.
 */
export interface KnownServices {
  get(object: object): Parsed<ServiceView> | undefined;
  set(object: object, read: Parsed<ServiceView>): unknown;
}

/** BGP_IGNORED, LEGACY_IGNORED, NOT_AN_OBJECT, DUPLICATE_OBJECT, API_VERSION_UNKNOWN, and what the reader of each kind finds. */
export function readObjects(sourced: Iterable<Sourced<unknown>>, known: KnownServices = new WeakMap()): ReadObjects {
  const found = newFindings();
  const rest = newFindings();
  const issues: Issue[] = [];
  const seen = new Map<string, Sourced<unknown>>();
  const ignored: Record<'bgp' | 'legacy', Ignored[]> = { bgp: [], legacy: [] };
  for (const item of unfold(sourced)) {
    const service = knownService(item, known);
    const key = service === undefined ? '' : formatRef({ kind: 'Service', ...service });
    if (service !== undefined && !seen.has(key)) {
      seen.set(key, item);
      found.services.push(service);
      continue;
    }
    const identity = identify(item.object);
    if ('wrong' in identity) {
      issues.push(placed(identity.wrong, item));
    } else if ('reads' in identity) {
      const before = seen.get(identity.key);
      if (before === undefined) seen.set(identity.key, item);
      // Of our own kinds both are kept: two pools of one name make the whole configuration wrong, and the last good one stays.
      const isOurs = identity.reads === 'IPAddressPool' || identity.reads === 'L2Advertisement';
      const result =
        before === undefined || isOurs
          ? keep(identity.reads, identity.object, item, found, known)
          : repeated(identity.key, before, item);
      if (!result.ok) {
        issues.push(...result.issues.map((one) => placed(one, item, identity.ref)));
        if (before === undefined) keepRest(identity.reads, identity.object, item, rest);
      }
      for (const path of bgpFields(identity.reads, identity.object)) {
        ignored.bgp.push({ key: `${path} of ${identity.key}`, path, item });
      }
    } else if (identity.ignored !== 'of-no-use') {
      ignored[identity.ignored].push({ key: identity.key, path: '', item });
    }
  }
  return { objects: found, salvaged: rest, issues: [...issues, ...bgpIgnored(ignored.bgp), ...legacyIgnored(ignored.legacy)] };
}

const SCHEMAS: Readonly<Record<ReadKind, Schema>> = {
  IPAddressPool: POOL_SCHEMA,
  L2Advertisement: ADVERTISEMENT_SCHEMA,
  Service: SERVICE,
  Node: NODE,
  Namespace: NAMESPACE,
  EndpointSlice: ENDPOINT_SLICE,
  ServiceCIDR: SERVICE_CIDR,
};

/** Adds what can be read of a bad object to `rest`. A pool may be left without what every pool must have. */
function keepRest(kind: ReadKind, object: PlainObject, item: Sourced<unknown>, rest: Findings): void {
  const what = salvage(SCHEMAS[kind], object);
  const { locate } = item;
  if (kind === 'IPAddressPool') rest.pools.push({ object: what as IPAddressPool, locate });
  else if (kind === 'L2Advertisement') rest.advertisements.push({ object: what as L2Advertisement, locate });
  else if (isRecord(what)) keep(kind, what, item, rest, new WeakMap());
}

type Findings = { readonly [Field in keyof Objects]: Objects[Field][number][] };

const newFindings = (): Findings => ({
  pools: [],
  advertisements: [],
  services: [],
  nodes: [],
  namespaces: [],
  endpointSlices: [],
  serviceCIDRs: [],
});

/** Reads `object` and adds it to `found`, if it is good. */
function keep(
  kind: ReadKind,
  object: PlainObject,
  item: Sourced<unknown>,
  found: Findings,
  known: KnownServices,
): Parsed<unknown> {
  switch (kind) {
    case 'IPAddressPool':
      return added(found.pools, readIPAddressPool(object), (pool) => ({ object: pool, locate: item.locate }));
    case 'L2Advertisement':
      return added(found.advertisements, readL2Advertisement(object), (one) => ({
        object: one,
        locate: item.locate,
      }));
    case 'Service':
      return added(found.services, readServiceOnce(object, item, known), (service) => service);
    case 'Node':
      return added(found.nodes, readNode(object), (node) => node);
    case 'Namespace':
      return added(found.namespaces, readNamespace(object), (namespace) => namespace);
    case 'EndpointSlice':
      return added(found.endpointSlices, readEndpointSlice(object), (slice) => slice);
    case 'ServiceCIDR':
      return added(found.serviceCIDRs, readServiceCIDR(object), (one) => one);
  }
}

/** Of a good Service that was read before nothing need be looked at again. */
function knownService({ object }: Sourced<unknown>, known: KnownServices): ServiceView | undefined {
  const read = isRecord(object) ? known.get(object) : undefined;
  return read?.ok === true ? read.value : undefined;
}

function readServiceOnce(object: PlainObject, item: Sourced<unknown>, known: KnownServices): Parsed<ServiceView> {
  const before = known.get(object);
  if (before !== undefined) return before;
  const read = readService(object, item.locate(''));
  known.set(object, read);
  return read;
}

function added<From, To>(to: To[], result: Parsed<From>, convert: (value: From) => To | undefined): Parsed<From> {
  const value = result.ok ? convert(result.value) : undefined;
  if (value !== undefined) to.push(value);
  return result;
}

function placed(what: Issue, item: Sourced<unknown>, object?: ObjectRef): Issue {
  const source = item.locate(what.path);
  return { ...what, ...(source === undefined ? {} : { source }), ...(object === undefined ? {} : { object }) };
}

function repeated(key: string, before: Sourced<unknown>, again: Sourced<unknown>): Parsed<never> {
  const path = 'metadata.name';
  const places = [before, again].map((item) => formatPlace(item.locate(path)));
  const message = `${key} is defined twice${places.includes('') ? '' : `, at ${places.join(' and at ')}`}; the first is kept`;
  return malformed(issue('DUPLICATE_OBJECT', path, message));
}

const formatPlace = (source: Source | undefined): string =>
  [source?.file, source?.line].filter((part) => part !== undefined).join(':');

interface Ignored {
  readonly key: string;
  readonly path: string;
  readonly item: Sourced<unknown>;
}

const namesOf = (ignored: readonly Ignored[]): string => ignored.map(({ key }) => key).join(', ');

function bgpIgnored(ignored: readonly Ignored[]): Issue[] {
  const [first] = ignored;
  if (first === undefined) return [];
  const message = `this is a Layer 2 load balancer, which ignores ${namesOf(ignored)}`;
  return [placed(issue('BGP_IGNORED', first.path, message), first.item)];
}

function legacyIgnored(ignored: readonly Ignored[]): Issue[] {
  const [first] = ignored;
  if (first === undefined) return [];
  const instead = 'write each pool as an IPAddressPool with the same addresses, and an L2Advertisement that names it';
  const message = `MetalLB reads ${namesOf(ignored)} no more since 0.13, nor does anything else; ${instead}, and delete this`;
  return [placed(issue('LEGACY_IGNORED', '', message), first.item)];
}
