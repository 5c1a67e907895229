/**
 * One interface in service: requests in, replies and gratuitous frames out. It holds no opinion on who owns an address; it
 * asks the claims, which are replaced whole.
 */
import type { Issue } from '../../../src/issue/issue.js';
import type { Claims } from '../../../src/layer2/claims.js';
import { decide } from '../../../src/layer2/responder.js';
import type { Ipv4 } from '../../../src/net/address.js';
import { type Mac, sameMac } from '../../../src/net/mac.js';
import { ARP_LONGEST_LENGTH, ArpOperation, turnIntoReply, writeGratuitous } from '../../../src/packet/arp.js';
import type { Counters } from './counters.js';
import { type Link, openLink } from './link.js';
import { Turn } from './turn.js';

/** Requests put off within one turn of the loop, at most. */
const QUEUE_LENGTH = 1024;
const SLOT = ARP_LONGEST_LENGTH;

export interface PortOptions {
  readonly name: string;
  readonly mac: Mac;
  readonly filter: string;
  /** Of the interface when it is opened: what is captured on one with another index or count may be dead. */
  readonly index: number;
  readonly carrierChanges: number;
  readonly claims: () => Claims;
  readonly counters: Counters;
  /** Called at the end of each turn of the loop that had frames to answer: their number may have kept timers waiting. */
  readonly onBusy: () => void;
  /** A frame could not be sent: pcap's text. */
  readonly onSendError: (text: string) => void;
}

export class Port {
  readonly name: string;
  readonly mac: Mac;
  readonly #options: PortOptions;
  readonly #turn: Turn = new Turn(() => this.#answerQueue());
  /** Requests put off: whole frames, one a slot, and their lengths. */
  readonly #queue: Uint8Array = new Uint8Array(QUEUE_LENGTH * SLOT);
  readonly #lengths: Uint8Array = new Uint8Array(QUEUE_LENGTH);
  #queued = 0;
  /** A frame could not be sent: the handle may not recover, so it is opened anew at the next look. */
  #failed = false;
  readonly #gratuitous: Buffer = Buffer.alloc(SLOT);
  #link: Link | undefined;

  private constructor(options: PortOptions) {
    this.#options = options;
    this.name = options.name;
    this.mac = options.mac;
  }

  /** Blocks the loop for some 20 ms. The issue is the link's. */
  static open(options: PortOptions): Port | Issue {
    const port = new Port(options);
    const link = openLink(options.name, options.filter, (frame, length) => port.#receive(frame, length));
    if (!('send' in link)) return link;
    port.#link = link;
    return port;
  }

  /** Whether this is still the capture that the interface needs. */
  serves(wanted: Pick<PortOptions, 'mac' | 'filter' | 'index' | 'carrierChanges'>): boolean {
    const { mac, filter, index, carrierChanges } = this.#options;
    const isSame = filter === wanted.filter && index === wanted.index && carrierChanges === wanted.carrierChanges;
    return isSame && sameMac(mac, wanted.mac) && !this.#failed;
  }

  /** Answers nothing from now on. Blocks the loop for some 30 ms. */
  close(): void {
    const link = this.#link;
    this.#link = undefined;
    link?.close();
  }

  /** Sends the two frames of one round: request, then reply (metallb-behaviour §4.7). The pair ends at the first error. */
  announce(address: Ipv4): void {
    const counters = this.#options.counters.of(address);
    const view = new DataView(this.#gratuitous.buffer, this.#gratuitous.byteOffset, this.#gratuitous.byteLength);
    for (const operation of [ArpOperation.request, ArpOperation.reply]) {
      const length = writeGratuitous(view, operation, this.mac, address);
      if (!this.#send(this.#gratuitous, length)) return;
      counters.gratuitous++;
    }
  }

  #receive(frame: DataView, length: number): void {
    if (this.#link === undefined) return;
    const { claims, counters } = this.#options;
    const decision = decide(frame, this, claims(), length);
    if ('drop' in decision) {
      counters.drops[decision.drop]++;
    } else if (this.#turn.admit()) {
      this.#answer(frame, decision.answer);
    } else {
      this.#putOff(frame, length);
    }
  }

  #answer(frame: DataView, address: Ipv4): void {
    const link = this.#link;
    if (link === undefined) return;
    const counters = this.#options.counters.of(address);
    counters.requests++;
    const length = turnIntoReply(frame, this.mac, address);
    if (this.#send(link.frame, length)) counters.responses++;
  }

  #putOff(frame: DataView, length: number): void {
    if (this.#queued === QUEUE_LENGTH) {
      this.#options.counters.drops.overload++;
      return;
    }
    this.#queue.set(new Uint8Array(frame.buffer, frame.byteOffset, length), this.#queued * SLOT);
    this.#lengths[this.#queued] = length;
    this.#queued++;
  }

  /** The end of a turn. What was put off is decided again: a claim may have been released since. */
  #answerQueue(): void {
    this.#options.onBusy();
    const link = this.#link;
    const count = this.#queued;
    this.#queued = 0;
    if (link === undefined) return;
    const frame = new DataView(link.frame.buffer, link.frame.byteOffset, link.frame.byteLength);
    for (let slot = 0; slot < count; slot++) {
      const length = this.#lengths[slot] ?? 0;
      link.frame.set(this.#queue.subarray(slot * SLOT, slot * SLOT + length));
      const decision = decide(frame, this, this.#options.claims(), length);
      if ('drop' in decision) this.#options.counters.drops[decision.drop]++;
      else this.#answer(frame, decision.answer);
    }
  }

  #send(frame: Buffer, length: number): boolean {
    try {
      this.#link?.send(frame, length);
      return this.#link !== undefined;
    } catch (error) {
      this.#failed = true;
      this.#options.counters.drops['send-failed']++;
      this.#options.onSendError(error instanceof Error ? error.message : String(error));
      return false;
    }
  }
}
