/**
 * What the pools and advertisements say once they are parsed, checked against each other and sorted by name. A Config is
 * frozen: a change makes a new one, and a bad set of objects makes none.
 */
import type { Range } from '../net/range.js';
import type { Selector } from './selector.js';

export interface Config {
  /** Sorted by name. No two ranges share an address. */
  readonly pools: readonly Pool[];
  /** Sorted by name. */
  readonly advertisements: readonly Advertisement[];
}

export interface Pool {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** In the order of `spec.addresses`, which is the order addresses are tried in. */
  readonly ranges: readonly Range[];
  readonly autoAssign: boolean;
  readonly avoidBuggyIPs: boolean;
  /** Absent: a general pool. Present: pinned to Services (metallb-behaviour §1.1). */
  readonly pinned?: PoolPin;
}

export interface PoolPin {
  /** Lower is tried first; 0 is last. */
  readonly priority: number;
  /** `'any'`, or the named namespaces and those the namespace selectors matched: possibly none. */
  readonly namespaces: 'any' | ReadonlySet<string>;
  /** Empty: every Service. */
  readonly serviceSelectors: readonly Selector[];
}

export interface Advertisement {
  readonly name: string;
  /** Names of the existing pools it attaches to. */
  readonly pools: ReadonlySet<string>;
  /** ORed; empty: every node. */
  readonly nodeSelectors: readonly Selector[];
  readonly interfaces: 'all' | readonly string[];
  /** ORed; empty: every Service. */
  readonly serviceSelectors: readonly Selector[];
  readonly preferredNodes: readonly { readonly weight: number; readonly selector: Selector }[];
}
