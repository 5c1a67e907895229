/**
 * What a Service got and why, or why it got nothing. Both are values: the reason decided here is the one that is logged,
 * written into status and shown by every command.
 */
import type { IssueCode } from '../issue/catalogue.js';
import type { Issue } from '../issue/issue.js';
import type { Address } from '../net/address.js';

export type Reason =
  | { readonly code: 'LOCKED'; readonly message: string }
  | { readonly code: 'REQUESTED_ADDRESS'; readonly message: string }
  | { readonly code: 'REQUESTED_POOL'; readonly message: string }
  | { readonly code: 'PINNED_POOL'; readonly message: string }
  | { readonly code: 'GENERAL_POOL'; readonly message: string }
  | { readonly code: 'KEPT'; readonly message: string };

export interface Allocation {
  readonly addresses: readonly Address[];
  readonly pool: string;
  readonly reason: Reason;
}

/** Addresses that a Service had and could not keep, and why. */
export interface Loss {
  readonly addresses: readonly Address[];
  readonly code: IssueCode | 'OTHER_ADDRESS_REQUESTED' | 'OTHER_POOL_REQUESTED' | 'OTHER_FAMILY_NEEDED' | 'STATUS_UNREADABLE';
  readonly message: string;
}

/** `not-a-load-balancer` and another `loadBalancerClass` are no mistakes: nothing is reported for them. What is ignored is left as it is. */
export type Outcome =
  | {
      readonly allocated: Allocation;
      readonly warnings: readonly Issue[];
      readonly lost?: Loss;
      /** Why a Service that prefers addresses of both families has one. */
      readonly lacks?: string;
    }
  | { readonly pending: readonly [Issue, ...Issue[]]; readonly lost?: Loss }
  | { readonly ignored: 'not-a-load-balancer' | 'other-class' | 'no-pool-yet' };
