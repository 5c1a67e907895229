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
    .map(({ node, score, cordoned = false }) => ({ node, score, cordoned, digest: electionDigest(node, address) }))
    .sort((a, b) => Number(a.cordoned) - Number(b.cordoned) || b.score - a.score || compareText(a.digest, b.digest))
    .map(({ node }) => node);
}

/** Lower-case hexadecimal, whose order as text is the order of the bytes. */
export const electionDigest = (node: string, address: string): string => hash('sha256', `${node}#${address}`, 'hex');
