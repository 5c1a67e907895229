/**
 * The lowest free address of one family of one pool, in the order the pool gives addresses (metallb-behaviour §3.4.2),
 * without looking twice at one that is taken.
 *
 * Below the frontier every address is taken or stands in `returned`; at and above it nothing is known. The frontier only
 * rises, so a pool is scanned once in its life, and a full one costs nothing.
 */
import type { Pool } from '../config/config.js';
import { type Address, type Family, isBuggy, nextAddress, sameAddress } from '../net/address.js';
import { insertPlace, removePlace } from './places.js';
import { comparePlaces, type Place } from './poolindex.js';

export interface FreeSpace {
  readonly pool: Pool;
  readonly family: Family;
  /** Undefined when it has passed the end. */
  frontier: Place | undefined;
  /** Sorted: free addresses below the frontier. */
  readonly returned: Place[];
  /** How many addresses are kept for Services that don't have them: they are not free, and nobody's. */
  kept: number;
}

export const freeSpace = (pool: Pool, family: Family): FreeSpace => ({
  pool,
  family,
  frontier: startOf(pool, family, 0),
  returned: [],
  kept: 0,
});

/** The lowest address that is not taken; undefined when all are. It stays free until `takePlace`. */
export function lowestFree(space: FreeSpace, isTaken: (address: Address) => boolean): Place | undefined {
  const [returned] = space.returned;
  if (returned !== undefined) return returned;
  while (space.frontier !== undefined && isClosed(space.pool, space.frontier.address, isTaken)) {
    space.frontier = following(space, space.frontier);
  }
  return space.frontier;
}

export const takePlace = (space: FreeSpace, place: Place): void => removePlace(space.returned, place);

/** Puts back an address that nobody holds any more. */
export function returnPlace(space: FreeSpace, place: Place): void {
  const isPassed = space.frontier === undefined || comparePlaces(place, space.frontier) < 0;
  if (isPassed) insertPlace(space.returned, place);
}

const isClosed = (pool: Pool, address: Address, isTaken: (address: Address) => boolean): boolean =>
  (pool.avoidBuggyIPs && isBuggy(address)) || isTaken(address);

function following({ pool, family }: FreeSpace, { range, address }: Place): Place | undefined {
  const last = pool.ranges[range]?.last;
  const next = last === undefined || sameAddress(last, address) ? undefined : nextAddress(address);
  return next === undefined ? startOf(pool, family, range + 1) : { range, address: next };
}

/** The first address of the family in `pool.ranges[from]` or a later range. */
function startOf({ ranges }: Pool, family: Family, from: number): Place | undefined {
  for (let range = from; range < ranges.length; range++) {
    const first = ranges[range]?.first;
    if (first?.family === family) return { range, address: first };
  }
  return undefined;
}
