/**
 * What a change does to who answers for one address, and why.
 */
import type { Ballot } from '../layer2/announcements.js';
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
  /** Undefined: nobody may answer. */
  readonly before: Ballot | undefined;
  readonly after: Ballot | undefined;
  readonly owner: string | undefined;
  /** Whether a Service has the address after the change. */
  readonly isHeld: boolean;
  /** Every node after the change, for reasons; asked for only when something changes. */
  readonly candidates: () => readonly Candidate[] | undefined;
}

/** The rankings of an address for which nothing changes are computed when somebody looks: mostly nobody does. */
export function announcementChange({ before, after, ...sides }: AnnouncementSides): AnnouncementChange {
  const { address, owner } = sides;
  const known = owner === undefined ? {} : { owner };
  if (before !== undefined && before.electorate === after?.electorate) {
    return {
      address,
      change: 'same',
      get before() {
        return before.ranking();
      },
      get after() {
        return before.ranking();
      },
      ...known,
      get reason() {
        return sameReason({ before: before.ranking(), after: before.ranking(), owner });
      },
    };
  }
  const isSpread = before?.isMoved === true || after?.isMoved === true;
  const ranked = { ...sides, before: before?.ranking() ?? [], after: after?.ranking() ?? [], isSpread };
  const change = kindOf(ranked);
  return { address, change, before: ranked.before, after: ranked.after, ...known, reason: reasonOf(change, ranked) };
}

interface Ranked extends Omit<AnnouncementSides, 'before' | 'after'> {
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly isSpread: boolean;
}

function kindOf({ before, after, owner, isHeld }: Ranked): AnnouncementChangeKind {
  const [was, willBe] = [before[0], after[0]];
  if (willBe === undefined) return isHeld ? 'unserved' : 'stops';
  if (was === undefined) return 'starts';
  if (owner === willBe) return 'same';
  if (was !== willBe) return 'moves';
  return owner !== undefined && fallsBack(owner, before, after) ? 'moves' : 'same';
}

/** Whether a node that answers though it is not the first may not any more, or comes later than it did. */
function fallsBack(owner: string, before: readonly string[], after: readonly string[]): boolean {
  const [place, later] = [before.indexOf(owner), after.indexOf(owner)];
  return later === -1 || (place !== -1 && later > place);
}

function reasonOf(change: AnnouncementChangeKind, sides: Ranked): Reason {
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
      return whyItMoves(owner ?? before[0] ?? '', after[0] ?? '', sides);
  }
}

function sameReason({ before, after, owner }: Pick<Ranked, 'before' | 'after' | 'owner'>): Reason {
  if (owner !== undefined && owner !== after[0]) {
    return { code: 'UNCHANGED', message: `${after[0]} is the first of the ranking, as before; ${owner} answers at present` };
  }
  return before.join() === after.join()
    ? { code: 'UNCHANGED', message: 'the ranking is the same' }
    : { code: 'SUCCESSORS_CHANGED', message: `${after[0]} stays; who follows it changes` };
}

function whyItMoves(from: string, to: string, { isSpread, ...sides }: Ranked): Reason {
  const candidates = sides.candidates() ?? [];
  const old = candidates.find(({ node }) => node === from);
  if (old === undefined) return { code: 'NODE_GONE', message: `there is no node ${from} any more` };
  if (!old.eligible) return { code: 'NODE_NOT_ELIGIBLE', message: `${from} may not answer any more: ${old.reason}` };
  if (old.cordoned === true) return { code: 'NODE_CORDONED', message: `${from} is cordoned` };
  const next = candidates.find(({ node }) => node === to);
  if (next?.eligible === true && next.score > old.score) {
    return { code: 'NODE_PREFERRED', message: `${to} is preferred: ${next.score} against ${old.score} of ${from}` };
  }
  if (isSpread) return { code: 'SPREAD', message: `${to} comes first, so that no node does for more than its share` };
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
