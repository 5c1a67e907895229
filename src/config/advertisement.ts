/**
 * One L2Advertisement object, parsed against the pools it names (metallb-behaviour §1.2).
 */

import type { L2Advertisement } from '../api/l2advertisement.js';
import { didYouMean } from '../api/nearest.js';
import { type Issue, issue, type Parsed } from '../issue/issue.js';
import type { Advertisement } from './config.js';
import { findDuplicates } from './duplicates.js';
import { type Labels, matches, parseSelector, parseSelectors, type Selector } from './selector.js';

/** A pool as advertisements see it. */
export interface NamedPool {
  readonly name: string;
  readonly labels: Labels;
}

/** The advertisement, absent when an error prevents one, and what is wrong with or odd about it. */
export interface ReadAdvertisement {
  readonly advertisement?: Advertisement;
  readonly issues: readonly Issue[];
}

export function parseAdvertisement({ metadata, spec = {} }: L2Advertisement, pools: readonly NamedPool[]): ReadAdvertisement {
  const names = spec.ipAddressPools ?? [];
  const poolSelectors = parseSelectors(spec.ipAddressPoolSelectors ?? [], 'spec.ipAddressPoolSelectors');
  const nodeSelectors = parseSelectors(spec.nodeSelectors ?? [], 'spec.nodeSelectors');
  const serviceSelectors = parseSelectors(spec.serviceSelectors ?? [], 'spec.serviceSelectors');
  const preferences = (spec.preferredNodeSelectors ?? []).map(({ weight, preference }, i) => ({
    weight,
    selector: parseSelector(preference, `spec.preferredNodeSelectors[${i}].preference`),
  }));
  const errors: Issue[] = [
    ...findDuplicates(names, 'spec.ipAddressPools', 'pool name'),
    ...[poolSelectors, nodeSelectors, serviceSelectors, ...preferences.map(({ selector }) => selector)].flatMap(issuesOf),
  ];
  const issues = [...errors, ...unknownPools(names, pools)];
  if (errors.length > 0 || !poolSelectors.ok || !nodeSelectors.ok || !serviceSelectors.ok) return { issues };
  return {
    advertisement: {
      name: metadata.name,
      pools: attachedPools(names, poolSelectors.value, pools),
      nodeSelectors: nodeSelectors.value,
      interfaces: spec.interfaces === undefined || spec.interfaces.length === 0 ? 'all' : [...new Set(spec.interfaces)].sort(),
      serviceSelectors: serviceSelectors.value,
      preferredNodes: preferences.flatMap(({ weight, selector }) => (selector.ok ? [{ weight, selector: selector.value }] : [])),
    },
    issues,
  };
}

/** Neither names nor selectors: every pool. Otherwise their union, which may be empty: it never falls back to all. */
function attachedPools(
  names: readonly string[],
  selectors: readonly Selector[],
  pools: readonly NamedPool[],
): ReadonlySet<string> {
  const all = names.length === 0 && selectors.length === 0;
  const named = new Set(names);
  const isAttached = ({ name, labels }: NamedPool): boolean =>
    all || named.has(name) || selectors.some((selector) => matches(selector, labels));
  return new Set(pools.filter(isAttached).map(({ name }) => name));
}

function unknownPools(names: readonly string[], pools: readonly NamedPool[]): Issue[] {
  const known = pools.map(({ name }) => name);
  const isKnown = new Set(known);
  return names.flatMap((name, i) => {
    if (isKnown.has(name)) return [];
    const message = `there is no pool "${name}"${didYouMean(name, known)}; nothing is announced for it`;
    return [issue('UNKNOWN_POOL', `spec.ipAddressPools[${i}]`, message)];
  });
}

const issuesOf = (read: Parsed<unknown>): readonly Issue[] => (read.ok ? [] : read.issues);
