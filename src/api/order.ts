/**
 * The one order of texts and of Services, everywhere: of several that could come first, all nodes take the same.
 */
import type { ServiceView } from './views.js';

/** By code unit: locales must not decide an election. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Sorted by namespace, then by name of the Service of each: everywhere, of Services that could come first, the first one does.
 * Namespace by namespace, because of 100,000 Services each comparison counts.
 */
export function inOrder<T>(all: readonly T[], serviceOf: (one: T) => ServiceView): T[] {
  const byNamespace = new Map<string, T[]>();
  for (const one of all) {
    const { namespace } = serviceOf(one);
    const known = byNamespace.get(namespace);
    if (known === undefined) byNamespace.set(namespace, [one]);
    else known.push(one);
  }
  const byName = (a: T, b: T): number => compareText(serviceOf(a).name, serviceOf(b).name);
  return [...byNamespace.keys()].sort(compareText).flatMap((namespace) => byNamespace.get(namespace)?.sort(byName) ?? []);
}
