/**
 * What one step wants done. Whatever is sent carries as much of what is still to be told as fits beside it.
 */

import type { MemberlistEffect } from './boundary.js';
import { Broadcasts, MOST_PARTS, PART_OVERHEAD, retransmitLimit } from './broadcasts.js';
import { endpointOf } from './endpoint.js';
import type { Members } from './members.js';
import type { Claim, Endpoint, PacketMessage } from './message.js';
import type { Settings } from './settings.js';

/** A compound message's own type and count. */
const COMPOUND_OVERHEAD = 2;

export class Outbox {
  readonly #settings: Settings;
  readonly #members: Members;
  readonly #broadcasts = new Broadcasts();
  readonly #budget: number;
  #effects: MemberlistEffect[] = [];

  constructor(settings: Settings, members: Members) {
    this.#settings = settings;
    this.#members = members;
    this.#budget = settings.tuning.udpBufferSize - COMPOUND_OVERHEAD - settings.overheadBytes;
  }

  emit(effect: MemberlistEffect): void {
    this.#effects.push(effect);
  }

  /** The effects of this step, once. */
  take(): readonly MemberlistEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** Whether it fits into a datagram of gossip. */
  canPassOn(claim: Claim): boolean {
    return this.#settings.sizeOf(claim) + PART_OVERHEAD <= this.#budget;
  }

  broadcast(claim: Claim): void {
    this.#broadcasts.add(claim, this.#settings.sizeOf(claim));
  }

  /** Whether something about this node is still to be told. */
  isTelling(node: string): boolean {
    return this.#broadcasts.has(node);
  }

  forget(node: string): void {
    this.#broadcasts.forget(node);
  }

  send(to: Endpoint, message: PacketMessage): void {
    this.emit({ kind: 'send', to: endpointOf(to), messages: this.#withGossip(message) });
  }

  /** A ping whose failure to leave is told back; alone with what it is about if that is given. */
  ping(to: Endpoint, message: PacketMessage & { readonly seqNo: number }, about?: Claim): void {
    const messages = about === undefined ? this.#withGossip(message) : [message, about];
    this.emit({ kind: 'send', to: endpointOf(to), messages, seqNo: message.seqNo });
  }

  /** Whether there was anything to tell. */
  gossip(to: Endpoint): boolean {
    const messages = this.#draw(this.#budget, MOST_PARTS);
    if (messages.length > 0) this.emit({ kind: 'send', to: endpointOf(to), messages });
    return messages.length > 0;
  }

  #withGossip(message: PacketMessage): readonly PacketMessage[] {
    return [message, ...this.#draw(this.#budget - this.#settings.sizeOf(message), MOST_PARTS - 1)];
  }

  #draw(budget: number, most: number): Claim[] {
    return this.#broadcasts.draw(budget, most, retransmitLimit(this.#members.size, this.#settings.tuning.retransmitMult));
  }
}
