/**
 * The names of those who are on one address: nearly always one, so that a set is only made for the second.
 */
export type Names = string | Set<string>;

/** A set changes in place: thousands may be on one address. */
export function withName(names: Names | undefined, name: string): Names {
  if (names === undefined || names === name) return name;
  return typeof names === 'string' ? new Set([names, name]) : names.add(name);
}

/** Undefined when nobody is left. */
export function withoutName(names: Names, name: string): Names | undefined {
  if (typeof names === 'string') return names === name ? undefined : names;
  names.delete(name);
  return names.size === 0 ? undefined : names;
}

export const hasName = (names: Names | undefined, name: string): boolean =>
  typeof names === 'string' ? names === name : names?.has(name) === true;

export const countNames = (names: Names): number => (typeof names === 'string' ? 1 : names.size);

/** In the order they came. */
export const namesIn = (names: Names | undefined): Iterable<string> =>
  names === undefined ? [] : typeof names === 'string' ? [names] : names;
