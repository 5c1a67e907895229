/**
 * What is configured, and the table that a view makes of it.
 */

import type { Announcement } from '../../src/layer2/announcement.js';
import { type Ballot, ballotOf } from '../../src/layer2/ballot.js';
import { rank } from '../../src/layer2/ranking.js';
import { spread } from '../../src/layer2/spread.js';

export interface Configuration {
  readonly version: number;
  /** Nodes that are described; those that are not are candidates when they were heard. */
  readonly nodes: readonly string[];
  readonly addresses: readonly string[];
  readonly cordoned: readonly string[];
  /** Nodes that no advertisement selects any more: they may stay until another is heard. */
  readonly deselected: readonly string[];
  /** Nodes that may not answer at all. */
  readonly barred: readonly string[];
  /** Addresses are spread over the nodes, all of which are described. */
  readonly isSpread: boolean;
}

/** Equal for equal ballots. */
export function electorateOf(configuration: Configuration, self: string, known: readonly string[]): string {
  const { version, nodes, deselected, barred } = configuration;
  const mayStay = deselected.includes(self) && !barred.includes(self);
  return `${version} ${mayStay} ${[...new Set([...nodes, self, ...known])].sort().join(' ')}`;
}

/** As `self` sees it, who knows these others. */
export function ballotIn(configuration: Configuration, self: string, known: readonly string[]): Ballot {
  const { nodes, addresses, cordoned, deselected, barred, isSpread } = configuration;
  const candidates = [...new Set([...nodes, self, ...known])].filter(
    (node) => !deselected.includes(node) && !barred.includes(node),
  );
  const scored = candidates.map((node) => ({ node, score: 0, cordoned: cordoned.includes(node) }));
  const mayStay = deselected.includes(self) && !barred.includes(self);
  const ranked = addresses.map((address) => ({ address, ranking: rank(scored, address) }));
  const uncordoned = candidates.filter((node) => !cordoned.includes(node));
  const equals = uncordoned.length > 0 ? uncordoned : candidates;
  const firsts = isSpread ? spread(ranked.map((one) => ({ ...one, equals }))) : undefined;
  return ballotOf(
    ranked.flatMap(({ address, ranking: plain }): Announcement[] => {
      const [best] = plain;
      if (best === undefined) return [];
      const first = firsts?.get(address) ?? best;
      const ranking = [first, ...plain.filter((node) => node !== first)];
      return [{ address, services: [], pool: 'p', interfaces: 'all', ranking, ...(mayStay ? { mayStay } : {}) }];
    }),
  );
}
