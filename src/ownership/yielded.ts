/**
 * Addresses that this node left to another although they should be its own, and leaves alone for a while.
 */
import type { AddressKey } from '../net/address.js';

/** How long the loser of a split view leaves the address alone. */
const YIELD_MS = 10_000;

export class Yielded {
  readonly #yielded = new Map<AddressKey, { readonly to: string; readonly until: number }>();

  get wakeAt(): number {
    let at = Number.POSITIVE_INFINITY;
    for (const { until } of this.#yielded.values()) at = Math.min(at, until);
    return at;
  }

  begin(key: AddressKey, to: string, now: number): void {
    this.#yielded.set(key, { to, until: now + YIELD_MS });
  }

  to(key: AddressKey): string | undefined {
    return this.#yielded.get(key)?.to;
  }

  end(key: AddressKey): void {
    this.#yielded.delete(key);
  }

  endAll(): void {
    this.#yielded.clear();
  }

  /** Those whose time is over, once. */
  *over(now: number): Iterable<AddressKey> {
    for (const [key, { until }] of this.#yielded) {
      if (until > now) continue;
      this.#yielded.delete(key);
      yield key;
    }
  }
}
