/**
 * Who owns each address right now, and which this node claims: the announcements met with who is live. The owner is the
 * first live node of the ranking, so every node that sees the same members names the same owner.
 */
import { type AddressKey, addressKey, parseAddress } from '../net/address.js';
import type { Announcement } from './announcement.js';

/** Interfaces an address is answered on: all, or those named. */
export type On = 'all' | ReadonlySet<string>;

/** The addresses this node claims, and the interfaces it answers on for each. The table of the frame path. */
export type Claims = ReadonlyMap<AddressKey, On>;

/** The announcements, parsed once for many elections. */
export interface Ballot {
  readonly entries: readonly BallotEntry[];
}

export interface BallotEntry {
  readonly announcement: Announcement;
  readonly key: AddressKey;
  readonly on: On;
}

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

export const NO_BALLOT: Ballot = { entries: [] };
export const NO_ELECTION: Election = { owners: new Map(), claims: new Map(), unanswerable: new Set() };

/** The first live node of a ranking: undefined when none is. */
export const ownerOf = (ranking: readonly string[], live: ReadonlySet<string>): string | undefined =>
  ranking.find((node) => live.has(node));

/** Prepares announcements for {@link elect}. An address that is no address is left out: it cannot be on the wire. */
export function ballotOf(announcements: readonly Announcement[]): Ballot {
  return {
    entries: announcements.flatMap((announcement): BallotEntry[] => {
      const address = parseAddress(announcement.address);
      if (!address.ok) return [];
      const on = announcement.interfaces === 'all' ? 'all' : new Set(announcement.interfaces);
      return [{ announcement, key: addressKey(address.value), on }];
    }),
  };
}

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
  for (const { announcement, key, on } of ballot.entries) {
    const owner = ownerOf(announcement.ranking, live);
    if (owner === undefined) continue;
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
