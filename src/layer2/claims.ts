/**
 * Who owns each address right now, and which this node claims: the announcements met with who is live. The owner is the
 * first live node of the ranking, so every node that sees the same members names the same owner.
 */
import { type Ipv4, parseAddress } from '../net/address.js';
import type { Announcement } from './announcement.js';

/** Interfaces an address is answered on: all, or those named. */
export type On = 'all' | ReadonlySet<string>;

/** The IPv4 addresses this node claims, and the interfaces it answers on for each. The table of the frame path. */
export type Claims = ReadonlyMap<Ipv4, On>;

/** The announcements, parsed once for many elections. */
export interface Ballot {
  readonly entries: readonly BallotEntry[];
}

export interface BallotEntry {
  readonly announcement: Announcement;
  /** Undefined for IPv6, which is elected but has no place in the ARP table. */
  readonly ipv4: Ipv4 | undefined;
  readonly on: On;
}

export interface Election {
  /** Address (RFC 5952 text) → owner. An address whose ranking has no live node is absent. */
  readonly owners: ReadonlyMap<string, string>;
  /** What this node answers. Empty interface lists are left out. */
  readonly claims: Claims;
}

/** One address that changes hands, with this node on one side. An absent end is nobody. */
export interface Move {
  readonly address: string;
  /** Undefined for IPv6. */
  readonly ipv4: Ipv4 | undefined;
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
export const NO_ELECTION: Election = { owners: new Map(), claims: new Map() };

/** The first live node of a ranking: undefined when none is. */
export const ownerOf = (ranking: readonly string[], live: ReadonlySet<string>): string | undefined =>
  ranking.find((node) => live.has(node));

/** Prepares announcements for {@link elect}. An address that is no address is left out: it cannot be on the wire. */
export function ballotOf(announcements: readonly Announcement[]): Ballot {
  return {
    entries: announcements.flatMap((announcement): BallotEntry[] => {
      const address = parseAddress(announcement.address);
      if (!address.ok) return [];
      const ipv4 = address.value.family === 'IPv4' ? address.value.value : undefined;
      const on = announcement.interfaces === 'all' ? 'all' : new Set(announcement.interfaces);
      return [{ announcement, ipv4, on }];
    }),
  };
}

/** Elects an owner for each address. `live` holds this node too, if it may own anything at present. */
export function elect(ballot: Ballot, live: ReadonlySet<string>, self: string): Election {
  const owners = new Map<string, string>();
  const claims = new Map<Ipv4, On>();
  for (const { announcement, ipv4, on } of ballot.entries) {
    const owner = ownerOf(announcement.ranking, live);
    if (owner === undefined) continue;
    owners.set(announcement.address, owner);
    if (owner === self && ipv4 !== undefined && (on === 'all' || on.size > 0)) claims.set(ipv4, on);
  }
  return { owners, claims };
}

/** What this node has to do on the wire to get from one election to the next, sorted as the elections are. */
export function diffElections(before: Election, after: Election, self: string): ClaimsDiff {
  const claimed: Move[] = [];
  const released: Move[] = [];
  for (const [address, to] of after.owners) {
    const from = before.owners.get(address);
    if (to !== self) continue;
    const ipv4 = ipv4Of(address);
    if (from !== self || !sameOn(onOf(before, ipv4), onOf(after, ipv4))) claimed.push(move(address, ipv4, from, to));
  }
  for (const [address, from] of before.owners) {
    const to = after.owners.get(address);
    if (from === self && to !== self) released.push(move(address, ipv4Of(address), from, to));
  }
  return { claimed, released };
}

const onOf = ({ claims }: Election, ipv4: Ipv4 | undefined): On | undefined =>
  ipv4 === undefined ? undefined : claims.get(ipv4);

function sameOn(a: On | undefined, b: On | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || a === 'all' || b === 'all') return false;
  return a.size === b.size && [...a].every((name) => b.has(name));
}

function ipv4Of(address: string): Ipv4 | undefined {
  const read = parseAddress(address);
  return read.ok && read.value.family === 'IPv4' ? read.value.value : undefined;
}

function move(address: string, ipv4: Ipv4 | undefined, from: string | undefined, to: string | undefined): Move {
  return { address, ipv4, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}
