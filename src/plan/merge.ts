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
import type { Issue } from '../issue/issue.js';

export interface MergeInput {
  readonly before: readonly Sourced<unknown>[];
  readonly after: readonly Sourced<unknown>[];
  readonly state: readonly Sourced<unknown>[];
}

export interface Merged {
  readonly before: Objects;
  /** An object that cannot be read is what it was before. */
  readonly after: Objects;
  /** Whether the state has Services: those of a cluster. Else the trees are folders of agents. */
  readonly live: boolean;
  /** What is wrong with the new tree's objects. A request that cannot be read is wrong in a folder, whose agents don't take it. */
  readonly issues: readonly Issue[];
}

export function merge({ before, after, state }: MergeInput): Merged {
  const [was, willBe, live] = [byKey(before), byKey(after), byKey(state)];
  const isLive = [...live.keys()].some((key) => key.startsWith('Service '));
  const onlyLive = [...live].filter(([key]) => !was.has(key) && !willBe.has(key)).map(([, one]) => one);
  // What neither tree changes is completed and read once.
  const [completed, known] = [new Map<unknown, unknown>(), new WeakMap()];
  const together = (tree: readonly Sourced<unknown>[]): ReturnType<typeof readObjects> =>
    readObjects([...withState(tree, live, completed), ...onlyLive], known);
  const read = together(after);
  const refused = isLive ? [] : read.objects.services.flatMap(requestIssues);
  const issues = [...read.issues, ...refused];
  const broken = new Set([...brokenKeys(issues, after), ...refused.flatMap(keyOfIssue)]);
  return {
    before: together(before).objects,
    after: broken.size === 0 ? read.objects : together(mended(after, broken, [was, live])).objects,
    live: isLive,
    issues,
  };
}

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
  const identity = identify(object);
  return 'reads' in identity ? identity.key : undefined;
}

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
    return { object, locate: (path) => one.locate(path) };
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
 * what that will be nobody knows.
 */
function withAssigned(spec: PlainObject, live: PlainObject): PlainObject {
  const complete: Record<string, unknown> = { ...spec };
  for (const field of ASSIGNED) {
    const [asked, has] = [spec[field], live[field]];
    if (asked !== undefined && has !== undefined && JSON.stringify(asked) !== JSON.stringify(has)) break;
    if (asked === undefined && has !== undefined) complete[field] = has;
  }
  return complete;
}

const asRecord = (value: unknown): PlainObject => (isRecord(value) ? value : {});
