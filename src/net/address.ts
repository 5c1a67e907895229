/**
 * An IP address: IPv4 as one unsigned 32-bit number, IPv6 as four, most significant first.
 *
 * Text is strict on the way in and RFC 5952 on the way out, so equal addresses have equal text: the election hashes that
 * text, and maps use it as their key.
 */
import { type Issue, issue, malformed, type Parsed, parsed } from '../issue/issue.js';

/** An IPv4 address as an unsigned 32-bit number, so that a lookup on the frame path needs no string. */
export type Ipv4 = number;
export type Words = readonly [number, number, number, number];
export type Family = 'IPv4' | 'IPv6';
export type Address =
  | { readonly family: 'IPv4'; readonly value: Ipv4 }
  /** With its {@link addressKey}, made once: to make it again for each look-up costs more than the look-up. */
  | { readonly family: 'IPv6'; readonly words: Words; readonly key: string };

export const ipv4 = (value: Ipv4): Address => ({ family: 'IPv4', value });
export const ipv6 = (words: Words): Address => ({ family: 'IPv6', words, key: keyOf(words) });

/** Reads dotted-quad IPv4 or RFC 4291 IPv6. ADDRESS_MALFORMED says what is wrong: leading zeros, a zone, too few parts. */
export function parseAddress(text: string, path = ''): Parsed<Address> {
  const quick = quickIpv4(text);
  if (quick !== undefined) return parsed(ipv4(quick));
  const read = text.trim() === '' ? 'it is empty' : text.includes(':') ? readIpv6(text) : readIpv4(text);
  return typeof read === 'string' ? malformed(notAnAddress(text, path, read)) : parsed(read);
}

export const formatAddress = (address: Address): string =>
  address.family === 'IPv4' ? formatIpv4(address.value) : formatIpv6(address.words);

