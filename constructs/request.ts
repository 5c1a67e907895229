/**
 * What a Service asks of MetalLB, as its author says it in TypeScript, and the annotations that say it in the manifest. What
 * cannot be said together has no type.
 */
import { annotationKey } from '../src/allocator/annotation.js';
import { formatPath } from '../src/api/path.js';
import { type Issue, issue } from '../src/issue/issue.js';
import type { IPAddressPool } from './ipaddresspool.js';
import type { Reservation } from './reservation.js';

/** Two are one of each family, of one pool. */
type Pair<T> = readonly [T, T];

interface AnyAddress {
  /**
   * The pool to get an address from.
   *
   * @default - any pool that gives addresses by itself and is open to the Service
   */
  readonly pool?: IPAddressPool;
  readonly address?: undefined;
}

interface WrittenAddress {
  /** The pool that the address must be in. */
  readonly pool?: IPAddressPool;

  /** The address, or one of each family. */
  readonly address: string | Pair<string>;
}

interface ReservedAddress {
  /** A reservation knows its pool. */
  readonly pool?: never;

  /** What `pool.reserve` gave, or one of each family, both of one pool. */
  readonly address: Reservation | Pair<Reservation>;
}

interface Sharing {
  /**
   * Services of equal keys may be on one address if no two have a port in common, and all of them are `Cluster`, or `Local`
   * with the same selector.
   *
   * @default - the Service shares its address with nobody
   */
  readonly sharingKey?: string;
}

export type AddressRequest = Sharing & (AnyAddress | WrittenAddress | ReservedAddress);

export function requestAnnotations({ pool, address, sharingKey }: AddressRequest): Record<string, string> {
  const addresses = isPair(address) ? address : address === undefined ? [] : [address];
  return {
    ...(pool === undefined ? {} : { [annotationKey('address-pool')]: pool.name }),
    ...(addresses.length === 0 ? {} : { [annotationKey('loadBalancerIPs')]: addresses.map(String).join(',') }),
    ...(sharingKey === undefined ? {} : { [annotationKey('allow-shared-ip')]: sharingKey }),
  };
}

/** SERVICE_INVALID for what no type refuses. */
export function requestMistakes({ sharingKey }: AddressRequest): Issue[] {
  if (sharingKey !== '') return [];
  const path = formatPath(['metadata', 'annotations', annotationKey('allow-shared-ip')]);
  return [issue('SERVICE_INVALID', path, 'an empty sharing key shares with nobody; leave it out, or name what is shared')];
}

const isPair = (address: AddressRequest['address']): address is Pair<string> | Pair<Reservation> => Array.isArray(address);
