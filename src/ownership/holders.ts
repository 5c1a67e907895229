/**
 * Who answers for each address, as far as this node knows: by a claim that was heard, else by what everybody should conclude.
 */
import type { AddressKey } from '../net/address.js';
import type { Election } from './election.js';

export class Holders {
  readonly #election: Election;
  readonly #holders = new Map<AddressKey, string>();
  /** Who should own what is not this node's, at the last look. */
  readonly #presumed = new Map<AddressKey, string | undefined>();

  constructor(election: Election) {
    this.#election = election;
  }

  get known(): ReadonlyMap<AddressKey, string> {
    return this.#holders;
  }

  get(key: AddressKey): string | undefined {
    return this.#holders.get(key);
  }

  /** Undefined: nobody, as far as is known. */
  set(key: AddressKey, node: string | undefined): void {
    if (node === undefined) this.#holders.delete(key);
    else this.#holders.set(key, node);
  }

  /** The address is in no table any more. */
  forget(key: AddressKey): void {
    this.#holders.delete(key);
    this.#presumed.delete(key);
  }

  /** Another life of it holds nothing yet. */
  forgetNode(name: string): void {
    for (const [key, node] of this.#holders) if (node === name) this.#holders.delete(key);
  }

  /**
   * Who was heard to own it does, while it lives and nobody else comes before it; else everybody concludes that `next`, who should,
   * does. True: the owner is gone, and `next` has to be heard in its time.
   */
  presume(key: AddressKey, next: string | undefined): boolean {
    const holder = this.#holders.get(key);
    const isSame = this.#presumed.get(key) === next;
    this.#presumed.set(key, next);
    if (holder === next || (isSame && holder !== undefined && this.#election.mayOwn(holder, key))) return false;
    this.set(key, next);
    return next !== undefined && holder !== undefined && !this.#election.mayOwn(holder, key);
  }

  /** Who should have owned it at the last look and cannot any more: if its owner was not heard, it was most likely he. */
  gone(key: AddressKey): string | undefined {
    const node = this.#presumed.get(key);
    return node === undefined || node === this.#election.self || this.#election.mayOwn(node, key) ? undefined : node;
  }

  /** Whether another than this node and `other` is known to answer for it. */
  isHeldBeside(key: AddressKey, other: string): boolean {
    const holder = this.#holders.get(key);
    if (holder === undefined || holder === other || holder === this.#election.self) return false;
    return this.#election.mayOwn(holder, key);
  }
}
