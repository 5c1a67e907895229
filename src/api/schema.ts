/**
 * The JSON Schema that a kind is written in: plain data, `as const`, and at the same time a structural schema that an API
 * server accepts (KEP-1979 and its successor, apiextensions.k8s.io/v1). One constant gives the static type (`Static`), the
 * validator (validate.ts) and the CRD (crd.ts).
 *
 * An object either lists its `properties`, and then has no others, or is a map with `additionalProperties`; never both. One
 * with neither may hold anything.
 *
 * A constant inside another is written `NAME as typeof NAME`: declarations are emitted file by file, and that says its type
 * without looking at the other file.
 */
import type { XStatic } from 'typebox/schema';

export interface Schema {
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly format?: 'int32' | 'int64' | 'date-time';
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema;
  readonly 'x-kubernetes-map-type'?: 'atomic';
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string; readonly message: string }[];
}

/** The values that `S` accepts. */
export type Static<S> = DeepReadonly<XStatic<S>>;

type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;
