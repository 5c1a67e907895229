/**
 * A pool whose author took some addresses out: excluded for good, or reserved by name for one Service each. No address is
 * taken twice, and all of them are the pool's own.
 */
import { createHash } from 'node:crypto';
import { type Issue, issue, malformed, type Parsed, parsed } from '../issue/issue.js';
import {
  type Address,
  addressFromBigInt,
  addressToBigInt,
  compareAddresses,
  type Family,
  formatAddress,
  isBuggy,
  nextAddress,
  sameAddress,
} from '../net/address.js';
import { describeRange, formatEntry, parseRange, type Range, rangeContains, rangeSize } from '../net/range.js';
import { rangeSet, setContains, subtract } from '../net/rangeset.js';

export interface Carving {
  /** The pool as it was before anything was taken out, in the order addresses are tried in. */
  readonly ranges: readonly Range[];
  readonly avoidBuggyIPs: boolean;
  readonly excluded: readonly Range[];
  /** By name. */
  readonly reserved: ReadonlyMap<string, Address>;
}

/** Of a pool with these `spec.addresses`; an entry that is no range is somebody else's to report. */
export const uncarved = (entries: readonly string[], avoidBuggyIPs: boolean): Carving => ({
  ranges: entries.map((text) => parseRange(text)).flatMap((read) => (read.ok ? [read.value] : [])),
  avoidBuggyIPs,
  excluded: [],
  reserved: new Map(),
});

const takenOut = ({ excluded, reserved }: Carving): readonly Range[] => [...excluded, ...[...reserved.values()].map(single)];

/** OUTSIDE_POOL when some of `range` is not the pool's, or is reserved. What is excluded already may be excluded again. */
export function exclude(carving: Carving, range: Range): Parsed<Carving> {
  const text = describeRange(range);
  const [outside] = subtract([range], rangeSet(carving.ranges));
  if (outside !== undefined)
    return malformed(outsidePool(`cannot exclude ${text}: ${describeRange(outside)} is not in the pool`));
  const reserved = [...carving.reserved].find(([, address]) => rangeContains(range, address));
  if (reserved !== undefined) {
    const [name, address] = reserved;
    return malformed(outsidePool(`cannot exclude ${text}: ${formatAddress(address)} is reserved for "${name}"`));
  }
  return parsed({ ...carving, excluded: [...carving.excluded, range] });
}

/** RESERVED_TWICE and OUTSIDE_POOL say why `name` cannot have `address`. */
export function reserveAddress(carving: Carving, name: string, address: Address): Parsed<Carving> {
  const twice = reservedAlready(carving, name);
  if (twice !== undefined) return malformed(twice);
  const text = formatAddress(address);
  const holder = [...carving.reserved].find(([, theirs]) => sameAddress(theirs, address));
  if (holder !== undefined) {
    return malformed(issue('RESERVED_TWICE', '', `cannot reserve ${text} for "${name}": it is reserved for "${holder[0]}"`));
  }
  const refuse = (why: string): Parsed<Carving> => malformed(outsidePool(`cannot reserve ${text} for "${name}": ${why}`));
  if (!carving.ranges.some((range) => rangeContains(range, address))) return refuse('it is not in the pool');
  if (setContains(rangeSet(carving.excluded), address)) return refuse('it is excluded from the pool');
  if (carving.avoidBuggyIPs && isBuggy(address)) return refuse('it ends in .0 or .255, and the pool has avoidBuggyIPs');
  return parsed(withReserved(carving, name, address));
}

/**
 * An address of `family` for `name`, by rendezvous hashing: every address has a rank for the name, and the lowest that is free
 * is chosen. So an address that joins the pool takes its fair share of names and no more, and a name moves only when its
 * address goes or is taken by a name before it. Of a range above {@link RANKED} addresses this holds within the power of two
 * it lies in.
 */
