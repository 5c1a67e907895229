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
  /** When the state was known to be what it is, on the wall's clock. */
  readAtMs(): number;
  /** Fulfilled once everything is written, after the signal's abort. */
  readonly closed: Promise<void>;
}
