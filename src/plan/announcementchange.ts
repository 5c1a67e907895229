/**
 * What a change does to who answers for one address, and why.
 */
import type { Candidate } from '../layer2/eligibility.js';
import type { Reason } from './servicechange.js';

export type AnnouncementChangeKind = 'same' | 'moves' | 'starts' | 'stops' | 'unserved';

export interface AnnouncementChange {
  readonly address: string;
  /** `unserved`: a Service has the address after the change, and no node may answer for it. */
  readonly change: AnnouncementChangeKind;
  /** Rankings, best node first; empty: nobody. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** Who answers now, when the state tells. It can differ from the first of the ranking. */
  readonly owner?: string;
  readonly reason: Reason;
}

export interface AnnouncementSides {
  readonly address: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly owner: string | undefined;
  /** Whether a Service has the address after the change. */
  readonly isHeld: boolean;
  /** Every node after the change, for reasons; asked for only when something changes. */
  readonly candidates: () => readonly Candidate[] | undefined;
}

export function announcementChange(sides: AnnouncementSides): AnnouncementChange {
  const { address, before, after, owner } = sides;
  const change = kindOf(sides);
  return { address, change, before, after, ...(owner === undefined ? {} : { owner }), reason: reasonOf(change, sides) };
}

function kindOf({ before, after, owner, isHeld }: AnnouncementSides): AnnouncementChangeKind {
  const [was, willBe] = [before[0], after[0]];
  if (willBe === undefined) return isHeld ? 'unserved' : 'stops';
  if (was === undefined) return 'starts';
  return was === willBe || owner === willBe ? 'same' : 'moves';
}

function reasonOf(change: AnnouncementChangeKind, sides: AnnouncementSides): Reason {
  const { before, after, owner } = sides;
  switch (change) {
    case 'same':
      return sameReason(sides);
    case 'starts':
      return { code: 'NEWLY_ANNOUNCED', message: `${after[0]} is the first of the ranking` };
    case 'stops':
      return { code: 'ADDRESS_RELEASED', message: 'no Service has the address any more' };
    case 'unserved':
      return { code: 'NO_ELIGIBLE_NODE', message: `no node may answer: ${everyReason(sides.candidates())}` };
    case 'moves':
      return whyItMoves(owner ?? before[0] ?? '', after[0] ?? '', sides.candidates() ?? []);
  }
}

function sameReason({ before, after, owner }: AnnouncementSides): Reason {
  if (owner !== undefined && owner !== after[0]) {
    return { code: 'UNCHANGED', message: `${after[0]} is the first of the ranking, as before; ${owner} answers at present` };
  }
  return before.join() === after.join()
    ? { code: 'UNCHANGED', message: 'the ranking is the same' }
    : { code: 'SUCCESSORS_CHANGED', message: `${after[0]} stays; who follows it changes` };
}

function whyItMoves(from: string, to: string, candidates: readonly Candidate[]): Reason {
  const old = candidates.find(({ node }) => node === from);
  if (old === undefined) return { code: 'NODE_GONE', message: `there is no node ${from} any more` };
  if (!old.eligible) return { code: 'NODE_NOT_ELIGIBLE', message: `${from} may not answer any more: ${old.reason}` };
  if (old.cordoned === true) return { code: 'NODE_CORDONED', message: `${from} is cordoned` };
  const next = candidates.find(({ node }) => node === to);
  if (next?.eligible === true && next.score > old.score) {
    return { code: 'NODE_PREFERRED', message: `${to} is preferred: ${next.score} against ${old.score} of ${from}` };
  }
  return { code: 'RANKING_CHANGED', message: `${to} ranks before ${from}` };
}

/** `n1: noMatchingAdvertisement, n2: …`, the same reason told once when it is everybody's. */
function everyReason(candidates: readonly Candidate[] | undefined): string {
  if (candidates === undefined) return 'its addresses do not all lie in one pool';
  const reasons = candidates.flatMap((one) => (one.eligible ? [] : [one]));
  const [first] = reasons;
  if (first === undefined) return 'there are no nodes';
  if (reasons.every(({ reason }) => reason === first.reason)) return `${first.reason} on every node`;
  return reasons.map(({ node, reason }) => `${node}: ${reason}`).join(', ');
}
