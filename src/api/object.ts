/**
 * A Kubernetes object as it was read, before anything is known about it but its kind, and where it was written.
 */
import type { ObjectRef, Source } from '../issue/issue.js';

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Counts changes of the spec. An API server writes it. */
  readonly generation?: number;
}

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** An object and its place. `locate` takes an issue's path (`spec.addresses[1]`) and gives the nearest place that exists. */
export interface Sourced<T = KubeObject> {
  readonly object: T;
  readonly locate: (path: string) => Source | undefined;
}

/** The namespace that our own kinds live in. */
export const METALLB_NAMESPACE = 'metallb-system';

/** The name of an object of ours: one that names no namespace is taken to be in {@link METALLB_NAMESPACE}. */
export const refOf = ({ kind, metadata: { namespace = METALLB_NAMESPACE, name } }: KubeObject): ObjectRef => ({
  kind,
  namespace,
  name,
});
