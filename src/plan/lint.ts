/**
 * Every mistake in a set of objects, and every oddity, in the order of the files they stand in.
 *
 * One mistake hides no other: objects that are wrong are still held against the rest as far as they can be read. What follows
 * from an object's absence is told only when nothing is missing, for it may be in the file that could not be read.
 */
import { allocateAll } from '../allocator/allocateall.js';
import type { Outcome } from '../allocator/allocation.js';
import { EMPTY_LOCK, type Lock } from '../allocator/lock.js';
import { parseRequest } from '../allocator/request.js';
import { formatRef, identify } from '../api/identity.js';
import { withImplied } from '../api/namespace.js';
import type { Sourced } from '../api/object.js';
import type { Objects } from '../api/objects.js';
import { mistypedFields } from '../api/servicefields.js';
import type { ServiceView } from '../api/views.js';
import { compileConfig } from '../config/compile.js';
import type { Config } from '../config/config.js';
import type { Issue, ObjectRef } from '../issue/issue.js';
import { check } from './check.js';

/** Everything that was written somewhere, as it was read. */
export interface Written {
  readonly objects: Objects;
  /** What can be read of the objects that are left out: to look for more mistakes in, and for nothing else. */
  readonly salvaged: Objects;
  /** Undefined: there is no lock file, and nobody is told to have one. Of one that is wrong, its entries bind nobody. */
  readonly lock: Lock | undefined;
  /** Of reading, by file, in the order they were read in. */
  readonly issues: readonly Issue[];
  /** Raw objects, lists taken apart: also those of kinds that Objects does not hold. */
  readonly sourced: readonly Sourced<unknown>[];
  /** The files, in the order they were read in, by the names they have in issues. */
  readonly files: readonly string[];
}

export interface LintInput extends Written {
  readonly loadBalancerClass?: string;
}

export interface Linted {
  readonly issues: readonly Issue[];
  /** How many objects were looked at. */
  readonly objects: number;
}

export function lint(input: LintInput): Linted {
  const objects = united(input.objects, input.salvaged);
  const compiled = compileConfig(objects);
  const isWhole = !input.issues.some(({ code }) => HIDES_OBJECTS.has(code));
  const found = compiled.issues
    .filter(({ severity }) => isWhole || severity === 'error')
    .filter((one) => !input.issues.some((known) => isInside(one, known)));
  const rest =
    compiled.config === undefined || !isWhole
      ? requestIssues(objects.services, input.loadBalancerClass)
      : together(compiled.config, objects, input);
  const { places, count } = placesOf(input.sourced);
  const mistyped = [...places.values()].flatMap(mistypedIn);
  const issues = [...input.issues, ...mistyped, ...found, ...rest].map((one) => exactly(one, places));
  return { issues: inFileOrder(issues, input.files), objects: count };
}

const HIDES_OBJECTS: ReadonlySet<string> = new Set([
  'FILE_UNREADABLE',
  'YAML_MALFORMED',
  'NOT_AN_OBJECT',
  'API_VERSION_UNKNOWN',
  'LOCK_MALFORMED',
]);

function united(a: Objects, b: Objects): Objects {
  const services = [...a.services, ...b.services];
  return {
    pools: [...a.pools, ...b.pools],
    advertisements: [...a.advertisements, ...b.advertisements],
    services,
    nodes: [...a.nodes, ...b.nodes],
    namespaces: withImplied([...a.namespaces, ...b.namespaces], services),
    endpointSlices: [...a.endpointSlices, ...b.endpointSlices],
    serviceCIDRs: [...a.serviceCIDRs, ...b.serviceCIDRs],
  };
}

