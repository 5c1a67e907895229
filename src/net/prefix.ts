/**
 * A CIDR prefix: the addresses that share their first `length` bits. Host bits are masked off when one is read, as
 * `net.ParseCIDR` does and as MetalLB's users rely on: `192.168.10.100/24` is `192.168.10.0/24`.
 */
import { issue, malformed, type Parsed, parsed } from '../issue/issue.js';
import { type Address, type Family, formatAddress, ipv4, ipv6, parseAddress } from './address.js';

export interface Prefix {
  /** The lowest address: all host bits are zero. */
  readonly address: Address;
  readonly length: number;
}

export const widthOf = (family: Family): number => (family === 'IPv4' ? 32 : 128);

/** Reads `192.168.10.0/24` or `2001:db8::/64`. PREFIX_MALFORMED (or ADDRESS_MALFORMED) says what is wrong. */
export function parsePrefix(text: string, path = ''): Parsed<Prefix> {
  const wrong = (why: string): Parsed<never> =>
    malformed(issue('PREFIX_MALFORMED', path, `"${text}" is not a CIDR prefix: ${why}`));
  const slash = text.indexOf('/');
  if (slash === -1) return wrong('there is no "/" (a single address is written /32, or /128 for IPv6)');
  const address = parseAddress(text.slice(0, slash), path);
  if (!address.ok) return address;
  if (isIpv4Mapped(address.value)) return wrong('IPv4-mapped IPv6; write the IPv4 prefix instead');

  const digits = text.slice(slash + 1);
  const width = widthOf(address.value.family);
  if (!/^(0|[1-9][0-9]{0,2})$/.test(digits) || Number(digits) > width) {
    return wrong(`the length of an ${address.value.family} prefix is a number from 0 to ${width}, not "${digits}"`);
  }
  return parsed(prefixOf(address.value, Number(digits)));
}

/** The prefix of `length` bits around `address`. */
export function prefixOf(address: Address, length: number): Prefix {
  const kept = (word: number, depth: number): number => (word & maskOf(length - depth * 32)) >>> 0;
  if (address.family === 'IPv4') return { address: ipv4(kept(address.value, 0)), length };
  const [a, b, c, d] = address.words;
  return { address: ipv6([kept(a, 0), kept(b, 1), kept(c, 2), kept(d, 3)]), length };
}

/** Whether `address` is of the prefix's family and has its first bits. */
export function prefixContains({ address: network, length }: Prefix, address: Address): boolean {
  if (network.family === 'IPv4') {
    return address.family === 'IPv4' && ((network.value ^ address.value) & maskOf(length)) === 0;
  }
  return (
    address.family === 'IPv6' &&
    network.words.every((word, i) => ((word ^ (address.words[i] ?? 0)) & maskOf(length - i * 32)) === 0)
  );
}

/** The first `bits` of a word, which may be more than it has or less than none. A shift by 32 is a shift by 0 in JavaScript. */
export const maskOf = (bits: number): number => (bits <= 0 ? 0 : bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0);

export const formatPrefix = ({ address, length }: Prefix): string => `${formatAddress(address)}/${length}`;

export const isIpv4Mapped = (address: Address): boolean =>
  address.family === 'IPv6' && address.words[0] === 0 && address.words[1] === 0 && address.words[2] === 0xffff;
