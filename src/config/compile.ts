/**
 * Objects to Config: pools and advertisements, parsed, checked against each other and sorted. The result depends on what the
 * objects say, never on their order. A set with an error makes no Config: whoever runs keeps the last good one.
 */

import type { IPAddressPool } from '../api/ipaddresspool.js';
import type { L2Advertisement } from '../api/l2advertisement.js';
import type { KubeObject, Sourced } from '../api/object.js';
import { compareText } from '../api/order.js';
import type { NamespaceView } from '../api/views.js';
import { type Issue, issue } from '../issue/issue.js';
import { type NamedPool, parseAdvertisement } from './advertisement.js';
import type { Advertisement, Config, Pool } from './config.js';
import { findOverlaps, type Overlap } from './overlap.js';
import { formatPlace, placed } from './place.js';
import { parsePool, writtenRanges } from './pool.js';

/** The objects of the one namespace the agents read (MetalLB's own), and every Namespace. */
export interface ConfigObjects {
  readonly pools: readonly Sourced<IPAddressPool>[];
  readonly advertisements: readonly Sourced<L2Advertisement>[];
  readonly namespaces: readonly NamespaceView[];
}

export interface Compiled {
  /** Undefined when `issues` has an error. Warnings prevent nothing. */
  readonly config: Config | undefined;
  /** By pool, then by advertisement, then overlaps; each with the place where it stands. */
  readonly issues: readonly Issue[];
}

export function compileConfig({ pools, advertisements, namespaces }: ConfigObjects): Compiled {
  const sortedPools = [...pools].sort(byNameThenPlace);
  const sortedAdvertisements = [...advertisements].sort(byNameThenPlace);
  const issues: Issue[] = [...repeated(sortedPools, 'IPAddressPool'), ...repeated(sortedAdvertisements, 'L2Advertisement')];

  const compiledPools: Pool[] = [];
  for (const source of sortedPools) {
    const read = parsePool(source.object, namespaces);
    if (read.ok) compiledPools.push(read.value);
    else issues.push(...read.issues.map((one) => placed(source, one)));
  }
  const named: NamedPool[] = sortedPools.map(({ object: { metadata } }) => ({
    name: metadata.name,
    labels: metadata.labels ?? {},
  }));
  const compiledAdvertisements: Advertisement[] = [];
  for (const source of sortedAdvertisements) {
    const read = parseAdvertisement(source.object, named);
    if (read.advertisement !== undefined) compiledAdvertisements.push(read.advertisement);
    issues.push(...read.issues.map((one) => placed(source, one)));
  }
  issues.push(...overlapIssues(sortedPools));

  const isGood = issues.every(({ severity }) => severity !== 'error');
  return { config: isGood ? { pools: compiledPools, advertisements: compiledAdvertisements } : undefined, issues };
}

/** Objects of one name are an error; they are still put in an order, so that the report is always the same. */
function byNameThenPlace(a: Sourced<KubeObject>, b: Sourced<KubeObject>): number {
  const [left, right] = [a.object.metadata.name, b.object.metadata.name];
  if (left !== right) return left < right ? -1 : 1;
  const [here, there] = [a.locate(''), b.locate('')];
  const file = compareText(here?.file ?? '', there?.file ?? '');
  return file || (here?.line ?? 0) - (there?.line ?? 0) || compareText(JSON.stringify(a.object), JSON.stringify(b.object));
}

function repeated(sorted: readonly Sourced<KubeObject>[], kind: string): Issue[] {
  return sorted.flatMap((source, i) => {
    const before = sorted[i - 1];
    const { name } = source.object.metadata;
    if (before?.object.metadata.name !== name) return [];
    const place = formatPlace(before.locate('metadata.name'));
    const other = place === undefined ? '' : `; the other is at ${place}`;
    return [placed(source, issue('DUPLICATE_OBJECT', 'metadata.name', `duplicate definition of ${kind} "${name}"${other}`))];
  });
}

/** Ranges of a pool that is defined twice are compared once: the duplicate is the thing to mend. */
function overlapIssues(sorted: readonly Sourced<IPAddressPool>[]): Issue[] {
  const byName = new Map<string, Sourced<IPAddressPool>>();
  for (const source of sorted) {
    if (!byName.has(source.object.metadata.name)) byName.set(source.object.metadata.name, source);
  }
  const ranges = [...byName.values()].flatMap(({ object }) => writtenRanges(object));
  return findOverlaps(ranges).flatMap((overlap) => {
    const source = byName.get(overlap.later.pool);
    const other = byName.get(overlap.earlier.pool);
    return source === undefined || other === undefined ? [] : [overlapIssue(overlap, source, other)];
  });
}

function overlapIssue({ earlier, later, shared }: Overlap, source: Sourced<IPAddressPool>, other: Sourced<IPAddressPool>): Issue {
  const path = `spec.addresses[${later.index}]`;
  const otherPath = `spec.addresses[${earlier.index}]`;
  const described = (pool: string, text: string, place: string): string => `"${text}" of pool "${pool}" (${place})`;
  const here = described(later.pool, later.text, formatPlace(source.locate(path)) ?? path);
  const there = described(earlier.pool, earlier.text, formatPlace(other.locate(otherPath)) ?? otherPath);
  const message = `${here} overlaps with already defined CIDR or range ${there}: both have ${shared}`;
  return placed(source, issue('POOL_OVERLAP', path, message));
}