export const formatIpv4 = (value: Ipv4): string =>
  `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;

/** Equal for equal addresses: a number for IPv4, the eight groups as the code units of a text for IPv6. */
export type AddressKey = Ipv4 | string;

export const addressKey = (address: Address): AddressKey => (address.family === 'IPv4' ? address.value : address.key);

function keyOf(words: Words): string {
  const [a, b, c, d] = [words[0], words[1], words[2], words[3]];
  return String.fromCharCode(a >>> 16, a & 0xffff, b >>> 16, b & 0xffff, c >>> 16, c & 0xffff, d >>> 16, d & 0xffff);
}

/** The inverse of {@link addressKey}. */
export function addressOfKey(key: AddressKey): Address {
  if (typeof key === 'number') return ipv4(key);
  const word = (at: number): number => key.charCodeAt(at) * 0x10000 + key.charCodeAt(at + 1);
  return ipv6([word(0), word(2), word(4), word(6)]);
}

/** Negative, zero or positive; IPv4 sorts before IPv6. */
export function compareAddresses(a: Address, b: Address): number {
  if (a.family === 'IPv4') return b.family === 'IPv4' ? a.value - b.value : -1;
  if (b.family === 'IPv4') return 1;
  const { words } = a;
  const { words: others } = b;
  return words[0] - others[0] || words[1] - others[1] || words[2] - others[2] || words[3] - others[3];
}

export const sameAddress = (a: Address, b: Address): boolean => compareAddresses(a, b) === 0;

/** The address as an integer, for arithmetic away from the frame path. */
export const addressToBigInt = (address: Address): bigint =>
  address.family === 'IPv4' ? BigInt(address.value) : address.words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n);

/** The inverse of {@link addressToBigInt}. The caller keeps `value` inside the family. */
export function addressFromBigInt(family: Family, value: bigint): Address {
  if (family === 'IPv4') return ipv4(Number(value));
  const word = (shift: bigint): number => Number((value >> shift) & 0xffffffffn);
  return ipv6([word(96n), word(64n), word(32n), word(0n)]);
}

/** The address after `address`; undefined after the last of its family. */
export function nextAddress(address: Address): Address | undefined {
  if (address.family === 'IPv4') return address.value === 0xffffffff ? undefined : ipv4(address.value + 1);
  const { words } = address;
  const next: [number, number, number, number] = [words[0], words[1], words[2], words[3]];
  for (let i = 3; i >= 0; i--) {
    const word = next[i] ?? 0;
    next[i] = word === 0xffffffff ? 0 : word + 1;
    if (next[i] !== 0) return ipv6(next);
  }
  return undefined;
}

/** The address before `address`; undefined before the first of its family. */
export function previousAddress(address: Address): Address | undefined {
  const value = addressToBigInt(address);
  return value === 0n ? undefined : addressFromBigInt(address.family, value - 1n);
}

/** `.0` and `.255`, which some network equipment drops (avoidBuggyIPs). IPv6 has none. */
export const isBuggy = (address: Address): boolean =>
  address.family === 'IPv4' && ((address.value & 255) === 0 || (address.value & 255) === 255);

function notAnAddress(text: string, path: string, why: string): Issue {
  return issue('ADDRESS_MALFORMED', path, `"${text}" is not an IP address: ${why}`);
}

/** A good IPv4 address, read in one pass; what is wrong with any other text is for {@link readIpv4} to say. */
function quickIpv4(text: string): Ipv4 | undefined {
  let [value, octet, digits, dots] = [0, 0, 0, 0];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === DOT && digits > 0 && dots < 3) {
      value = value * 256 + octet;
      [octet, digits] = [0, 0];
      dots++;
    } else if (code >= ZERO && code <= NINE && !(digits > 0 && octet === 0)) {
      octet = octet * 10 + code - ZERO;
      digits++;
      if (octet > 255) return undefined;
    } else return undefined;
  }
  return dots === 3 && digits > 0 ? value * 256 + octet : undefined;
}

const [DOT, ZERO, NINE] = [0x2e, 0x30, 0x39] as const;

function readIpv4(text: string): Address | string {
  const parts = text.split('.');
  if (parts.length !== 4) return `IPv4 has four numbers between dots, this has ${parts.length}`;
  let value = 0;
  for (const part of parts) {
    const octet = readOctet(part);
    if (typeof octet === 'string') return octet;
    value = value * 256 + octet;
  }
  return ipv4(value);
}

function readOctet(part: string): number | string {
  if (part === '') return 'a number is missing between two dots';
  if (part.trim() !== part) return 'there is a space in it';
  if (!/^[0-9]+$/.test(part)) return `"${part}" is not a decimal number`;
  if (part.length > 1 && part.startsWith('0')) return `"${part}" has a leading zero, which some programs read as octal`;
  const octet = Number(part);
  return octet > 255 ? `${part} is more than 255` : octet;
}

function readIpv6(text: string): Address | string {
  if (text.includes('%')) return 'a zone (after %) means something on one host only';
  const halves = text.split('::');
  if (halves.length > 2) return '"::" may stand once';
  const head = readGroups(halves[0] ?? '', halves.length === 1);
  if (typeof head === 'string') return head;
  const tail = halves.length === 1 ? [] : readGroups(halves[1] ?? '', true);
  if (typeof tail === 'string') return tail;

  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 && missing !== 0) return `IPv6 has eight groups, this has ${head.length}`;
  if (halves.length === 2 && missing < 1) return '"::" stands for at least one group, and there are eight without it';
  const groups = [...head, ...Array<number>(missing).fill(0), ...tail];
  const word = (i: number): number => (groups[i] ?? 0) * 0x10000 + (groups[i + 1] ?? 0);
  return ipv6([word(0), word(2), word(4), word(6)]);
}

/** The groups of one side of `::`. Only the last side may end in a dotted quad (RFC 4291 §2.2). */
function readGroups(text: string, last: boolean): number[] | string {
  if (text === '') return [];
  const parts = text.split(':');
  const groups: number[] = [];
  for (const [i, part] of parts.entries()) {
    if (last && i === parts.length - 1 && part.includes('.')) {
      const quad = readIpv4(part);
      if (typeof quad === 'string') return quad;
      if (quad.family === 'IPv4') groups.push(quad.value >>> 16, quad.value & 0xffff);
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      return part === '' ? 'a group is missing between two colons' : `"${part}" is not a group of one to four hexadecimal digits`;
    }
  }
  return groups;
}

/** RFC 5952 §4 and §5: lower case, no leading zeros, the longest run of two or more zero groups (the first of equals) as `::`. */
function formatIpv6(words: Words): string {
  if (words[0] === 0 && words[1] === 0 && words[2] === 0xffff) return `::ffff:${formatIpv4(words[3])}`;
  const { at, end } = longestZeros(words);
  if (at === end) return groupsText(words, 0, 8);
  return `${groupsText(words, 0, at)}::${groupsText(words, end, 8)}`;
}

/** The groups from `at` to before `end`; none when no two zero groups stand side by side. */
function longestZeros(words: Words): { readonly at: number; readonly end: number } {
  let [at, end, zeros] = [0, 0, 0];
  for (let i = 0; i < 8; i++) {
    zeros = group(words, i) === 0 ? zeros + 1 : 0;
    if (zeros > 1 && zeros > end - at) [at, end] = [i + 1 - zeros, i + 1];
  }
  return { at, end };
}

function groupsText(words: Words, from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++) text += i === from ? group(words, i).toString(16) : `:${group(words, i).toString(16)}`;
  return text;
}

function group(words: Words, i: number): number {
  const word = words[i >> 1] ?? 0;
  return i % 2 === 0 ? word >>> 16 : word & 0xffff;
}
