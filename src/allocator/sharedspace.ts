/**
 * The addresses of one pool and family that Services with one sharing key and one backend key use: where the next of them
 * may join. Sorted in the order the pool gives addresses.
 *
 * `refused` remembers, for each port, how many addresses from the start are known to be in the way, so that 10,000
 * Services that all use port 80 don't look at each other's addresses again and again. Whatever could open one forgets it.
 */
import { insertPlace, removePlace } from './places.js';
import type { Place } from './poolindex.js';

export interface SharedSpace {
  readonly places: Place[];
  readonly refused: Map<string, number>;
}

export const sharedSpace = (): SharedSpace => ({ places: [], refused: new Map() });

export function openPlace(space: SharedSpace, place: Place): void {
  const isLast = insertPlace(space.places, place) === space.places.length - 1;
  if (!isLast) space.refused.clear();
}

export function closePlace(space: SharedSpace, place: Place): void {
  removePlace(space.places, place);
  space.refused.clear();
}

/** Ports became free somewhere. */
export const forgetRefusals = (space: SharedSpace): void => space.refused.clear();

/** The lowest address on which none of `ports` is used. */
export function lowestShared(space: SharedSpace, ports: readonly string[], uses: Uses): Place | undefined {
  let at = 0;
  for (const port of ports) {
    const without = firstWithout(space, port, uses);
    if (without > at) at = without;
  }
  for (let place = space.places[at]; place !== undefined; place = space.places[++at]) {
    const here = place;
    if (!ports.some((port) => uses(here, port))) return here;
  }
  return undefined;
}

type Uses = (place: Place, port: string) => boolean;

/** How many addresses from the start all have `port` in use. */
function firstWithout({ places, refused }: SharedSpace, port: string, uses: Uses): number {
  const known = refused.get(port) ?? 0;
  let at = known;
  for (let place = places[at]; place !== undefined && uses(place, port); place = places[at]) at++;
  if (at !== known) refused.set(port, at);
  return at;
}
