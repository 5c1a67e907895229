/**
 * Who owns each address right now, and which this node claims: the announcements met with who is live. The owner is the
 * first live node of the ranking, so every node that sees the same members names the same owner.
 */
import type { AddressKey } from '../net/address.js';
import { type Ballot, type On, ownersOf } from './ballot.js';

/** The addresses this node claims, and the interfaces it answers on for each. The table of the frame path. */
export type Claims = ReadonlyMap<AddressKey, On>;

export interface Election {
  /** Owners by address. An address whose ranking has no live node is absent, as is ours while we cannot answer for it. */
  readonly owners: ReadonlyMap<AddressKey, string>;
  /** What this node answers. */
  readonly claims: Claims;
  /** Addresses whose owner this node is, and that it has no interface to answer on for. */
  readonly unanswerable: ReadonlySet<AddressKey>;
}

/** One address that changes hands, with this node on one side. An absent end is nobody. */
export interface Move {
  readonly key: AddressKey;
  readonly from?: string;
  readonly to?: string;
}

export interface ClaimsDiff {
  /** Now ours and not before, or ours on other interfaces than before (then `from` and `to` are both this node). */
  readonly claimed: readonly Move[];
  /** Ours before and not now. `to` is absent when nobody owns the address, or it is no longer announced. */
  readonly released: readonly Move[];
}

export const NO_ELECTION: Election = { owners: new Map(), claims: new Map(), unanswerable: new Set() };

export interface Voter {
  readonly name: string;
  /** Whether it has an interface among `on` that can answer for the address at present. */
  readonly canAnswer: (key: AddressKey, on: On) => boolean;
}

/** Elects an owner for each address. `live` holds this node too, if it may own anything at present. */
export function elect(ballot: Ballot, live: ReadonlySet<string>, self: Voter): Election {
  const owners = new Map<AddressKey, string>();
  const claims = new Map<AddressKey, On>();
  const unanswerable = new Set<AddressKey>();
  const places = ownersOf(ballot, live);
  for (const [i, key] of ballot.keys.entries()) {
    const owner = ballot.nodes[places[i] ?? -1];
    const on = ballot.on[i];
    if (owner === undefined || on === undefined) continue;
    if (owner === self.name && !self.canAnswer(key, on)) {
      unanswerable.add(key);
      continue;
    }
    owners.set(key, owner);
    if (owner === self.name) claims.set(key, on);
  }
  return { owners, claims, unanswerable };
}

/** What this node has to do on the wire to get from one election to the next, sorted as the elections are. */
export function diffElections(before: Election, after: Election, self: string): ClaimsDiff {
  const claimed: Move[] = [];
  const released: Move[] = [];
  for (const [key, on] of after.claims) {
    const from = before.owners.get(key);
    if (from !== self || !sameOn(before.claims.get(key), on)) claimed.push(move(key, from, self));
  }
  for (const key of before.claims.keys()) {
    const to = after.owners.get(key);
    if (to !== self) released.push(move(key, self, to));
  }
  return { claimed, released };
}

function sameOn(a: On | undefined, b: On): boolean {
  if (a === b) return true;
  if (a === undefined || a === 'all' || b === 'all') return false;
  return a.size === b.size && [...a].every((name) => b.has(name));
}

const move = (key: AddressKey, from: string | undefined, to: string | undefined): Move => ({
  key,
  ...(from === undefined ? {} : { from }),
  ...(to === undefined ? {} : { to }),
});
