/**
 * Where a view thread's state comes from and where its status goes, as a folder or a cluster gives it.
 */
import type { Allocator } from '../../controller/allocator.js';
import type { Source } from '../../source/source.js';
import type { ElectorateRules } from './announce.js';
import type { LoopbackDelivery } from './deliver.js';

export interface Opened {
  readonly source: Source;
  /** Undefined: traffic is delivered by somebody else. */
  readonly delivery: LoopbackDelivery | undefined;
  readonly allocator?: Allocator;
  readonly electorate?: ElectorateRules;
  /** Fulfilled once everything is written, after the signal's abort. */
  readonly closed: Promise<void>;
}

/** How far a view thread is with reading its state, and how old that is; it changes in place. */
export interface Reading {
  /** When the state was known to be what it is, on the wall's clock; undefined: never yet. */
  readonly heardAtMs: number | undefined;
  /** Kinds of which nothing is heard now. */
  readonly unfollowed: readonly string[];
  /** What is waited for, a sentence each. */
  readonly notReady: readonly string[];
}
