/**
 * One IPAddressPool object, parsed by itself (metallb-behaviour §1.1). What pools do to each other is in overlap.ts.
 */
import type { IPAddressPool } from '../api/ipaddresspool.js';
import type { NamespaceView } from '../api/views.js';
import { type Issue, issue, malformed, type Parsed, parsed } from '../issue/issue.js';
import { parseRange } from '../net/range.js';
import type { Pool, PoolPin } from './config.js';
import { findDuplicates } from './duplicates.js';
import type { WrittenRange } from './overlap.js';
import { matches, parseSelectors, type Selector } from './selector.js';

type ServiceAllocation = NonNullable<IPAddressPool['spec']['serviceAllocation']>;

const ALLOCATION = 'spec.serviceAllocation';

/** The pool, or everything that is wrong with it. The API server's label of a namespace, its name, counts as set. */
export function parsePool({ metadata, spec }: IPAddressPool, namespaces: readonly NamespaceView[]): Parsed<Pool> {
  const issues: Issue[] = [];
  if (metadata.name === '') issues.push(issue('FIELD_MISSING', 'metadata.name', 'missing pool name'));
  if (spec.addresses.length === 0) {
    const example = '192.168.1.240-192.168.1.250 or 192.168.1.0/24';
    issues.push(
      issue('FIELD_INVALID', 'spec.addresses', `pool "${metadata.name}" has no addresses; add at least one, like ${example}`),
    );
  }
  const ranges = spec.addresses.map((text, i) => parseRange(text, `spec.addresses[${i}]`));
  issues.push(...issuesOf(ranges));

  const pin = spec.serviceAllocation === undefined ? undefined : parsePin(spec.serviceAllocation, namespaces);
  if (pin?.ok === false) issues.push(...pin.issues);
  if (issues.length > 0) return malformed(...issues);
  return parsed({
    name: metadata.name,
    labels: metadata.labels ?? {},
    ranges: ranges.flatMap((read) => (read.ok ? [read.value] : [])),
    autoAssign: spec.autoAssign ?? true,
    avoidBuggyIPs: spec.avoidBuggyIPs ?? false,
    ...(pin?.ok === true ? { pinned: pin.value } : {}),
  });
}

/** The entries of `spec.addresses` that can be read, also of a pool that is wrong elsewhere. */
export function writtenRanges({ metadata, spec }: IPAddressPool): WrittenRange[] {
  return spec.addresses.flatMap((text, index) => {
    const read = parseRange(text);
    return read.ok ? [{ pool: metadata.name, index, text, range: read.value }] : [];
  });
}

function parsePin(allocation: ServiceAllocation, namespaces: readonly NamespaceView[]): Parsed<PoolPin> {
  const { priority = 0, namespaces: names = [], namespaceSelectors = [], serviceSelectors = [] } = allocation;
  const issues: Issue[] = [];
  if (priority < 0) {
    const message = `the priority ${priority} is negative; the lowest that counts is 1 (tried first), and 0 is tried last`;
    issues.push(issue('PRIORITY_NEGATIVE', `${ALLOCATION}.priority`, message));
  }
  issues.push(...findDuplicates(names, `${ALLOCATION}.namespaces`, 'namespace'));
  const byNamespace = parseSelectors(namespaceSelectors, `${ALLOCATION}.namespaceSelectors`);
  const byService = parseSelectors(serviceSelectors, `${ALLOCATION}.serviceSelectors`);
  issues.push(...issuesOf([byNamespace, byService]));
  if (issues.length > 0 || !byNamespace.ok || !byService.ok) return malformed(...issues);

  const isOpen = names.length === 0 && namespaceSelectors.length === 0;
  return parsed({
    priority,
    namespaces: isOpen ? 'any' : new Set([...names, ...namespacesMatching(byNamespace.value, namespaces)].sort()),
    serviceSelectors: byService.value,
  });
}

/**
 * The API server sets `kubernetes.io/metadata.name` on every Namespace; a folder of YAML usually doesn't spell it out.
 * Selectors that match no Namespace give nobody the pool (quirk Q-04: MetalLB gives it to everybody who asks by name).
 */
function namespacesMatching(selectors: readonly Selector[], namespaces: readonly NamespaceView[]): string[] {
  return namespaces
    .filter(({ name, labels }) => {
      const complete = { ...labels, 'kubernetes.io/metadata.name': name };
      return selectors.some((selector) => matches(selector, complete));
    })
    .map(({ name }) => name);
}

const issuesOf = (results: readonly Parsed<unknown>[]): Issue[] => results.flatMap((read) => (read.ok ? [] : read.issues));
