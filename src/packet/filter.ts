/**
 * The text of the pcap filter by which the kernel hands us only ARP requests that may be for us (pcap-filter(7)). A filter
 * is a sieve, not a decision: what it lets through is decided again, so it may be too wide but never too narrow.
 */
import { type Address, compareAddresses, type Ipv4, ipv4 } from '../net/address.js';
import { formatMac, type Mac } from '../net/mac.js';
import type { Prefix } from '../net/prefix.js';
import { prefixesOf, type Range } from '../net/range.js';
import { rangeSet } from '../net/rangeset.js';
import { ARP_FRAME_LENGTH, ARP_LONGEST_LENGTH } from './arp.js';

/** Prefixes a filter names at most: each is a few instructions that every ARP frame runs through. */
const FILTER_PREFIX_LIMIT = 64;

export interface CaptureFilter {
  /** The interface's own address, whose frames we would otherwise hear ourselves send. */
  readonly mac: Mac;
  /** Where targets may lie. IPv6 prefixes are left out: ARP has none. */
  readonly prefixes: readonly Prefix[];
}

/** What is no whole ARP packet for IPv4 over Ethernet comes through, so that it is counted instead of vanishing. */
const MALFORMED = `len < ${ARP_FRAME_LENGTH} or len > ${ARP_LONGEST_LENGTH} or arp[0:2] != 1 or arp[2:2] != 0x0800 or arp[4:2] != 0x0604`;

/**
 * The filter: ARP requests (gratuitous ones too) for a target within `prefixes`, and malformed ARP, not sent by `mac`, without a VLAN tag.
 *
 * `not vlan` stands last because the word moves the offsets of everything after it. It is needed although a tagged frame
 * has another type on the wire: the kernel takes the tag out of the frame and keeps it beside it.
 */
export function captureFilter({ mac, prefixes }: CaptureFilter): string {
  const targets = prefixes.flatMap(({ address, length }) =>
    address.family === 'IPv4' ? [targetWithin(address.value, length)] : [],
  );
  // libpcap refuses a filter that can never match. Nobody asks who has 0.0.0.0.
  const target = targets.length === 0 ? targetWithin(0, 32) : targets.join(' or ');
  return `arp and not ether src ${formatMac(mac)} and (${MALFORMED} or (arp[6:2] = 1 and (${target}))) and not vlan`;
}

function targetWithin(address: Ipv4, length: number): string {
  const value = `0x${address.toString(16).padStart(8, '0')}`;
  return length === 32 ? `arp[24:4] = ${value}` : `(arp[24:4] & 0x${maskOf(length).toString(16).padStart(8, '0')}) = ${value}`;
}

/**
 * At most `limit` IPv4 prefixes, ascending and disjoint, that cover every IPv4 address of `ranges`: exactly if that is
 * possible, else with the closest neighbours joined first. IPv6 ranges are left out. `limit` is at least 1.
 */
export function coveringPrefixes(ranges: Iterable<Range>, limit: number = FILTER_PREFIX_LIMIT): Prefix[] {
  const ipv4Ranges = [...ranges].filter(({ first }) => first.family === 'IPv4');
  let prefixes = rangeSet(ipv4Ranges).ranges.flatMap(prefixesOf);
  for (let length = 31; length >= 0 && prefixes.length > limit; length--) prefixes = joinNeighbours(prefixes, length, limit);
  return prefixes;
}

/** Joins neighbours that share `length` bits into one prefix of that length, until no more than `limit` are left. */
function joinNeighbours(prefixes: readonly Prefix[], length: number, limit: number): Prefix[] {
  const joined: Prefix[] = [];
  let left = prefixes.length;
  for (const prefix of prefixes) {
    const before = joined.at(-1);
    if (before !== undefined && left > limit && sharesBits(before.address, prefix.address, length)) {
      joined[joined.length - 1] = truncate(before, length);
      left--;
    } else if (before === undefined || !sharesBits(before.address, prefix.address, before.length)) {
      joined.push(prefix);
    }
  }
  return joined;
}

function truncate({ address }: Prefix, length: number): Prefix {
  return { address: address.family === 'IPv4' ? ipv4((address.value & maskOf(length)) >>> 0) : address, length };
}

const sharesBits = (a: Address, b: Address, length: number): boolean =>
  a.family === 'IPv4' && b.family === 'IPv4' ? ((a.value ^ b.value) & maskOf(length)) === 0 : compareAddresses(a, b) === 0;

/** A shift by 32 is a shift by 0 in JavaScript, hence the case of its own. */
const maskOf = (length: number): number => (length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0);
