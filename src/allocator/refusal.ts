/**
 * Why a Service cannot have what it asks for. Decided once, as a value; `explain` makes the issue that everybody sees of it.
 */
import { didYouMean } from '../api/nearest.js';
import type { Pool } from '../config/config.js';
import type { IssueCode } from '../issue/catalogue.js';
import { type Issue, issue } from '../issue/issue.js';
import { type Address, type Family, formatAddress } from '../net/address.js';
import { describeFamilies, type Families } from './families.js';
import type { ClosedTo } from './poolindex.js';
import type { Request } from './request.js';

export type Refusal =
  | { readonly refused: 'address-outside-pools'; readonly address: Address }
  | { readonly refused: 'address-buggy'; readonly address: Address; readonly pool: string }
  | { readonly refused: 'addresses-in-two-pools'; readonly pools: readonly [string, string] }
  | { readonly refused: 'address-in-other-pool'; readonly address: Address; readonly pool: string; readonly wanted: string }
  | {
      readonly refused: 'address-in-use';
      readonly address: Address;
      /** At least one of those who hold it, and how many more do. */
      readonly by: readonly string[];
      readonly more: number;
      readonly because: Conflict;
    }
  | { readonly refused: 'address-locked'; readonly address: Address; readonly for: string }
  | { readonly refused: 'pool-unknown'; readonly pool: string; readonly known: readonly string[] }
  | { readonly refused: 'pool-closed'; readonly pool: Pool; readonly to: ClosedTo }
  | {
      readonly refused: 'exhausted';
      readonly families: Families;
      readonly verdicts: readonly PoolVerdict[];
      readonly more: number;
    };

/** Why two Services cannot be on one address. */
export type Conflict = 'no-sharing-key' | 'sharing-keys-differ' | 'backends-differ' | { readonly port: string };

/** Why one pool has nothing for a Service that left the choice to us, or asked for just this pool. */
export type PoolVerdict = { readonly pool: string } & (
  | { readonly why: 'not-automatic' }
  | { readonly why: 'closed'; readonly to: ClosedTo }
  /** It has no address at all of one of these families. */
  | { readonly why: 'lacks-family'; readonly families: readonly Family[] }
  /** Nothing is free, or nothing of `family`; `kept` of its addresses are locked for Services that don't have them. */
  | { readonly why: 'full'; readonly family?: Family; readonly kept: number }
);

/** The issue of a Service that asked for `request` and was refused; placed at the Service. */
export function explain(refusal: Refusal, request: Request): Issue {
  const addressPath = request.addresses.length === 0 ? '' : request.addressesFrom.path;
  const poolPath = request.pool?.from.path ?? addressPath;
  const because = (code: IssueCode, path: string, message: string): Issue => issue(code, path, message, request.source);
  switch (refusal.refused) {
    case 'address-outside-pools':
      return because(
        'ADDRESS_OUTSIDE_POOLS',
        addressPath,
        `${quoted(refusal.address)} is not allowed in config: it is in no pool`,
      );
    case 'address-buggy':
      return because(
        'ADDRESS_BUGGY',
        addressPath,
        `${quoted(refusal.address)} ends in .0 or .255, and pool "${refusal.pool}" has avoidBuggyIPs`,
      );
    case 'addresses-in-two-pools':
      return because(
        'ADDRESS_NOT_IN_POOL',
        addressPath,
        `the addresses are in two pools, "${refusal.pools[0]}" and "${refusal.pools[1]}"; both must come from one`,
      );
    case 'address-in-other-pool': {
      const where = `requested loadBalancer IP ${quoted(refusal.address)} is in pool "${refusal.pool}"`;
      return because('ADDRESS_NOT_IN_POOL', poolPath, `${where}, which is not the requested address pool "${refusal.wanted}"`);
    }
    case 'address-in-use':
      return because('ADDRESS_IN_USE', addressPath, inUse(refusal));
    case 'address-locked':
      return because(
        'ADDRESS_IN_USE',
        addressPath,
        `${quoted(refusal.address)} is kept for ${refusal.for} by the lock file; remove that entry if the Service is gone for good`,
      );
    case 'pool-unknown':
      return because(
        'REQUESTED_POOL_UNKNOWN',
        poolPath,
        `unknown pool "${refusal.pool}"${didYouMean(refusal.pool, refusal.known)}`,
      );
    case 'pool-closed': {
      const notTo = refusal.to === 'namespace' ? `, not to "${request.namespace}"` : '';
      const message = `pool "${refusal.pool.name}" not compatible for ip assignment: it is ${CLOSED[refusal.to]}${notTo}`;
      return because('POOL_NOT_COMPATIBLE', poolPath, message);
    }
    case 'exhausted':
      return because('POOL_EXHAUSTED', request.pool?.from.path ?? '', exhausted(refusal, request));
  }
}

const quoted = (address: Address): string => `"${formatAddress(address)}"`;

function inUse({ address, by, more, because }: Extract<Refusal, { refused: 'address-in-use' }>): string {
  const holders = by.join(', ') + (more > 0 ? ` and ${more} more` : '');
  if (typeof because === 'object') return `port ${because.port} is already in use on ${quoted(address)} by ${holders}`;
  const held = `${quoted(address)} is held by ${holders}`;
  switch (because) {
    case 'no-sharing-key':
      return `${held}; to share it, both need the same annotation metallb.io/allow-shared-ip`;
    case 'sharing-keys-differ':
      return `${held}, with another sharing key (annotation metallb.io/allow-shared-ip)`;
    case 'backends-differ':
      return `${held}; with externalTrafficPolicy Local only Services with the same selector and policy can share it`;
  }
}

function exhausted(
  { families, verdicts, more }: Extract<Refusal, { refused: 'exhausted' }>,
  { tenancy: { sharingKey } }: Request,
): string {
  if (verdicts.length === 0) return 'no available IPs: there is no pool';
  const told = verdicts.map((verdict) => `pool "${verdict.pool}" ${verdictText(verdict)}`);
  if (more > 0) told.push(`and ${more} more ${more === 1 ? 'pool' : 'pools'}`);
  const isFull = verdicts.some(({ why }) => why === 'full');
  if (isFull && sharingKey !== '') told.push(`and no address with the sharing key "${sharingKey}" has its ports free`);
  const either = families.stack === 'dual' && families.policy === 'prefer';
  return `no available IPs for ${either ? 'an IPv4 or an IPv6 address' : describeFamilies(families)}: ${told.join('; ')}`;
}

function verdictText(verdict: PoolVerdict): string {
  switch (verdict.why) {
    case 'not-automatic':
      return 'has autoAssign false';
    case 'closed':
      return `is ${CLOSED[verdict.to]}`;
    case 'lacks-family':
      return `has no ${verdict.families.join(' and no ')} addresses`;
    case 'full':
      return `${verdict.family === undefined ? 'is full' : `has no free ${verdict.family} address`}${keptText(verdict.kept)}`;
  }
}

const CLOSED: Readonly<Record<ClosedTo, string>> = {
  everybody: 'open to no namespace, as its namespaceSelectors match none',
  namespace: 'pinned to other namespaces',
  labels: 'pinned to Services with other labels',
};

function keptText(kept: number): string {
  if (kept === 0) return '';
  const [what, it] = kept === 1 ? ['1 address', 'it'] : [`${kept} addresses`, 'them'];
  return `, as the lock file keeps ${what} for Services that do not have ${it}`;
}
