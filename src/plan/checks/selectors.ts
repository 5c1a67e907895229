/**
 * Selectors that ask for a label nobody has: usually a typo, which matches nothing and says nothing. Looked at only when
 * objects of the kind that is selected are known.
 *
 * `In` may list values that nobody has, as long as somebody has one of them. `NotIn` and `DoesNotExist` usually mean what is
 * not there; they are doubted only when the key is nearly one that is.
 */
import type { IPAddressPool } from '../../api/ipaddresspool.js';
import type { L2Advertisement } from '../../api/l2advertisement.js';
import type { LabelSelector } from '../../api/labelselector.js';
import { didYouMean } from '../../api/nearest.js';
import type { Sourced } from '../../api/object.js';
import { formatPath } from '../../api/path.js';
import type { Labels } from '../../config/selector.js';
import { type Finding, findingAbout } from '../finding.js';
import type { World } from '../situation.js';

export function checkSelectors({ objects }: World): Finding[] {
  const { pools, advertisements, nodes, namespaces, services } = objects;
  const of: Readonly<Record<Kind, Vocabulary>> = {
    IPAddressPool: vocabulary(
      'IPAddressPool',
      pools.map(({ object }) => object.metadata.labels ?? {}),
    ),
    Node: vocabulary(
      'Node',
      nodes.map(({ labels }) => labels),
    ),
    Service: vocabulary(
      'Service',
      services.filter(({ type }) => type === 'LoadBalancer').map(({ labels }) => labels),
    ),
    Namespace: vocabulary(
      'Namespace',
      namespaces.every(({ implied }) => implied === true)
        ? []
        : namespaces.map(({ name, labels }) => ({ ...labels, 'kubernetes.io/metadata.name': name })),
    ),
  };
  const doubts = (sourced: Sourced<IPAddressPool | L2Advertisement>, uses: readonly Use[]): Finding[] =>
    uses.flatMap(({ kind, path, selector }) =>
      doubtsAbout(selector, path, of[kind]).map((one) => findingAbout(sourced, 'SELECTOR_UNMATCHED', one.path, one.message)),
    );
  return [
    ...pools.flatMap((pool) => doubts(pool, usesOfPool(pool.object))),
    ...advertisements.flatMap((ad) => doubts(ad, usesOfAdvertisement(ad.object))),
  ];
}

type Kind = 'IPAddressPool' | 'Node' | 'Service' | 'Namespace';

/** A selector where it stands, and what it selects. */
interface Use {
  readonly kind: Kind;
  readonly path: string;
  readonly selector: LabelSelector;
}

const uses = (kind: Kind, path: string, selectors: readonly LabelSelector[] = []): Use[] =>
  selectors.map((selector, i) => ({ kind, path: `${path}[${i}]`, selector }));

function usesOfPool({ spec: { serviceAllocation = {} } }: IPAddressPool): Use[] {
  const path = 'spec.serviceAllocation';
  return [
    ...uses('Namespace', `${path}.namespaceSelectors`, serviceAllocation.namespaceSelectors),
    ...uses('Service', `${path}.serviceSelectors`, serviceAllocation.serviceSelectors),
  ];
}

function usesOfAdvertisement({ spec = {} }: L2Advertisement): Use[] {
  const preferences = (spec.preferredNodeSelectors ?? []).map(
    ({ preference }, i): Use => ({ kind: 'Node', path: `spec.preferredNodeSelectors[${i}].preference`, selector: preference }),
  );
  return [
    ...uses('IPAddressPool', 'spec.ipAddressPoolSelectors', spec.ipAddressPoolSelectors),
    ...uses('Node', 'spec.nodeSelectors', spec.nodeSelectors),
    ...preferences,
    ...uses('Service', 'spec.serviceSelectors', spec.serviceSelectors),
  ];
}

/** The labels that objects of a kind have. */
interface Vocabulary {
  readonly kind: Kind;
  readonly values: ReadonlyMap<string, ReadonlySet<string>>;
  readonly isKnown: boolean;
}

function vocabulary(kind: Kind, all: readonly Labels[]): Vocabulary {
  const values = new Map<string, Set<string>>();
  for (const labels of all) {
    for (const [key, value] of Object.entries(labels)) {
      const known = values.get(key);
      if (known === undefined) values.set(key, new Set([value]));
      else known.add(value);
    }
  }
  return { kind, values, isKnown: all.length > 0 };
}

interface Doubt {
  readonly path: string;
  readonly message: string;
}

function doubtsAbout({ matchLabels = {}, matchExpressions = [] }: LabelSelector, path: string, words: Vocabulary): Doubt[] {
  if (!words.isKnown) return [];
  const found: Doubt[] = [];
  const doubt = (at: string, message: string | undefined): void => {
    if (message !== undefined) found.push({ path: at, message });
  };
  for (const [key, value] of Object.entries(matchLabels).sort(([a], [b]) => (a < b ? -1 : 1))) {
    doubt(`${path}.matchLabels${bracketed(key)}`, unknownKey(key, words) ?? unknownValue(key, [value], words));
  }
  for (const [i, { key, operator, values = [] }] of matchExpressions.entries()) {
    const at = `${path}.matchExpressions[${i}]`;
    if (operator === 'In') doubt(at, unknownKey(key, words) ?? unknownValue(key, values, words));
    else if (operator === 'Exists') doubt(at, unknownKey(key, words));
    else if (didYouMean(key, sorted(words.values.keys())) !== '') doubt(at, unknownKey(key, words));
  }
  return found;
}

/** A key below a path, as formatPath writes it. */
const bracketed = (key: string): string => formatPath(['x', key]).slice(1);

/** Of words that are equally near, always the same one is meant. */
const sorted = (words: Iterable<string>): string[] => [...words].sort();

function unknownKey(key: string, { kind, values }: Vocabulary): string | undefined {
  if (values.has(key)) return undefined;
  return `no ${kind} has the label "${key}"${didYouMean(key, sorted(values.keys()))}`;
}

function unknownValue(key: string, wanted: readonly string[], { kind, values }: Vocabulary): string | undefined {
  const known = values.get(key) ?? new Set<string>();
  if (wanted.some((value) => known.has(value))) return undefined;
  const [first = ''] = wanted;
  const what = wanted.length === 1 ? `"${first}"` : `any of ${wanted.map((value) => `"${value}"`).join(', ')}`;
  return `no ${kind} has the label "${key}" with the value ${what}${wanted.length === 1 ? didYouMean(first, sorted(known)) : ''}`;
}
