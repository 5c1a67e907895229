/**
 * What the wire thread counts: by address as numbers on the frame path, as text only when somebody asks.
 */
import type { DropReason } from '../../../src/layer2/responder.js';
import { formatIpv4, type Ipv4 } from '../../../src/net/address.js';

export interface AddressCounters {
  requests: number;
  responses: number;
  gratuitous: number;
}

/** Frames that were put off and found the queue full, and replies the kernel refused, beside what the responder decides. */
export type LossReason = DropReason | 'overload' | 'send-failed';

export class Counters {
  readonly #byAddress = new Map<Ipv4, AddressCounters>();
  readonly drops: Record<LossReason, number> = {
    'not-arp': 0,
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
  of(address: Ipv4): AddressCounters {
    const known = this.#byAddress.get(address);
    if (known !== undefined) return known;
    const fresh = { requests: 0, responses: 0, gratuitous: 0 };
    this.#byAddress.set(address, fresh);
    return fresh;
  }

  /** One counter of every address, keyed by its text. */
  byText(name: keyof AddressCounters): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#byAddress].map(([address, counters]) => [formatIpv4(address), counters[name]]));
  }
}
