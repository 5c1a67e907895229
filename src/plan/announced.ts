/**
 * The condition `arpeggio/Announced` of a Service: which node answers for it, or why nobody does. An address that was given and that
 * nobody answers for is what GitOps tools call healthy; this is where they can see that it is not.
 *
 * That a node answers is what it says itself, in its ServiceL2Status; that it may is what the configuration says.
 */
import type { Outcome } from '../allocator/allocation.js';
import type { Candidate, IneligibleReason } from '../layer2/eligibility.js';
import { groupBy, listed } from './listed.js';

export interface AnnouncedCondition {
  readonly type: 'arpeggio/Announced';
  readonly status: 'True' | 'False';
  readonly reason: AnnouncedReason;
  readonly message: string;
}

export type AnnouncedReason =
  | 'NODE_ANSWERS'
  /** It has no address yet: `arpeggio/Allocated` says why. */
  | 'NO_ADDRESS'
  /** No node may. */
  | 'NOBODY_ANSWERS'
  /** Some node may, and none says that it does. */
  | 'NOBODY_SAYS_SO';

export interface Answering {
  /** Nodes that say they answer for the Service, sorted. */
  readonly nodes: readonly string[];
  /** Every node and whether it may; undefined when the Service's addresses do not all lie in one pool. */
  readonly candidates: readonly Candidate[] | undefined;
}

/** Undefined for a Service that is not ours to serve. */
export function announcedCondition(outcome: Outcome, { nodes, candidates }: Answering): AnnouncedCondition | undefined {
  if ('ignored' in outcome) return undefined;
  if ('pending' in outcome) return nobody('NO_ADDRESS', 'it has no address; arpeggio/Allocated says why');
  if (candidates === undefined) return nobody('NOBODY_ANSWERS', 'its addresses do not all lie in one pool');
  // A node that is gone cannot take back what it said.
  const there = nodes.filter((one) => candidates.some(({ node }) => node === one));
  if (there.length > 0) return { type: 'arpeggio/Announced', status: 'True', reason: 'NODE_ANSWERS', message: announcing(there) };
  const eligible = candidates.filter((one) => one.eligible).map(({ node }) => node);
  if (eligible.length === 0) return nobody('NOBODY_ANSWERS', `no node may answer: ${reasons(candidates)}`);
  return nobody('NOBODY_SAYS_SO', `${listed(eligible)} may answer, and no speaker says that it does`);
}

const nobody = (reason: AnnouncedReason, message: string): AnnouncedCondition => ({
  type: 'arpeggio/Announced',
  status: 'False',
  reason,
  message,
});

/** As the event `nodeAssigned` of MetalLB's speakers says it. Services that share one address of two can have two nodes. */
function announcing(nodes: readonly string[]): string {
  const names = nodes.map((node) => `"${node}"`);
  return `announcing from node${names.length > 1 ? 's' : ''} ${names.join(' and ')} with protocol "layer2"`;
}

/** `noMatchingAdvertisement on n1, n2, n3 and 7 more; noLocalEndpoints on n4`. */
function reasons(candidates: readonly Candidate[]): string {
  const refused = candidates.flatMap((one): { node: string; reason: IneligibleReason }[] => (one.eligible ? [] : [one]));
  if (refused.length === 0) return 'there are no nodes';
  const groups = [...groupBy(refused, ({ reason }) => reason)];
  if (groups.length === 1) return `${groups[0]?.[0]} on every node`;
  return groups.map(([reason, of]) => `${reason} on ${listed(of.map(({ node }) => node))}`).join('; ');
}
