/**
 * What is said to others because of one input: what is said of many addresses goes out together, whatever is said between.
 */
import type { AddressKey } from '../net/address.js';
import type { Courier, Sent } from './courier.js';
import type { WordKind } from './word.js';

export class Outbox {
  readonly #courier: Courier;
  /** By kind and receiver. */
  readonly #words = new Map<string, Set<AddressKey>>();

  constructor(courier: Courier) {
    this.#courier = courier;
  }

  say(to: string, kind: WordKind, key: AddressKey): void {
    const known = this.#words.get(`${kind} ${to}`);
    if (known === undefined) this.#words.set(`${kind} ${to}`, new Set([key]));
    else known.add(key);
  }

  /** Whether it received all that was said to it and still holds. */
  isDone(to: string): boolean {
    for (const [line, keys] of this.#words) if (keys.size > 0 && line.endsWith(` ${to}`)) return false;
    return !this.#courier.isWaitingFor(to);
  }

  /** What is said no more, whether it went out or not. */
  unsay(kind: WordKind, key: AddressKey): void {
    for (const [line, keys] of this.#words) if (line.startsWith(`${kind} `)) keys.delete(key);
    this.#courier.unsay(kind, key);
  }

  /** What is to be sent now, of this and of before. */
  due(now: number): readonly Sent[] {
    for (const [line, keys] of this.#words) {
      const [kind = '', to = ''] = line.split(' ', 2);
      this.#courier.say(to, kind as WordKind, keys);
    }
    this.#words.clear();
    return this.#courier.due(now);
  }
}
