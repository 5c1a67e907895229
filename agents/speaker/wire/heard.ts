/**
 * Where the addresses lie that have to be heard: those that configuration may make this node answer for, and what it owns
 * beyond them, because the nodes that were to own it before this one are all gone. What it owns no more need not be heard.
 */
import { type Address, type AddressKey, addressOfKey } from '../../../src/net/address.js';
import { type Prefix, parsePrefix, prefixContains } from '../../../src/net/prefix.js';
import { rangeOf } from '../../../src/net/range.js';
import { coveringPrefixes } from '../../../src/packet/filter.js';

export class Heard {
  #configured: readonly Prefix[] | undefined;
  readonly #beyond = new Map<AddressKey, Address>();
  #prefixes: readonly Prefix[] | undefined;

  /** Undefined: nothing was ever to be heard, and no capture is needed. */
  get prefixes(): readonly Prefix[] | undefined {
    return this.#prefixes;
  }

  /** From now on `texts` are what configuration wants; what is owned beyond them is to be added anew. */
  configure(texts: readonly string[]): void {
    this.#configured = texts.flatMap((text) => {
      const read = parsePrefix(text);
      return read.ok ? [read.value] : [];
    });
    this.#beyond.clear();
    this.#prefixes = this.#configured;
  }

  /** This node owns `keys` now. Whether that changes the prefixes. */
  add(keys: Iterable<AddressKey>): boolean {
    const configured = this.#configured;
    if (configured === undefined) return false;
    const before = this.#beyond.size;
    for (const key of keys) {
      const address = addressOfKey(key);
      if (!configured.some((one) => prefixContains(one, address))) this.#beyond.set(key, address);
    }
    return this.#beyond.size > before && this.#cover(configured);
  }

  /** This node owns `keys` no more. Whether that changes the prefixes. */
  remove(keys: Iterable<AddressKey>): boolean {
    let isAny = false;
    for (const key of keys) if (this.#beyond.delete(key)) isAny = true;
    return isAny && this.#configured !== undefined && this.#cover(this.#configured);
  }

  /** There may be thousands, of which a filter must not name each: libpcap would take half a second, and the kernel refuse it. */
  #cover(configured: readonly Prefix[]): true {
    const beyond = [...this.#beyond.values()].map((one) => ({ first: one, last: one }));
    this.#prefixes = beyond.length === 0 ? configured : coveringPrefixes([...configured.map(rangeOf), ...beyond]);
    return true;
  }
}
