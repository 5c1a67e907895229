/**
 * The text of the pcap filter by which the kernel hands us only what may be for us (pcap-filter(7)): questions about our
 * addresses, and what others say about them. A filter is a sieve, not a decision: what it lets through is decided again, so
 * it may be too wide but never too narrow.
 */
import type { Address } from '../net/address.js';
import { formatMac, type Mac } from '../net/mac.js';
import { maskOf, type Prefix, prefixContains, prefixOf, widthOf } from '../net/prefix.js';
import { prefixesOf, type Range } from '../net/range.js';
import { rangeSet } from '../net/rangeset.js';
import { ARP_FRAME_LENGTH, ARP_LONGEST_LENGTH } from './arp.js';

/** Prefixes a filter names at most: each is a few instructions that every ARP or neighbour frame runs through. */
const FILTER_PREFIX_LIMIT = 64;

export interface CaptureFilter {
  /** The interface's own address, whose frames we would otherwise hear ourselves send. */
  readonly mac: Mac;
  /** Where our addresses may lie. */
  readonly prefixes: readonly Prefix[];
}

/** What is no whole ARP packet for IPv4 over Ethernet comes through, so that it is counted instead of vanishing. */
const MALFORMED = `len < ${ARP_FRAME_LENGTH} or len > ${ARP_LONGEST_LENGTH} or arp[0:2] != 1 or arp[2:2] != 0x0800 or arp[4:2] != 0x0604`;

/** Where an address lies in a frame: the words of it, in pcap's terms. */
const ARP_SENDER = ['arp[14:4]'];
const ARP_TARGET = ['arp[24:4]'];
const NEIGHBOUR_TARGET = ['ip6[48:4]', 'ip6[52:4]', 'ip6[56:4]', 'ip6[60:4]'];

/**
 * The filter, for frames without a VLAN tag that `mac` did not send: ARP requests for a target within `prefixes`, ARP of any
 * kind from a sender within them, malformed ARP; IPv6 neighbour solicitations and advertisements for a target within them, if no
 * extension header stands before them; and answers of both families to `mac` alone, which may have asked about any address.
 *
 * In a filter `and` and `or` bind alike, from left to right: hence every parenthesis. `not vlan` stands last because the word
 * moves the offsets of everything after it. It is needed although a tagged frame has another type on the wire: the kernel
 * takes the tag out of the frame and keeps it beside it.
 */
export function captureFilter({ mac, prefixes }: CaptureFilter): string {
  const bits = prefixes.map(bitsOf);
  const ofArp = bits.filter(({ words }) => words.length === 1);
  const ofNeighbours = bits.filter(({ words }) => words.length === 4);
  // The type stands first: it is all that most frames are asked for. Our own frames are few.
  const notOurs = `not ether src ${formatMac(mac)}`;
  const toUs = `ether dst ${formatMac(mac)}`;
  const arp = [MALFORMED, ...wantedArp(ofArp), `(arp[6:2] = 2 and ${toUs})`];
  const neighbours = [...wantedNeighbours(ofNeighbours), `(ip6[40] = 136 and ${toUs})`];
  return `((arp and ${notOurs} and (${arp.join(' or ')})) or (ip6[6] = 58 and ${notOurs} and (${neighbours.join(' or ')}))) and not vlan`;
}

const wantedArp = (prefixes: readonly Bits[]): readonly string[] =>
  prefixes.length === 0 ? [] : [`(arp[6:2] = 1 and ${within(ARP_TARGET, prefixes)})`, within(ARP_SENDER, prefixes)];

const wantedNeighbours = (prefixes: readonly Bits[]): readonly string[] =>
  prefixes.length === 0 ? [] : [`((ip6[40] = 135 or ip6[40] = 136) and ${within(NEIGHBOUR_TARGET, prefixes)})`];

/** A prefix of either family, as the words of its address: one, or four. */
interface Bits {
  readonly words: readonly number[];
  /** How many bits of them count; the others are 0. */
  readonly length: number;
}

const bitsOf = ({ address, length }: Prefix): Bits => ({ words: wordsOf(address), length });
const wordsOf = (address: Address): readonly number[] => (address.family === 'IPv4' ? [address.value] : address.words);

/** That the words from `depth` on lie in one of `prefixes`, of which there is one. What they have in common is asked once. */
function within(fields: readonly string[], prefixes: readonly Bits[], depth = 0): string {
  const field = fields[depth];
  const ending: string[] = [];
  const going = new Map<number, Bits[]>();
  for (const prefix of prefixes) {
    const word = prefix.words[depth] ?? 0;
    const bits = prefix.length - depth * 32;
    if (bits > 32) going.set(word, [...(going.get(word) ?? []), prefix]);
    else ending.push(bits === 32 ? `${field} = ${hexWord(word)}` : `(${field} & ${hexWord(maskOf(bits))}) = ${hexWord(word)}`);
  }
  const further = [...going].map(([word, some]) => `(${field} = ${hexWord(word)} and ${within(fields, some, depth + 1)})`);
  const all = [...ending, ...further];
  return all.length === 1 ? all.join() : `(${all.join(' or ')})`;
}

const hexWord = (word: number): string => `0x${word.toString(16).padStart(8, '0')}`;

/**
 * At most `limit` prefixes, ascending and disjoint, that cover every address of `ranges`: exactly if that is possible, else
 * with the closest neighbours joined first. Where both families have more than half of `limit`, each gets half. One of each
 * family is always left, so `limit` is at least 1, or 2 for both.
 */
export function coveringPrefixes(ranges: Iterable<Range>, limit: number = FILTER_PREFIX_LIMIT): Prefix[] {
  const exact = rangeSet(ranges).ranges.flatMap(prefixesOf);
  const ofIpv4 = exact.filter(({ address }) => address.family === 'IPv4');
  const ofIpv6 = exact.filter(({ address }) => address.family === 'IPv6');
  const joined = join(ofIpv4, Math.max(limit - ofIpv6.length, limit / 2));
  return [...joined, ...join(ofIpv6, limit - joined.length)];
}

/** Joins the closest neighbours among prefixes of one family until no more than `limit` are left, or one. */
function join(exact: readonly Prefix[], limit: number): readonly Prefix[] {
  const width = exact[0] === undefined ? 0 : widthOf(exact[0].address.family);
  let prefixes = exact;
  for (let length = width - 1; length >= 0 && prefixes.length > limit; length--)
    prefixes = joinNeighbours(prefixes, length, limit);
  return prefixes;
}

/** Joins neighbours that share `length` bits into one prefix of that length, until no more than `limit` are left. */
function joinNeighbours(prefixes: readonly Prefix[], length: number, limit: number): Prefix[] {
  const joined: Prefix[] = [];
  let left = prefixes.length;
  for (const prefix of prefixes) {
    const before = joined.at(-1);
    if (before !== undefined && left > limit && prefixContains({ address: before.address, length }, prefix.address)) {
      joined[joined.length - 1] = prefixOf(before.address, length);
      left--;
    } else if (before === undefined || !prefixContains(before, prefix.address)) {
      joined.push(prefix);
    }
  }
  return joined;
}
