/**
 * What the two threads of a speaker say to each other: plain values, cloned on the way. The view thread says what is to be
 * announced and who is next; the wire thread says what happened. Neither waits for the other.
 */
import type { Issue } from '../../src/issue/issue.js';
import type { Ballot } from '../../src/layer2/ballot.js';
import type { NetworkInterface } from '../../src/layer2/interface.js';
import type { Evidence, Membership } from '../../src/membership/membership.js';
import type { MoveCause } from '../../src/ownership/effects.js';
import type { LogRecord } from '../runtime/log.js';
import type { AddressConflict } from '../runtime/metrics.js';
import type { WireCounts } from './sample.js';

export type ToWire =
  /**
   * The whole table; it replaces the one before. `prefixes` cover the addresses this node may have to answer for: those in
   * whose ranking it is among the first, and few others. `known` are the members that it takes into account; `stale` tells that the
   * state could not be read since and it is older than what others may have.
   */
  | {
      readonly type: 'announcements';
      readonly ballot: Ballot;
      readonly prefixes: readonly string[];
      readonly known: readonly string[];
      readonly stale: boolean;
    }
  | { readonly type: 'interfaces'; readonly interfaces: readonly NetworkInterface[] }
  /** The hosts of all speakers of the cluster, this one's too. The first time it is what a start waits for. */
  | { readonly type: 'peers'; readonly hosts: readonly string[] }
  /** Asks for a `sample`. */
  | { readonly type: 'sample'; readonly id: number }
  /** Startup cannot go on: the process ends with these. */
  | { readonly type: 'fatal'; readonly issues: readonly Issue[] }
  /** The view thread has collected what a piece of work left. */
  | { readonly type: 'trimmed' }
  /** The view thread has taken back what it did to this host and may be ended. */
  | { readonly type: 'stopped' };

export type ToView =
  | { readonly type: 'log'; readonly record: LogRecord }
  | { readonly type: 'issues'; readonly issues: readonly Issue[] }
  | { readonly type: 'ownership'; readonly changes: readonly OwnerChange[] }
  /** All addresses that are this node's to answer for, and that it has no interface for at present. */
  | { readonly type: 'unanswerable'; readonly addresses: readonly string[] }
  /** Strangers who claim addresses of this node, and such as were not heard for long or whose address is not this node's any more. */
  | { readonly type: 'conflicts'; readonly begun: readonly AddressConflict[]; readonly over: readonly AddressConflict[] }
  /** Why interfaces of this node cannot be captured, all of them; the path of each is the interface. */
  | { readonly type: 'captures'; readonly failed: readonly Issue[] }
  | { readonly type: 'membership'; readonly membership: Membership }
  | { readonly type: 'sample'; readonly id: number; readonly sample: WireCounts }
  | { readonly type: 'stop' };

/** One address changed hands, as this node sees it. */
export interface OwnerChange {
  readonly address: string;
  readonly from?: string;
  readonly to?: string;
  /** In one word, for metrics. */
  readonly kind: Evidence['kind'] | MoveCause | 'first' | 'ranking' | 'interfaces' | 'withdrawn';
  /** Why: `n1 3 beats missed: 312 ms of silence`. */
  readonly evidence: string;
  /** From the last sign of life of `from` to this decision, in milliseconds; absent unless it died. */
  readonly silenceMs?: number;
  /** Of a planned move: from the first request of `to` to its claim, in milliseconds. */
  readonly tookMs?: number;
}
