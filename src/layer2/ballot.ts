/**
 * The announcements as elections need them: addresses parsed, names of nodes written once, rankings as numbers. The view thread
 * makes it, because to parse or to clone the rankings of thousands of addresses would keep the wire thread from its frames for
 * a tenth of a second; this is cloned in a few milliseconds, and read as it came.
 */
import { type AddressKey, addressKey, parseAddress } from '../net/address.js';
import { type Announcement, NEAR } from './announcement.js';

/** Interfaces an address is answered on: all, or those named. */
export type On = 'all' | ReadonlySet<string>;

export interface Ballot {
  /** Every node that is in a ranking. */
  readonly nodes: readonly string[];
  /** One an entry. */
  readonly keys: readonly AddressKey[];
  /** Interfaces of this node, one an entry; entries with the same interfaces share one set. */
  readonly on: readonly On[];
  /** The rankings one after another, as places in {@link nodes}; best first. */
  readonly rankings: Uint16Array;
  /** Where the ranking of each entry ends; it begins where the one before ends. */
  readonly ends: Uint32Array;
  /** One an entry: 1 where this node may answer until another does, although it is not ranked. */
  readonly stays: Uint8Array;
}

export const NO_BALLOT: Ballot = {
  nodes: [],
  keys: [],
  on: [],
  rankings: new Uint16Array(),
  ends: new Uint32Array(),
  stays: new Uint8Array(),
};

/** An address that is no address is left out: it cannot be on the wire. */
export function ballotOf(announcements: readonly Announcement[]): Ballot {
  const places = new Map<string, number>();
  const interfaces = new Map<string, On>();
  const [keys, on, ends, stays]: [AddressKey[], On[], number[], number[]] = [[], [], [], []];
  const rankings: number[] = [];
  for (const announcement of announcements) {
    const address = parseAddress(announcement.address);
    if (!address.ok) continue;
    for (const node of announcement.ranking) {
      const place = places.get(node) ?? places.size;
      places.set(node, place);
      rankings.push(place);
    }
    keys.push(addressKey(address.value));
    on.push(sharedIn(interfaces, announcement.interfaces));
    ends.push(rankings.length);
    stays.push(announcement.mayStay === true ? 1 : 0);
  }
  return {
    nodes: [...places.keys()],
    keys,
    on,
    rankings: Uint16Array.from(rankings),
    ends: Uint32Array.from(ends),
    stays: Uint8Array.from(stays),
  };
}

function sharedIn(known: Map<string, On>, interfaces: Announcement['interfaces']): On {
  if (interfaces === 'all') return 'all';
  const text = interfaces.join(' ');
  const shared = known.get(text) ?? new Set(interfaces);
  known.set(text, shared);
  return shared;
}

/** Whether `node` may soon have to answer for the address of entry `i`: see {@link isNear}. */
export function isEntryNear({ rankings, ends }: Ballot, i: number, place: number): boolean {
  const begin = beginOf(ends, i);
  for (let at = begin; at < Math.min(begin + NEAR, ends[i] ?? 0); at++) if (rankings[at] === place) return true;
  return false;
}

/** Where the ranking of entry `i` begins in {@link Ballot.rankings}. */
export const beginOf = (ends: Uint32Array, i: number): number => (i === 0 ? 0 : (ends[i - 1] ?? 0));
