/**
 * Pings we send on behalf of others, until they are answered or have failed. We pass the answer on under the number the asker
 * gave, and say so too if there is none.
 */
import type { PutOff } from './lateness.js';
import type { Endpoint } from './message.js';

export interface Relay {
  readonly askedBy: Endpoint;
  /** The asker's number, not that of our ping. */
  readonly seqNo: number;
  /** When to tell the asker that there was no answer; undefined once told, or if it does not want to know. */
  readonly nackAt: number | undefined;
  readonly until: number;
}

/** More at a time nobody asks for honestly: further requests are dropped, and others help. */
const MOST_RELAYS = 256;

/**
 * The asker waits for a nack as long as for an answer of the target itself. One sent when our ping has timed out reaches it too
 * late, so it is sent earlier, as the Lifeguard paper has it (§IV-A); an answer is still passed on after that.
 */
const NACK_SHARE = 0.8;

export class Relays {
  /** By the number of our ping. */
  readonly #pending = new Map<number, Relay>();

  get isFull(): boolean {
    return this.#pending.size >= MOST_RELAYS;
  }

  add(ours: number, askedBy: Endpoint, seqNo: number, wantsNack: boolean, timeoutMs: number, now: number): void {
    const nackAt = wantsNack ? now + NACK_SHARE * timeoutMs : undefined;
    this.#pending.set(ours, { askedBy, seqNo, nackAt, until: now + timeoutMs });
  }

  /** The relay whose ping this answers, once. */
  take(ours: number): Relay | undefined {
    const relay = this.#pending.get(ours);
    this.#pending.delete(ours);
    return relay;
  }

  /** Those whose askers are to be told now that there was no answer. */
  unanswered(now: number): Relay[] {
    const told: Relay[] = [];
    for (const [ours, relay] of this.#pending) {
      if (relay.nackAt !== undefined && now >= relay.nackAt) {
        told.push(relay);
        this.#pending.set(ours, { ...relay, nackAt: undefined });
      }
      if (now >= relay.until) this.#pending.delete(ours);
    }
    return told;
  }

  get dueAt(): number {
    let at = Number.POSITIVE_INFINITY;
    for (const { nackAt, until } of this.#pending.values()) at = Math.min(at, nackAt ?? until);
    return at;
  }

  putOff(putOff: PutOff): void {
    for (const [ours, relay] of this.#pending) {
      const nackAt = relay.nackAt === undefined ? undefined : putOff(relay.nackAt);
      this.#pending.set(ours, { ...relay, nackAt, until: putOff(relay.until) });
    }
  }
}
