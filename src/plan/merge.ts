/**
 * What is before a change and what will be after it, from three sets of objects: the tree it starts from, the tree it leads to,
 * and the state, which is what a cluster holds now.
 *
 * An object's spec and metadata are the tree's, its status the state's. One of the state that is in neither tree is live and
 * not git's: it counts before and after. One that only the old tree and the state have is deleted by the change.
 */
import { parseRequest } from '../allocator/request.js';
import { formatRef, identify } from '../api/identity.js';
import type { Sourced } from '../api/object.js';
import { type Objects, readObjects } from '../api/objects.js';
import { isRecord, type PlainObject } from '../api/value.js';
import type { ServiceView } from '../api/views.js';
import type { Issue, Parsed } from '../issue/issue.js';

export interface MergeInput {
  readonly before: readonly Sourced<unknown>[];
  readonly after: readonly Sourced<unknown>[];
  readonly state: readonly Sourced<unknown>[];
  /** Some of the new tree cannot be read at all: what it lacks is taken to be there as before, not to be deleted. */
  readonly incomplete?: boolean;
}

export interface Merged {
  readonly before: Objects;
  /** An object that cannot be read is what it was before. */
  readonly after: Objects;
  /** Whether the state has Services: those of a cluster. Else the trees are folders of agents. */
  readonly live: boolean;
  /** Errors of the old tree's objects; each is what it is in the state, if it is there. */
  readonly issuesBefore: readonly Issue[];
  /** What is wrong with the new tree's objects. A request that cannot be read is wrong in a folder, whose agents don't take it. */
  readonly issues: readonly Issue[];
}

export function merge({ before, after: written, state, incomplete = false }: MergeInput): Merged {
  const [was, willBe, live] = [byKey(before), byKey(written), byKey(state)];
  const isLive = [...live.keys()].some((key) => key.startsWith('Service '));
  const after = incomplete ? [...written, ...lacking(willBe, was)] : written;
  // What the old tree lacks is live all the same: the change may take it into git.
  const [unknownToOld, unknownToBoth] = [lacking(was, live), lacking(was, new Map(lacking(willBe, live).map(keyed)))];
  // What neither tree changes is completed and read once.
  const [completed, known] = [new Map<unknown, unknown>(), new Map<object, Parsed<ServiceView>>()];
  const together = (tree: readonly Sourced<unknown>[], others = unknownToBoth): ReturnType<typeof readObjects> =>
    readObjects([...withState(tree, live, completed), ...others], known);
  const read = together(after);
  const refused = isLive ? [] : read.objects.services.flatMap(requestIssues);
  const issues = [...read.issues, ...refused];
  const old = together(before, unknownToOld);
  const broken = {
    was: new Set(brokenKeys(old.issues, before)),
    willBe: new Set([...brokenKeys(issues, after), ...refused.flatMap(keyOfIssue)]),
  };
  return {
    before: broken.was.size === 0 ? old.objects : together(mended(before, broken.was, [live]), unknownToOld).objects,
    issuesBefore: old.issues.filter(({ severity }) => severity === 'error'),
    after: broken.willBe.size === 0 ? read.objects : together(mended(after, broken.willBe, [was, live])).objects,
    live: isLive,
    issues,
  };
}

/** Those of `from` that are not in `has`. */
const lacking = (
  has: ReadonlyMap<string, Sourced<unknown>>,
  from: ReadonlyMap<string, Sourced<unknown>>,
): readonly Sourced<unknown>[] => [...from].filter(([key]) => !has.has(key)).map(([, one]) => one);

const keyed = (one: Sourced<unknown>): readonly [string, Sourced<unknown>] => [keyOf(one) ?? '', one];

/** `objects`, with the first version that `earlier` has in place of each that is broken. */
function mended(
  objects: readonly Sourced<unknown>[],
  broken: ReadonlySet<string>,
  earlier: readonly ReadonlyMap<string, Sourced<unknown>>[],
): readonly Sourced<unknown>[] {
  const sound = objects.filter((one) => !broken.has(keyOf(one) ?? ''));
  const kept = [...broken].flatMap((key) => earlier.find((versions) => versions.has(key))?.get(key) ?? []);
  return [...sound, ...kept];
}

const keyOfIssue = ({ object }: Issue): readonly string[] => (object === undefined ? [] : [formatRef(object)]);

