/**
 * What a Service is known to have before anything is decided: from what was in force, or from its status; and how strong its
 * right to it is where two cannot both keep an address.
 */
import type { ServiceView } from '../api/views.js';
import { type Address, parseAddress, sameAddress } from '../net/address.js';
import type { Lock } from './lock.js';
import type { AllocatorState } from './state.js';
import { sameTenancy, tenancyOf } from './tenancy.js';

/** Strongest first: who changes how he uses an address must not drive out those who don't. */
const RIGHTS = ['as-before', 'used-otherwise-before', 'by-status'] as const;

export interface Right {
  readonly since: (typeof RIGHTS)[number];
  /** The lock names at least one of the addresses. */
  readonly locked: boolean;
  readonly shares: boolean;
  /** Empty in a folder. */
  readonly createdAt: string;
}

export type Known = { readonly addresses: readonly Address[]; readonly right: Right } | { readonly unreadable: string };

/** What is known of everybody but the Services themselves. */
export interface Memory {
  readonly before: AllocatorState | undefined;
  readonly statusCounts: boolean;
  readonly lock: Lock;
}

/** Undefined when it has nothing. */
export function knownOf(service: ServiceView, { before, statusCounts, lock }: Memory): Known | undefined {
  if (before === undefined && (!statusCounts || service.ingress.length === 0)) return undefined;
  const tenancy = tenancyOf(service);
  const known = (addresses: readonly Address[], since: Right['since']): Known => {
    const locked =
      lock.services.get(service.key)?.addresses.some((one) => addresses.some((other) => sameAddress(one, other))) === true;
    return { addresses, right: { since, locked, shares: tenancy.sharingKey !== '', createdAt: service.createdAt ?? '' } };
  };
  const holding = before?.holdings.get(service.key);
  if (holding !== undefined) {
    return known(holding.addresses, sameTenancy(holding.tenancy, tenancy) ? 'as-before' : 'used-otherwise-before');
  }
  if (!statusCounts || service.ingress.length === 0) return undefined;
  const addresses = readIngress(service.ingress);
  return typeof addresses === 'string' ? { unreadable: addresses } : known(addresses, 'by-status');
}

/**
 * Negative when `a` is stronger, zero when nothing tells. Of status nobody knows what it was written for: there the one that
 * shares is stronger, because they shared it once and the other has changed; then the older one.
 */
export function compareRights(a: Right, b: Right): number {
  const order = RIGHTS.indexOf(a.since) - RIGHTS.indexOf(b.since) || Number(b.locked) - Number(a.locked);
  if (order !== 0 || a.since !== 'by-status') return order;
  const age = a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0;
  return Number(b.shares) - Number(a.shares) || age;
}

/** The addresses, or why they cannot be what we wrote. */
function readIngress(texts: readonly string[]): readonly Address[] | string {
  const addresses: Address[] = [];
  for (const text of texts) {
    const read = parseAddress(text);
    if (!read.ok) return `its status has "${text}", which is no address`;
    addresses.push(read.value);
  }
  const [first, second] = addresses;
  if (addresses.length > 2 || first?.family === second?.family) {
    return `its status has ${texts.join(', ')}, which are not one address or one of each family`;
  }
  return addresses;
}
