/**
 * A kind of ours: everything that its CRD and its validator are made from. All are namespaced, and there is one version.
 */
import { OBJECT_META } from './metadata.js';
import type { Schema } from './schema.js';

export const GROUP = 'metallb.io';
export const VERSION = 'v1beta1';
export const API_VERSION = 'metallb.io/v1beta1';

export interface CustomKind {
  readonly kind: string;
  readonly plural: string;
  readonly description: string;
  readonly spec?: Schema;
  readonly specRequired: boolean;
  readonly status: Schema;
  /** What `kubectl get` shows beside the name. */
  readonly columns: readonly PrinterColumn[];
}

export interface PrinterColumn {
  readonly name: string;
  readonly type: 'boolean' | 'string' | 'date';
  readonly jsonPath: string;
  /** Above 0: shown with `-o wide` only. */
  readonly priority?: number;
}

/** The schema of a whole object as an author writes it. Its status is output, never input: nothing is asked of it. */
export function manifestSchema({ spec, specRequired }: CustomKind): Schema {
  return {
    type: 'object',
    required: ['apiVersion', 'kind', 'metadata', ...(specRequired ? ['spec'] : [])],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: OBJECT_META,
      ...(spec === undefined ? {} : { spec }),
      status: { type: 'object' },
    },
  };
}
