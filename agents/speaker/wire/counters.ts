/**
 * What the wire thread counts: numbers, by address.
 */
import type { NeighbourDropReason } from '../../../src/layer2/neighbourresponder.js';
import type { DropReason } from '../../../src/layer2/responder.js';
import type { AddressKey } from '../../../src/net/address.js';
import type { WireCounts } from '../sample.js';

export interface AddressCounters {
  requests: number;
  responses: number;
  gratuitous: number;
  /** Frames in which a stranger claimed it. */
  conflicts: number;
}

/** Frames that were put off and found the queue full, and replies the kernel refused, beside what the responders decide. */
export type LossReason = DropReason | NeighbourDropReason | 'overload' | 'send-failed';

export class Counters {
  readonly #byAddress = new Map<AddressKey, AddressCounters>();
  /** Announcements beyond those that follow a change of owner. */
  refreshes = 0;
  readonly drops: Record<LossReason, number> = {
    'not-arp': 0,
    'not-ndp': 0,
    malformed: 0,
    'own-frame': 0,
    'not-a-request': 0,
    'not-for-us': 0,
    'unknown-address': 0,
    'not-on-this-interface': 0,
    overload: 0,
    'send-failed': 0,
  };

  /** Counters persist after an address is withdrawn, as MetalLB's do. */
  of(key: AddressKey): AddressCounters {
    const known = this.#byAddress.get(key);
    if (known !== undefined) return known;
    const fresh = { requests: 0, responses: 0, gratuitous: 0, conflicts: 0 };
    this.#byAddress.set(key, fresh);
    return fresh;
  }

  /** All of them for {@link sampleOf}, in no time: the frames wait meanwhile. */
  byAddress(): Pick<WireCounts, 'keys' | 'counts'> {
    const counts = [...this.#byAddress.values()].flatMap((one) => [one.requests, one.responses, one.gratuitous, one.conflicts]);
    return { keys: [...this.#byAddress.keys()], counts: Float64Array.from(counts) };
  }
}
