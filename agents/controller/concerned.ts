/**
 * For which Services something changed between two decisions that bears on who may answer for them.
 */
import type { Objects } from '../../src/api/objects.js';
import type { InForce } from './reconcile.js';

/** By `namespace/name`: those with another outcome or another view; all of them, where the configuration or the nodes changed. */
export function concernedBy(before: InForce, after: InForce): Iterable<string> {
  if (before.stale !== after.stale || !sameCluster(before.objects, after.objects)) return after.outcomes.keys();
  const known = new Set(before.objects.services);
  const changed = after.objects.services.filter((service) => !known.has(service)).map(({ key }) => key);
  for (const [key, outcome] of after.outcomes) if (before.outcomes.get(key) !== outcome) changed.push(key);
  return changed;
}

/** Pools and advertisements are read anew when one of them changed; Nodes tell every few minutes that nothing did. */
const sameCluster = (a: Objects, b: Objects): boolean =>
  a.pools === b.pools &&
  a.advertisements === b.advertisements &&
  a.nodes.length === b.nodes.length &&
  a.nodes.every((node, i) => node === b.nodes[i] || JSON.stringify(node) === JSON.stringify(b.nodes[i]));
