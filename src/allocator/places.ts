/**
 * A sorted list of places, each once. Most insertions are at the end; the others move what follows, which for the sizes of
 * a pool is cheaper than a tree.
 */
import { comparePlaces, type Place } from './poolindex.js';

/** The index of `place`, or where it would stand. */
function placeIndex(places: readonly Place[], place: Place): number {
  const last = places.at(-1);
  if (last === undefined || comparePlaces(last, place) < 0) return places.length;
  let [low, high] = [0, places.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    const one = places[middle];
    if (one !== undefined && comparePlaces(one, place) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Inserts `place` unless it is there; says at which index it stands. */
export function insertPlace(places: Place[], place: Place): number {
  const at = placeIndex(places, place);
  const there = places[at];
  if (there === undefined || comparePlaces(there, place) !== 0) places.splice(at, 0, place);
  return at;
}

/** Removes `place` if it is there. */
export function removePlace(places: Place[], place: Place): void {
  const at = placeIndex(places, place);
  const there = places[at];
  if (there !== undefined && comparePlaces(there, place) === 0) places.splice(at, 1);
}
