/**
 * What the two threads of a speaker say to each other: plain values, cloned on the way. The view thread says what is to be
 * announced and who is next; the wire thread says what happened. Neither waits for the other.
 */
import type { Issue } from '../../src/issue/issue.js';
import type { Announcement } from '../../src/layer2/announcement.js';
import type { NetworkInterface } from '../../src/layer2/interface.js';
import type { Membership } from '../../src/membership/membership.js';
import type { LogRecord } from '../runtime/log.js';
import type { WireSample } from '../runtime/metrics.js';

export type ToWire =
  /** The whole table; it replaces the one before. `prefixes` cover every pool, so a new Service needs no new filter. */
  | { readonly type: 'announcements'; readonly announcements: readonly Announcement[]; readonly prefixes: readonly string[] }
  | { readonly type: 'interfaces'; readonly interfaces: readonly NetworkInterface[] }
  /** Asks for a `sample`. */
  | { readonly type: 'sample'; readonly id: number }
  /** Startup cannot go on: the process ends with these. */
  | { readonly type: 'fatal'; readonly issues: readonly Issue[] }
  /** The view thread has taken back what it did to this host and may be ended. */
  | { readonly type: 'stopped' };

export type ToView =
  | { readonly type: 'log'; readonly record: LogRecord }
  | { readonly type: 'issues'; readonly issues: readonly Issue[] }
  | { readonly type: 'ownership'; readonly changes: readonly OwnerChange[] }
  | { readonly type: 'membership'; readonly membership: Membership }
  | { readonly type: 'sample'; readonly id: number; readonly sample: WireSample }
  | { readonly type: 'stop' };

/** One address changed hands, as this node sees it. */
export interface OwnerChange {
  readonly address: string;
  readonly from?: string;
  readonly to?: string;
  /** In one word, for metrics. */
  readonly kind: 'silence' | 'left' | 'first' | 'ranking' | 'interfaces' | 'withdrawn' | 'heard' | 'restarted';
  /** Why: `n1 3 beats missed: 312 ms of silence`. */
  readonly evidence: string;
  /** From the last sign of life of `from` to this decision, in milliseconds; absent unless it died. */
  readonly silenceMs?: number;
}
