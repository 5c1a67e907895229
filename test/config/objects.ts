/** Pools and advertisements for tests, as they would have been read from `<name>.yaml`. */
import type { IPAddressPool } from '../../src/api/ipaddresspool.js';
import type { L2Advertisement } from '../../src/api/l2advertisement.js';
import type { Sourced } from '../../src/api/object.js';
import type { NamespaceView } from '../../src/api/views.js';
import { type Compiled, compileConfig } from '../../src/config/compile.js';
import type { Config } from '../../src/config/config.js';

type PoolFields = Partial<IPAddressPool['spec']> & { readonly labels?: Readonly<Record<string, string>> };

/** A place for every path, so that a test sees which path was looked up. */
export const sourced = <T>(object: T, file: string): Sourced<T> => ({
  object,
  locate: (path) => ({ file: path === '' ? file : `${file}#${path}` }),
});

export function pool(
  name: string,
  addresses: readonly string[],
  { labels = {}, ...spec }: PoolFields = {},
): Sourced<IPAddressPool> {
  const object: IPAddressPool = {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    metadata: { name, namespace: 'metallb-system', labels },
    spec: { addresses: [...addresses], ...spec },
  };
  return sourced(object, `${name}.yaml`);
}

export function advertisement(name: string, spec: L2Advertisement['spec'] = {}): Sourced<L2Advertisement> {
  const object: L2Advertisement = {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'L2Advertisement',
    metadata: { name, namespace: 'metallb-system' },
    ...(spec === undefined ? {} : { spec }),
  };
  return sourced(object, `${name}.yaml`);
}

export const namespace = (name: string, labels: Readonly<Record<string, string>> = {}): NamespaceView => ({ name, labels });

interface Given {
  readonly pools?: readonly Sourced<IPAddressPool>[];
  readonly advertisements?: readonly Sourced<L2Advertisement>[];
  readonly namespaces?: readonly NamespaceView[];
}

export const compiled = ({ pools = [], advertisements = [], namespaces = [] }: Given): Compiled =>
  compileConfig({ pools, advertisements, namespaces });

/** The Config of objects that have no error. */
export function configOf(given: Given): Config {
  const { config, issues } = compiled(given);
  if (config === undefined) throw new Error(issues.map(({ message }) => message).join('; '));
  return config;
}
