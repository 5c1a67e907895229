/**
 * What is kept of an object of a cluster: what decisions read of it, and what its status shows of what was decided.
 */
import { API_VERSION } from '../../src/api/kind.js';
import { ADVERTISEMENT_SCHEMA, POOL_SCHEMA } from '../../src/api/manifest.js';
import { pruned } from '../../src/api/prune.js';
import type { Schema } from '../../src/api/schema.js';
import { validate } from '../../src/api/validate.js';
import { isRecord, type PlainObject } from '../../src/api/value.js';
import type { ServiceView } from '../../src/api/views.js';
import type { Issue } from '../../src/issue/issue.js';
import { type ShownObject, shownObject } from '../../src/kube/objectstatus.js';
import { POOL_ANNOTATION, type ShownService } from '../../src/kube/servicestatus.js';

/** A Service: what decisions read, and what it shows of what was decided. */
export interface KnownService {
  readonly view: ServiceView;
  readonly shown: ShownService;
}

/** An object of our own kinds. */
export interface KnownObject {
  /** As an author wrote it; no status. */
  readonly written: PlainObject;
  /** Equal for equal ones. */
  readonly text: string;
  readonly shown: ShownObject;
  /** Fields that this program does not know. */
  readonly unknown: readonly Issue[];
}

type OwnKind = 'IPAddressPool' | 'L2Advertisement';
const SCHEMAS: Readonly<Record<OwnKind, Schema>> = { IPAddressPool: POOL_SCHEMA, L2Advertisement: ADVERTISEMENT_SCHEMA };

/** Without what the API server adds, and what tools keep there. All are in one namespace, whatever it is called. */
export function writtenObject(kind: OwnKind, object: PlainObject): KnownObject {
  const { name, labels, generation } = isRecord(object['metadata']) ? object['metadata'] : {};
  const metadata = { name, ...(isRecord(labels) ? { labels } : {}), ...(typeof generation === 'number' ? { generation } : {}) };
  const whole = { apiVersion: API_VERSION, kind, metadata, ...('spec' in object ? { spec: object['spec'] } : {}) };
  const written = pruned(SCHEMAS[kind], whole) as PlainObject;
  const unknown = validate(SCHEMAS[kind], whole).filter(({ code }) => code === 'UNKNOWN_FIELD');
  return { written, text: JSON.stringify([written, unknown]), shown: shownObject(object), unknown };
}

/** Annotations are the largest part of many objects, and nobody here reads those of others. */
export function withOurAnnotations(object: PlainObject): PlainObject {
  const { metadata } = object;
  if (!isRecord(metadata) || !isRecord(metadata['annotations'])) return object;
  const { annotations, ...rest } = metadata;
  const ours = Object.entries(annotations as PlainObject).filter(([key]) => key.startsWith('metallb.'));
  return { ...object, metadata: ours.length === 0 ? rest : { ...rest, annotations: Object.fromEntries(ours) } };
}

/**
 * `after`, which was only just read, with each part that is as it was in `before` taken from there. Parts that are replaced have grown old, and
 * are collected late: of ten thousand Services that are each written once that would be half of what is known of them.
 */
export function sharing<T extends object>(before: T, after: T): T {
  for (const [name, was] of Object.entries(before)) {
    const is: unknown = Reflect.get(after, name);
    const isSame = is === was || (typeof is === 'object' && JSON.stringify(is) === JSON.stringify(was));
    if (isSame && was !== undefined) Reflect.set(after, name, was);
  }
  return after;
}

/** But for what a controller writes itself. */
export function sameView(a: ServiceView, b: ServiceView): boolean {
  const { ingress: _, annotations: from, ...rest } = a;
  const { ingress: __, annotations: to, ...others } = b;
  return JSON.stringify([rest, people(from)]) === JSON.stringify([others, people(to)]);
}

const people = (annotations: ServiceView['annotations']): unknown =>
  Object.entries(annotations).filter(([key]) => key !== POOL_ANNOTATION);
