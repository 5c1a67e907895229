/**
 * Consecutive addresses of one family, both ends included, first ≤ last. Written `first-last` or as a CIDR prefix.
 */
import { issue, malformed, type Parsed, parsed } from '../issue/issue.js';
import { type Address, addressFromBigInt, addressToBigInt, compareAddresses, formatAddress, parseAddress } from './address.js';
import { isIpv4Mapped, type Prefix, parsePrefix, widthOf } from './prefix.js';

export interface Range {
  readonly first: Address;
  readonly last: Address;
}

/**
 * Reads what `spec.addresses` of a pool holds: `192.168.1.240-192.168.1.255` (spaces around the ends are allowed) or
 * `192.168.10.0/24`. The issue says which end is wrong and what is right.
 */
export function parseRange(text: string, path = ''): Parsed<Range> {
  if (text.trim() === '') {
    return malformed(issue('RANGE_MALFORMED', path, 'is empty; it must be a range (first-last) or a prefix'));
  }
  const dash = text.indexOf('-');
  if (dash === -1) {
    if (!text.includes('/')) {
      return malformed(
        issue(
          'RANGE_MALFORMED',
          path,
          `"${text}" is neither a range (first-last) nor a prefix; a single address is written ${singleAddress(text)}`,
        ),
      );
    }
    const prefix = parsePrefix(text, path);
    return prefix.ok ? parsed(rangeOf(prefix.value)) : prefix;
  }
  const first = parseAddress(text.slice(0, dash).trim(), path);
  if (!first.ok) return first;
  const last = parseAddress(text.slice(dash + 1).trim(), path);
  if (!last.ok) return last;
  return rangeBetween(first.value, last.value, path);
}

const singleAddress = (text: string): string => `${text}/${text.includes(':') ? 128 : 32}`;

function rangeBetween(first: Address, last: Address, path: string): Parsed<Range> {
  const [from, to] = [formatAddress(first), formatAddress(last)];
  if (isIpv4Mapped(first) || isIpv4Mapped(last)) {
    return malformed(issue('RANGE_MALFORMED', path, `"${from}-${to}" has an IPv4-mapped IPv6 end; write IPv4 addresses instead`));
  }
  if (first.family !== last.family) {
    return malformed(
      issue('RANGE_MIXED_FAMILIES', path, `the range starts with ${first.family} (${from}) and ends with ${last.family} (${to})`),
    );
  }
  if (compareAddresses(first, last) > 0) {
    return malformed(issue('RANGE_REVERSED', path, `the first address, ${from}, is after the last, ${to}; write ${to}-${from}`));
  }
  return parsed({ first, last });
}

export function rangeOf({ address, length }: Prefix): Range {
  const hosts = (1n << BigInt(widthOf(address.family) - length)) - 1n;
  return { first: address, last: addressFromBigInt(address.family, addressToBigInt(address) + hosts) };
}

export const rangeContains = (range: Range, address: Address): boolean =>
  compareAddresses(range.first, address) <= 0 && compareAddresses(address, range.last) <= 0;

export const rangesOverlap = (a: Range, b: Range): boolean =>
  compareAddresses(a.first, b.last) <= 0 && compareAddresses(b.first, a.last) <= 0;

/** The addresses that are in both; undefined when none is. */
export function sharedRange(a: Range, b: Range): Range | undefined {
  if (!rangesOverlap(a, b)) return undefined;
  const first = compareAddresses(a.first, b.first) >= 0 ? a.first : b.first;
  const last = compareAddresses(a.last, b.last) <= 0 ? a.last : b.last;
  return { first, last };
}

/** How many addresses the range has: up to 2^128. */
export const rangeSize = ({ first, last }: Range): bigint => addressToBigInt(last) - addressToBigInt(first) + 1n;

export const formatRange = ({ first, last }: Range): string => `${formatAddress(first)}-${formatAddress(last)}`;

/** The range in a sentence: `first-last`, or the one address it has. */
export const describeRange = (range: Range): string =>
  rangeSize(range) === 1n ? formatAddress(range.first) : formatRange(range);

/** The range as an entry of `spec.addresses`: {@link parseRange} reads it back. One address is a prefix of full length. */
export const formatEntry = (range: Range): string =>
  rangeSize(range) === 1n ? singleAddress(formatAddress(range.first)) : formatRange(range);

/** The fewest prefixes that cover exactly this range, ascending. */
export function prefixesOf({ first, last }: Range): Prefix[] {
  const width = widthOf(first.family);
  const end = addressToBigInt(last);
  const prefixes: Prefix[] = [];
  for (let at = addressToBigInt(first); at <= end; ) {
    let bits = 0;
    while (bits < width && (at & (1n << BigInt(bits))) === 0n && at + (1n << BigInt(bits + 1)) - 1n <= end) bits++;
    prefixes.push({ address: addressFromBigInt(first.family, at), length: width - bits });
    at += 1n << BigInt(bits);
  }
  return prefixes;
}
