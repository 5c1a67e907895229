/**
 * Consecutive addresses of a subnet that nobody has, from the top: routers and hand-numbered hosts gather at the bottom.
 */
import { type Issue, issue, malformed, type Parsed, parsed } from '../issue/issue.js';
import { addressFromBigInt, addressToBigInt } from '../net/address.js';
import { type Range, rangeOf, rangeSize } from '../net/range.js';
import { rangeSet, subtract } from '../net/rangeset.js';
import { formatSubnet, type Subnet, unusableIn } from './subnet.js';

/** The highest `size` free addresses in a row; `taken` are those of other pools. SUBNET_FULL says how many there are at most. */
export function highestFree(subnet: Subnet, taken: readonly Range[], size: number): Parsed<Range> {
  if (!Number.isSafeInteger(size) || size < 1) {
    return malformed(issue('FIELD_INVALID', 'size', `must be a whole number from 1, not ${size}`));
  }
  const occupied = subnet.occupied.map(({ range }) => range);
  const unusable = unusableIn(subnet).map(({ address }) => ({ first: address, last: address }));
  const free = subtract([rangeOf(subnet.prefix)], rangeSet([...occupied, ...unusable, ...taken]));
  const wanted = BigInt(size);
  const found = free.findLast((range) => rangeSize(range) >= wanted);
  if (found === undefined) return malformed(full(subnet, size, free));
  const { last } = found;
  return parsed({ first: addressFromBigInt(last.family, addressToBigInt(last) - wanted + 1n), last });
}

function full(subnet: Subnet, size: number, free: readonly Range[]): Issue {
  const [most = 0n] = free.map(rangeSize).sort((a, b) => (a > b ? -1 : 1));
  const message = `subnet ${formatSubnet(subnet)} has no ${size} free addresses in a row; the most in one piece are ${most}`;
  return issue('SUBNET_FULL', 'size', message);
}
