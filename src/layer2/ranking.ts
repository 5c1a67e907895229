/**
 * The order in which nodes would own an address, best first: MetalLB's election, bit for bit (metallb-behaviour §4.3), so
 * that its speakers and ours name the same owner. Stateless: it knows nothing of who is live or who owned before.
 */
import { hash } from 'node:crypto';
import { compareText } from '../api/order.js';

export interface Scored {
  readonly node: string;
  /** The sum of the preference weights. Higher is better. */
  readonly score: number;
  /** A node that is cordoned is asked last, and still asked when it is the only one. */
  readonly cordoned?: boolean;
}

/**
 * Ranks cordoned nodes last, then by score descending, then by SHA-256 of `node#address` ascending. `address` is RFC 5952 text.
 * MetalLB does not look at cordons.
 */
export function rank(candidates: readonly Scored[], address: string): string[] {
  return candidates
    .map((candidate) => digested(candidate, address))
    .sort(compareDigested)
    .map(({ node }) => node);
}

/** What is another among the candidates than it was. */
export interface Change {
  /** Who is no candidate any more, or ranks by something else. */
  readonly gone: ReadonlySet<string>;
  /** Who is new, or ranks by something else. */
  readonly come: readonly Scored[];
  /** All of them now. */
  readonly now: ReadonlyMap<string, Scored>;
}

export function changeBetween(before: readonly Scored[], after: readonly Scored[]): Change {
  const [was, now] = [byNode(before), byNode(after)];
  const isSame = (a: Scored, b: Scored | undefined): boolean =>
    b !== undefined && a.score === b.score && (a.cordoned ?? false) === (b.cordoned ?? false);
  return {
    gone: new Set(before.filter((one) => !isSame(one, now.get(one.node))).map(({ node }) => node)),
    come: after.filter((one) => !isSame(one, was.get(one.node))),
    now,
  };
}

const byNode = (all: readonly Scored[]): ReadonlyMap<string, Scored> => new Map(all.map((one) => [one.node, one]));

/**
 * What {@link rank} gives after the change, of the ranking before it: those that stayed are in order among themselves, so that each that
 * came is compared with a few of them only, and nobody else's digest is asked for.
 */
export function rerank(ranking: readonly string[], { gone, come, now }: Change, address: string): readonly string[] {
  const comparisons = come.length * (1 + Math.ceil(Math.log2(ranking.length + come.length)));
  if (comparisons >= now.size) return rank([...now.values()], address);
  const order = ranking.filter((node) => !gone.has(node));
  for (const one of come) order.splice(placeFor(digested(one, address), order, now, address), 0, one.node);
  return order;
}

function placeFor(one: Digested, order: readonly string[], now: Change['now'], address: string): number {
  let [low, high] = [0, order.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = now.get(order[middle] ?? '');
    if (other !== undefined && compareDigested(digested(other, address), one) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

interface Digested extends Required<Scored> {
  readonly digest: string;
}

const digested = ({ node, score, cordoned = false }: Scored, address: string): Digested => ({
  node,
  score,
  cordoned,
  digest: electionDigest(node, address),
});

const compareDigested = (a: Digested, b: Digested): number =>
  Number(a.cordoned) - Number(b.cordoned) || b.score - a.score || compareText(a.digest, b.digest);

/** Lower-case hexadecimal, whose order as text is the order of the bytes. */
export const electionDigest = (node: string, address: string): string => hash('sha256', `${node}#${address}`, 'hex');
