/**
 * A Kubernetes object as it was read, before anything is known about it but its kind, and where it was written.
 */
import type { Source } from '../issue/issue.js';

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
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
  locate(path: string): Source | undefined;
}

/** The namespace that our own kinds live in. */
export const METALLB_NAMESPACE = 'metallb-system';
