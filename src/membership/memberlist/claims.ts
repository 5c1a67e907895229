/**
 * What is to be done about a claim: SWIM's rules (Das, Gupta, Motivala 2002, §4.2) as the reference has them. A claim of the known
 * incarnation is enough to accuse a node; only a greater one clears it, and only the node itself makes it greater.
 */
import { isEndpoint, sameEndpoint } from './endpoint.js';
import type { Alive, Claim, Dead, Suspect, Versions } from './message.js';
import { type MemberRecord, recordOf, saysTheSame, standing } from './record.js';
import { MOST_META, type Tuning } from './settings.js';
import { confirm, patience, suspect } from './suspicion.js';

export type Judgement =
  | { readonly kind: 'ignored'; readonly because: IgnoreReason }
  /** Two nodes go by one name, at different addresses. */
  | { readonly kind: 'conflict' }
  /** It is about ourselves and wrong: we say so, with a greater incarnation than it has. */
  | { readonly kind: 'refute'; readonly accused: number }
  /** The record is this from now on, and the claim is to be passed on. */
  | { readonly kind: 'accepted'; readonly record: MemberRecord };

export type IgnoreReason =
  /** Not newer than what is known. */
  | 'stale'
  /** What it says is known. */
  | 'known'
  /** It accuses a node that nobody told us of. */
  | 'unknown-node'
  /** It is about ourselves, and we are about to be gone. */
  | 'leaving'
  /** A node without protocol versions, with none that fits, or with an address that is none. */
  | 'malformed';

/** Who judges. */
export interface Judge {
  readonly self: string;
  readonly leaving: boolean;
  /** How many nodes it knows. */
  readonly size: number;
  readonly tuning: Tuning;
}

export function judge(claim: Claim, known: MemberRecord | undefined, by: Judge, now: number): Judgement {
  switch (claim.kind) {
    case 'alive':
      return judgeAlive(claim, known, by, now);
    case 'suspect':
      return known === undefined ? ignored('unknown-node') : judgeSuspect(claim, known, by, now);
    case 'dead':
      return known === undefined ? ignored('unknown-node') : judgeDead(claim, known, by, now);
  }
}

function judgeAlive(alive: Alive, known: MemberRecord | undefined, by: Judge, now: number): Judgement {
  const isOwn = alive.node === by.self;
  if (isOwn && by.leaving) return ignored('leaving');
  if (!isWellFormed(alive)) return ignored('malformed');
  // No node begins with 0: a record that nobody has is as good as one of incarnation 0.
  if (alive.incarnation === 0) return ignored('stale');
  if (known === undefined) return accepted(recordOf(alive, now));
  if (!sameEndpoint(alive, known)) {
    return mayMove(known, by.tuning.deadNodeReclaimMs, now) ? accepted(recordOf(alive, now)) : { kind: 'conflict' };
  }
  if (alive.incarnation < known.incarnation) return ignored('stale');
  if (isOwn) {
    const isEcho = alive.incarnation === known.incarnation && saysTheSame(alive, known);
    // Else it is of an earlier life of ours, or of a clone: it may even be ahead of us.
    return isEcho ? ignored('known') : { kind: 'refute', accused: alive.incarnation };
  }
  if (alive.incarnation === known.incarnation) return ignored('stale');
  return accepted(recordOf(alive, known.state === 'alive' ? known.since : now));
}

function judgeSuspect(claim: Suspect, known: MemberRecord, by: Judge, now: number): Judgement {
  if (claim.incarnation < known.incarnation) return ignored('stale');
  if (known.state === 'suspect') {
    const suspicion = confirm(known.suspicion, claim.from);
    return suspicion === known.suspicion ? ignored('known') : accepted({ ...known, suspicion });
  }
  if (known.state !== 'alive') return ignored('known');
  if (known.name === by.self) return { kind: 'refute', accused: claim.incarnation };
  const suspicion = suspect(claim.from, patience(by.size, by.tuning), now);
  return accepted(standing(known, claim.incarnation, { state: 'suspect', since: now, suspicion }));
}

function judgeDead(claim: Dead, known: MemberRecord, by: Judge, now: number): Judgement {
  if (claim.incarnation < known.incarnation) return ignored('stale');
  if (known.state === 'dead' || known.state === 'left') return ignored('known');
  if (known.name === by.self && !by.leaving) return { kind: 'refute', accused: claim.incarnation };
  const state = claim.from === claim.node ? 'left' : 'dead';
  return accepted(standing(known, claim.incarnation, { state, since: now }));
}

/** Whether a name may come back from another address: its node said that it leaves, or has been dead for long enough. */
const mayMove = ({ state, since }: MemberRecord, reclaimMs: number, now: number): boolean =>
  state === 'left' || (state === 'dead' && reclaimMs > 0 && now - since >= reclaimMs);

const isWellFormed = (alive: Alive): boolean => isEndpoint(alive) && alive.meta.length <= MOST_META && haveRange(alive.versions);

const haveRange = ({ min, max }: Versions): boolean => min > 0 && max > 0 && min <= max;

const ignored = (because: IgnoreReason): Judgement => ({ kind: 'ignored', because });
const accepted = (record: MemberRecord): Judgement => ({ kind: 'accepted', record });

const LAST_INCARNATION = 0xffffffff;

/**
 * Our incarnation after one that was accused. Nothing is greater than the last: who is accused of that one cannot refute it, and
 * does not follow it there either, so that it can speak again once the others have forgotten it.
 */
export function incarnationAfter(own: number, accused: number): number {
  const next = Math.min(own + 1, LAST_INCARNATION);
  return accused < next || accused >= LAST_INCARNATION ? next : accused + 1;
}
