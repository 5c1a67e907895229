/**
 * Why an address changed hands, in one value that is logged, counted and shown: from the moves of an election and what the
 * members were last known to be.
 */
import type { Move } from '../../../src/layer2/claims.js';
import { type Evidence, formatEvidence, type Membership } from '../../../src/membership/membership.js';
import { type AddressKey, addressOfKey, formatAddress } from '../../../src/net/address.js';
import type { OwnerChange } from '../messages.js';

/** `unanswerable` are the addresses that are this node's, and that it has no interface for. */
export function ownerChange(move: Move, membership: Membership, unanswerable: ReadonlySet<AddressKey>): OwnerChange {
  const { key, from, to } = move;
  const address = formatAddress(addressOfKey(key));
  const ends = { address, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
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

function silenceOf(evidence: Evidence): { readonly silenceMs?: number } {
  if (evidence.kind === 'silence') return { silenceMs: evidence.silentMs };
  return evidence.kind === 'crash' ? { silenceMs: evidence.sinceMs } : {};
}
