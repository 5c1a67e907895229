/**
 * The CustomResourceDefinition of a kind (apiextensions.k8s.io/v1). The schema goes in as it is: nothing is translated, so
 * what the API server enforces is what our validator enforces.
 */
import { type CustomKind, GROUP, type PrinterColumn, VERSION } from './kind.js';
import type { Schema } from './schema.js';

export interface CustomResourceDefinition {
  readonly apiVersion: 'apiextensions.k8s.io/v1';
  readonly kind: 'CustomResourceDefinition';
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string; readonly listKind: string; readonly plural: string; readonly singular: string };
    readonly scope: 'Namespaced';
    readonly versions: readonly [CrdVersion];
  };
}

interface CrdVersion {
  readonly name: string;
  readonly served: true;
  readonly storage: true;
  readonly subresources: { readonly status: Readonly<Record<string, never>> };
  readonly additionalPrinterColumns: readonly PrinterColumn[];
  readonly schema: { readonly openAPIV3Schema: Schema };
}

export function crd(kind: CustomKind): CustomResourceDefinition {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${GROUP}` },
    spec: {
      group: GROUP,
      names: { kind: kind.kind, listKind: `${kind.kind}List`, plural: kind.plural, singular: kind.kind.toLowerCase() },
      scope: 'Namespaced',
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: kind.columns,
          schema: { openAPIV3Schema: openApi(kind) },
        },
      ],
    },
  };
}

function openApi({ description, spec, specRequired, status }: CustomKind): Schema {
  return {
    type: 'object',
    description,
    ...(specRequired ? { required: ['spec'] } : {}),
    properties: {
      apiVersion: { type: 'string', description: 'The group and version of this schema.' },
      kind: { type: 'string', description: 'The kind of object.' },
      metadata: { type: 'object' },
      ...(spec === undefined ? {} : { spec }),
      status,
    },
  };
}
