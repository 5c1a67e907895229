/**
 * Fields of BGP in kinds that are ours: those of BGPAdvertisement in an L2Advertisement, and those of MetalLB's former
 * AddressPool in an IPAddressPool. An API server drops them without a word, so objects that have them are in use; they are
 * passed over here too, with the one warning that BGP gets.
 */
import { formatPath } from './path.js';
import { isRecord, type PlainObject } from './value.js';

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  IPAddressPool: ['protocol', 'bgpAdvertisements'],
  L2Advertisement: ['aggregationLength', 'aggregationLengthV6', 'localPref', 'communities', 'peers'],
};

/** The paths of such fields in an object of `kind`. */
export function bgpFields(kind: string, { spec }: PlainObject): readonly string[] {
  if (!isRecord(spec)) return [];
  return (FIELDS[kind] ?? []).filter((name) => Object.hasOwn(spec, name)).map((name) => formatPath(['spec', name]));
}

/** The object without them. */
export function withoutBgpFields(kind: string, object: PlainObject): PlainObject {
  const { spec } = object;
  if (!isRecord(spec) || bgpFields(kind, object).length === 0) return object;
  const ignored = FIELDS[kind] ?? [];
  return { ...object, spec: Object.fromEntries(Object.entries(spec).filter(([name]) => !ignored.includes(name))) };
}
