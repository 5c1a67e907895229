/**
 * Why an address changed hands, in one value that is logged, counted and shown: from the moves of an election and what the
 * members were last known to be.
 */
import { type Evidence, formatEvidence, type Membership } from '../../../src/membership/membership.js';
import { type AddressKey, addressOfKey, formatAddress } from '../../../src/net/address.js';
import type { MoveCause, OwnerMove } from '../../../src/ownership/effects.js';
import type { OwnerChange } from '../messages.js';

/** `unanswerable` are the addresses that are this node's, and that it has no interface for. */
export function ownerChange(move: OwnerMove, membership: Membership, unanswerable: ReadonlySet<AddressKey>): OwnerChange {
  const { key, from, to, cause, tookMs } = move;
  const address = formatAddress(addressOfKey(key));
  const ends = { address, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  if (cause !== undefined)
    return { ...ends, kind: cause, evidence: because(cause, ends), ...(tookMs === undefined ? {} : { tookMs }) };
  const gone = membership.members.find(({ name, state }) => name === from && state !== 'alive');
  if (gone !== undefined) {
    const { evidence } = gone;
    return { ...ends, kind: evidence.kind, evidence: `${gone.name} ${formatEvidence(evidence)}`, ...silenceOf(evidence) };
  }
  if (from === to) return { ...ends, kind: 'interfaces', evidence: 'its interfaces changed' };
  if (to === undefined && unanswerable.has(key)) {
    return { ...ends, kind: 'interfaces', evidence: 'no interface that it may be announced on can be answered on' };
  }
  if (to === undefined)
    return { ...ends, kind: 'withdrawn', evidence: 'no longer announced, or no node that may announce it is live' };
  if (from === undefined) return { ...ends, kind: 'first', evidence: 'first live node of the ranking; nobody owned it before' };
  return { ...ends, kind: 'ranking', evidence: `${to} is now the first live node of the ranking` };
}

function because(cause: MoveCause, { from = 'nobody', to = 'nobody' }: { readonly from?: string; readonly to?: string }): string {
  switch (cause) {
    case 'handover':
      return `${from} handed it over to ${to}`;
    case 'no-answer':
      return `${from} was asked for it and did not answer`;
    case 'conflict':
      return 'a host that is none of the nodes claims it, and this node yields';
    case 'orphan':
      return `nobody answered for it, ${from} neither`;
    case 'claimed':
      return `${to} claims it`;
    case 'split-view':
      return `${to} claims it again and again, and comes first while the views differ`;
    case 'stall':
      return 'this node stood still, and others may have taken over';
  }
}

function silenceOf(evidence: Evidence): { readonly silenceMs?: number } {
  if (evidence.kind === 'silence') return { silenceMs: evidence.silentMs };
  return evidence.kind === 'crash' ? { silenceMs: evidence.sinceMs } : {};
}
