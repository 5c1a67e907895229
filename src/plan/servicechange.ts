/**
 * What a change does to the addresses of one Service, and why.
 */
import type { Outcome } from '../allocator/allocation.js';
import type { ServiceView } from '../api/views.js';
import { type Address, compareAddresses, formatAddress } from '../net/address.js';

export type ServiceChangeKind = 'kept' | 'gained' | 'moved' | 'lost' | 'pending';

export interface Addressed {
  readonly addresses: readonly Address[];
  readonly pool: string;
}

export interface Reason {
  readonly code: string;
  readonly message: string;
}

export interface ServiceChange {
  /** `namespace/name`. */
  readonly service: string;
  /**
   * `kept`: it has what it had. `gained`: it has more than it had, and all it had. `moved`: it has something else. `lost`: it
   * has less. `pending`: it waits for an address, and had none.
   */
  readonly change: ServiceChangeKind;
  readonly before?: Addressed;
  readonly after?: Addressed;
  readonly reason: Reason;
}

export interface ServiceSides {
  readonly service: string;
  /** What it has before the change; undefined: nothing. */
  readonly before: Addressed | undefined;
  /** Undefined: the Service is gone. */
  readonly after: { readonly view: ServiceView; readonly outcome: Outcome } | undefined;
  /** Why it does not keep what it has, where its outcome does not know: in a folder nobody keeps anything but by a lock. */
  readonly whyNotKept: () => string;
}

/** Undefined for a Service that has and wants no address, before and after. */
export function serviceChange({ service, before, after, whyNotKept }: ServiceSides): ServiceChange | undefined {
  const outcome = after?.outcome;
  const has = outcome !== undefined && 'allocated' in outcome ? outcome.allocated : undefined;
  const sides = { service, ...(before === undefined ? {} : { before }), ...(has === undefined ? {} : { after: has }) };
  if (has === undefined) {
    if (before === undefined && (outcome === undefined || !('pending' in outcome))) return undefined;
    return { ...sides, change: before === undefined ? 'pending' : 'lost', reason: whyNothing(after) };
  }
  const change = compare(before?.addresses ?? [], has.addresses);
  return { ...sides, change, reason: whyAddresses(change, has.reason, outcome, before, whyNotKept) };
}

function compare(before: readonly Address[], after: readonly Address[]): ServiceChangeKind {
  const isIn = (one: Address, list: readonly Address[]): boolean => list.some((other) => compareAddresses(one, other) === 0);
  const keepsAll = before.every((one) => isIn(one, after));
  const isNew = after.some((one) => !isIn(one, before));
  if (keepsAll) return isNew ? 'gained' : 'kept';
  return isNew ? 'moved' : 'lost';
}

function whyAddresses(
  change: ServiceChangeKind,
  { code, message }: Reason,
  outcome: Outcome | undefined,
  before: Addressed | undefined,
  whyNotKept: () => string,
): Reason {
  if (before === undefined || change === 'kept' || change === 'gained') return { code, message };
  const lost = outcome !== undefined && 'lost' in outcome ? outcome.lost : undefined;
  const had = before.addresses.map(formatAddress).join(' and ');
  return { code, message: `${message}; it cannot keep ${had}: ${lost === undefined ? whyNotKept() : lost.message}` };
}

function whyNothing(after: ServiceSides['after']): Reason {
  if (after === undefined) return { code: 'DELETED', message: 'the Service is deleted' };
  const { outcome, view } = after;
  if ('pending' in outcome) {
    const [{ code, message }] = outcome.pending;
    const why =
      outcome.lost === undefined || outcome.lost.code === code ? '' : `; it cannot keep what it had: ${outcome.lost.message}`;
    return { code, message: `${message}${why}` };
  }
  if ('ignored' in outcome && outcome.ignored === 'other-class') {
    const named = view.loadBalancerClass === undefined ? 'without a class' : `of class "${view.loadBalancerClass}"`;
    return { code: 'OTHER_CLASS', message: `Services ${named} are another load balancer's` };
  }
  return { code: 'NOT_A_LOAD_BALANCER', message: `its type is ${view.type}` };
}