export function reserveAny(carving: Carving, name: string, family: Family): Parsed<Carving> {
  const twice = reservedAlready(carving, name);
  if (twice !== undefined) return malformed(twice);
  const ranges = carving.ranges.filter(({ first }) => first.family === family);
  const taken = rangeSet(takenOut(carving));
  const isUsable = (address: Address): boolean => !setContains(taken, address) && !(carving.avoidBuggyIPs && isBuggy(address));
  const address =
    lowestRanked(
      name,
      ranges.flatMap((range) => candidatesIn(range, name, isUsable)),
    ) ?? firstUsable(subtract(ranges, taken), carving.avoidBuggyIPs);
  if (address === undefined) {
    return malformed(
      issue('POOL_EXHAUSTED', '', `cannot reserve an address for "${name}": the pool has no free ${family} address`),
    );
  }
  return parsed(withReserved(carving, name, address));
}

/** `spec.addresses` of what is left: entries that nothing was taken from as they were written, the others in pieces. */
export function remaining(entries: readonly string[], carving: Carving): readonly string[] {
  const taken = takenOut(carving);
  if (taken.length === 0) return entries;
  const set = rangeSet(taken);
  return entries.flatMap((text) => {
    const read = parseRange(text);
    if (!read.ok) return [text];
    const pieces = subtract([read.value], set);
    const isWhole = pieces.length === 1 && pieces[0] !== undefined && rangeSize(pieces[0]) === rangeSize(read.value);
    return isWhole ? [text] : pieces.map(formatEntry);
  });
}

/** `spec.addresses` of the reserved addresses, ascending. */
export const reservedEntries = ({ reserved }: Carving): readonly string[] =>
  [...reserved.values()].sort(compareAddresses).map((address) => formatEntry(single(address)));

const withReserved = (carving: Carving, name: string, address: Address): Carving => ({
  ...carving,
  reserved: new Map([...carving.reserved, [name, address]]),
});

function reservedAlready({ reserved }: Carving, name: string): Issue | undefined {
  const address = reserved.get(name);
  if (address === undefined) return undefined;
  return issue('RESERVED_TWICE', '', `"${name}" has ${formatAddress(address)} reserved already`);
}

const outsidePool = (message: string): Issue => issue('OUTSIDE_POOL', '', message);

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** How many addresses of a range are ranked one by one, and how many draws a larger range has to find one. */
const RANKED = 4096;

/** All usable addresses of a small range; of a large one the first usable that the name draws. */
function candidatesIn(range: Range, name: string, isUsable: (address: Address) => boolean): Address[] {
  if (rangeSize(range) <= BigInt(RANKED)) return addressesOf(range).filter(isUsable);
  for (let i = 0; i < RANKED; i++) {
    const drawn = draw(range, digestOf(`${i}#${name}`));
    if (rangeContains(range, drawn) && isUsable(drawn)) return [drawn];
  }
  return [];
}

/** Any address of the smallest prefix around `range`: which one stays when the range grows or shrinks inside that prefix. */
function draw({ first, last }: Range, digest: string): Address {
  const [low, high] = [addressToBigInt(first), addressToBigInt(last)];
  const bits = BigInt((low ^ high).toString(2).length);
  return addressFromBigInt(first.family, ((low >> bits) << bits) | BigInt.asUintN(Number(bits), BigInt(`0x${digest}`)));
}

function addressesOf(range: Range): Address[] {
  const addresses: Address[] = [];
  for (let at: Address | undefined = range.first; at !== undefined && rangeContains(range, at); at = nextAddress(at)) {
    addresses.push(at);
  }
  return addresses;
}

function lowestRanked(name: string, addresses: readonly Address[]): Address | undefined {
  let lowest: { readonly rank: string; readonly address: Address } | undefined;
  for (const address of addresses) {
    const rank = digestOf(`${name}#${formatAddress(address)}`);
    if (lowest === undefined || rank < lowest.rank) lowest = { rank, address };
  }
  return lowest?.address;
}

/** Of three addresses in a row at most two are buggy, so this looks at three of each range. */
function firstUsable(ranges: readonly Range[], avoidBuggyIPs: boolean): Address | undefined {
  for (const range of ranges) {
    for (let at: Address | undefined = range.first; at !== undefined && rangeContains(range, at); at = nextAddress(at)) {
      if (!avoidBuggyIPs || !isBuggy(at)) return at;
    }
  }
  return undefined;
}

const single = (address: Address): Range => ({ first: address, last: address });