function requestIssues(service: ServiceView): Issue[] {
  const request = service.type === 'LoadBalancer' ? parseRequest(service) : undefined;
  const object = { kind: 'Service', namespace: service.namespace, name: service.name };
  return request === undefined || request.ok ? [] : request.issues.map((one) => ({ ...one, object }));
}

function keyOf({ object }: Sourced<unknown>): string | undefined {
  if (!isRecord(object)) return undefined;
  const known = KEYS.get(object);
  if (known !== undefined) return known;
  const identity = identify(object);
  if (!('reads' in identity)) return undefined;
  KEYS.set(object, identity.key);
  return identity.key;
}

/** An object is asked for its key half a dozen times. */
const KEYS = new WeakMap<object, string>();

/** The first of each, as everywhere. */
function byKey(objects: readonly Sourced<unknown>[]): ReadonlyMap<string, Sourced<unknown>> {
  const known = new Map<string, Sourced<unknown>>();
  for (const one of objects) {
    const key = keyOf(one);
    if (key !== undefined && !known.has(key)) known.set(key, one);
  }
  return known;
}

/** Objects that no API server would take in this form, found one by one when there are any. */
function brokenKeys(issues: readonly Issue[], objects: readonly Sourced<unknown>[]): readonly string[] {
  if (issues.every(({ severity }) => severity !== 'error')) return [];
  return objects.flatMap((one) => {
    const key = keyOf(one);
    const isBroken = readObjects([one]).issues.some(({ severity }) => severity === 'error');
    return key !== undefined && isBroken ? [key] : [];
  });
}

/** `completed` remembers by the raw object, so that what stands in both trees becomes one object. */
function withState(
  objects: readonly Sourced<unknown>[],
  live: ReadonlyMap<string, Sourced<unknown>>,
  completed: Map<unknown, unknown>,
): Sourced<unknown>[] {
  return objects.map((one) => {
    const known = completed.get(one.object);
    const object = known ?? complete(one.object, live.get(keyOf(one) ?? '')?.object);
    completed.set(one.object, object);
    return object === one.object ? one : { object, locate: one.locate };
  });
}

/**
 * `object` with the status of `live`, and what an API server fills into a Service by itself. A Service that is not live has
 * no address yet, whatever its file says; a Node in a folder has the conditions that are written there.
 */
function complete(object: unknown, live: unknown): unknown {
  if (!isRecord(object) || (!isRecord(live) && object['kind'] !== 'Service')) return object;
  const whole: Record<string, unknown> = { ...object };
  delete whole['status'];
  if (!isRecord(live)) return whole;
  if (live['status'] !== undefined) whole['status'] = live['status'];
  if (object['kind'] !== 'Service') return whole;
  const { creationTimestamp } = asRecord(live['metadata']);
  if (creationTimestamp !== undefined) whole['metadata'] = { ...asRecord(object['metadata']), creationTimestamp };
  whole['spec'] = withAssigned(asRecord(object['spec']), asRecord(live['spec']));
  return whole;
}

/** Fields of a Service's spec that the API server assigns when an author says nothing, in the order they depend on each other. */
const ASSIGNED = ['ipFamilyPolicy', 'ipFamilies', 'clusterIPs', 'clusterIP'] as const;

/**
 * Nothing is taken over from the first field on that the author changes: an API server would assign what follows anew, and
 * what that will be nobody knows. But a Service that is no longer dual stack keeps its first cluster IP.
 */
function withAssigned(spec: PlainObject, live: PlainObject): PlainObject {
  const complete: Record<string, unknown> = { ...spec };
  const isHalved = spec['ipFamilyPolicy'] === 'SingleStack' && live['ipFamilyPolicy'] !== 'SingleStack';
  for (const field of ASSIGNED) {
    if (isHalved && field === 'ipFamilyPolicy') continue;
    const asked = spec[field];
    const has = isHalved ? firstOf(live[field]) : live[field];
    if (asked !== undefined && has !== undefined && JSON.stringify(asked) !== JSON.stringify(has)) break;
    if (asked === undefined && has !== undefined) complete[field] = has;
  }
  return complete;
}

const firstOf = (value: unknown): unknown => (Array.isArray(value) ? value.slice(0, 1) : value);

const asRecord = (value: unknown): PlainObject => (isRecord(value) ? value : {});