/** Whether `one` is about a place that `known` is about, or about something in it. */
export const isInside = (one: Issue, known: Issue): boolean =>
  one.object !== undefined &&
  known.object !== undefined &&
  formatRef(one.object) === formatRef(known.object) &&
  (one.path === known.path || (one.path.startsWith(known.path) && /^[.[]/.test(one.path.slice(known.path.length))));

/** What Services ask for, held against nothing. */
function requestIssues(services: readonly ServiceView[], loadBalancerClass: string | undefined): Issue[] {
  return services
    .filter((service) => service.type === 'LoadBalancer' && service.loadBalancerClass === loadBalancerClass)
    .flatMap((service) => {
      const request = parseRequest(service);
      return request.ok ? [] : request.issues.map((one) => ({ ...one, object: serviceRef(service.key) }));
    });
}

function together(config: Config, objects: Objects, { lock, loadBalancerClass }: LintInput): Issue[] {
  const ours = loadBalancerClass === undefined ? {} : { loadBalancerClass };
  // Where no pool is known, pools are kept elsewhere: that a request cannot be met says nothing.
  if (objects.pools.length === 0) {
    const found = check({ objects, config, outcomes: new Map(), ...ours });
    return [...requestIssues(objects.services, loadBalancerClass), ...found.map(({ issue }) => issue)];
  }
  const outcomes = allocateAll(config, objects.services, lock ?? EMPTY_LOCK, ours);
  const ofServices = [...outcomes].flatMap(([key, outcome]) =>
    issuesOf(outcome)
      .filter(({ code }) => code !== 'NOT_LOCKED' || lock !== undefined)
      .map((one) => ({ ...one, object: serviceRef(key) })),
  );
  return [...ofServices, ...check({ objects, config, outcomes, ...ours }).map(({ issue }) => issue)];
}

function issuesOf(outcome: Outcome): readonly Issue[] {
  if ('allocated' in outcome) return outcome.warnings;
  return 'pending' in outcome ? outcome.pending : [];
}

function serviceRef(key: string): ObjectRef {
  const [namespace = '', name = ''] = key.split('/');
  return { kind: 'Service', namespace, name };
}

/** Where every object that is of use stands, by its name; and how many there are, those without a name among them. */
function placesOf(sourced: readonly Sourced<unknown>[]): {
  readonly places: ReadonlyMap<string, Sourced<unknown>>;
  readonly count: number;
} {
  const places = new Map<string, Sourced<unknown>>();
  let count = 0;
  for (const one of sourced) {
    const identity = identify(one.object);
    if ('ignored' in identity && identity.ignored === 'of-no-use') continue;
    count++;
    if ('reads' in identity && !places.has(identity.key)) places.set(identity.key, one);
  }
  return { places, count };
}

/** An API server drops unknown fields of a Service, and so does whoever reads them; the object as it is written has them. */
function mistypedIn({ object, locate }: Sourced<unknown>): Issue[] {
  const identity = identify(object);
  if (!('reads' in identity) || identity.reads !== 'Service') return [];
  return mistypedFields(identity.object).map((one) => {
    const source = locate(one.path);
    return { ...one, object: identity.ref, ...(source === undefined ? {} : { source }) };
  });
}

/** What is decided about a Service knows the Service's place only; its object knows that of the path. */
function exactly(one: Issue, places: ReadonlyMap<string, Sourced<unknown>>): Issue {
  if (one.object?.kind !== 'Service' || one.path === '') return one;
  const source = places.get(formatRef(one.object))?.locate(one.path);
  return source === undefined || one.source?.file !== source.file ? one : { ...one, source };
}

/** Issues without a place come first. */
function inFileOrder(issues: readonly Issue[], files: readonly string[]): Issue[] {
  const order = new Map(files.map((file, i) => [file, i]));
  const rank = ({ source }: Issue): number => (source === undefined ? -1 : (order.get(source.file) ?? files.length));
  return [...issues].sort(
    (a, b) =>
      rank(a) - rank(b) || (a.source?.line ?? 0) - (b.source?.line ?? 0) || (a.source?.column ?? 0) - (b.source?.column ?? 0),
  );
}
