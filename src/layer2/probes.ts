/**
 * Which addresses are asked for beside their announcement, so that a stranger who holds one of them says so (RFC 5227 §2.1.1,
 * RFC 4862 §5.4.2). An announcement would not do: Linux answers no gratuitous request for an address of its own.
 *
 * Questions have a budget of their own beside that of the announcements: an answer may come some seconds late, and no
 * announcement waits for a question.
 */
import type { AddressKey } from '../net/address.js';
import type { On } from './ballot.js';
import { FrameBudget } from './framebudget.js';

/** At the default rate a batch is 36: twice what is refreshed in one second of a thousand addresses, so that one wake asks for all. */
const BATCH_MS = 60;

export interface Probe {
  readonly key: AddressKey;
  /** As asked. It goes to those that were open in this step. */
  readonly on: On;
}

export interface ProbesStep {
  readonly due: readonly Probe[];
  /** When to come again, later than now; undefined: nothing waits. */
  readonly wakeAt: number | undefined;
}

/** State of one caller, with time as a parameter. Each address waits once, in the order in which they were asked for. */
export class Probes {
  readonly #budget: FrameBudget;
  readonly #halfBatch: number;
  readonly #waiting = new Map<AddressKey, On>();

  /** `framesPerSecond` is 10 or more, on each interface. */
  constructor(framesPerSecond: number) {
    this.#budget = new FrameBudget(framesPerSecond, BATCH_MS);
    this.#halfBatch = Math.ceil(this.#budget.batch / 2);
  }

  ask(key: AddressKey, on: On): void {
    this.#waiting.set(key, on);
  }

  release(keys: Iterable<AddressKey>): void {
    for (const key of keys) this.#waiting.delete(key);
  }

  /** `open` names the interfaces that can send. What cannot go anywhere is not asked: its announcement comes again. */
  step(now: number, open: ReadonlySet<string>): ProbesStep {
    const due: Probe[] = [];
    for (const [key, on] of this.#waiting) {
      const interfaces = on === 'all' ? [...open] : [...on].filter((name) => open.has(name));
      const readyAt = this.#budget.readyAt(interfaces, 1);
      // Half a batch at a time: to be woken costs more than to ask.
      if (interfaces.length > 0 && readyAt > now) return { due, wakeAt: this.#budget.readyAt(interfaces, this.#halfBatch) };
      this.#waiting.delete(key);
      if (interfaces.length === 0) continue;
      this.#budget.spend(interfaces, 1, now);
      due.push({ key, on });
    }
    return { due, wakeAt: undefined };
  }
}
