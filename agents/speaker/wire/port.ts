/**
 * One interface in service: requests in, answers and announcements out, claims by others noticed. It holds no opinion on who
 * owns an address; it asks the claims, which are replaced whole.
 */
import type { Issue } from '../../../src/issue/issue.js';
import type { Claims } from '../../../src/layer2/claims.js';
import { claimIn, decideNeighbour, type NeighbourDropReason } from '../../../src/layer2/neighbourresponder.js';
import { type DropReason, decide, type Receiver } from '../../../src/layer2/responder.js';
import { type AddressKey, addressOfKey, type Words } from '../../../src/net/address.js';
import { type Mac, sameMac } from '../../../src/net/mac.js';
import * as arp from '../../../src/packet/arp.js';
import * as neighbour from '../../../src/packet/neighbour.js';
import type { Counters } from './counters.js';
import type { Gathering } from './gathering.js';
import { type Link, openLink } from './link.js';
import { Turn } from './turn.js';

/** Requests put off within one turn of the loop, at most. */
const QUEUE_LENGTH = 1024;
const SLOT = Math.max(arp.ARP_LONGEST_LENGTH, neighbour.NEIGHBOUR_LONGEST_LENGTH);

/** What the kernel says when it has no room for a frame at the moment. The handle is as good as before. */
const NO_ROOM = /No buffer space|temporarily unavailable/;

/** What of an interface a capture depends on: when any of it changes, the old one may be dead, or answer with the wrong MAC. */
export interface PortIdentity {
  readonly mac: Mac;
  /** Whether ARP is answered here. */
  readonly arp: boolean;
  /** Undefined: no neighbour solicitations are answered here. */
  readonly linkLocal: Words | undefined;
  readonly index: number;
  /** Changes when the interface was down, even once. */
  readonly generation: number;
}

export interface PortOptions {
  readonly name: string;
  readonly identity: PortIdentity;
  readonly filter: string;
  readonly claims: () => Claims;
  /** Whether this node asks about the address. */
  readonly isAsked: (key: AddressKey) => boolean;
  readonly counters: Counters;
  /** Is told of each frame whether it needed something. */
  readonly gathering: Gathering;
  /** Somebody with this MAC says that he holds an address that this node claims or asks about; for every frame that says so. */
  readonly onClaim: (key: AddressKey, mac: Mac, on: Port) => void;
  /** Called before each frame is looked at. */
  readonly onFrame: () => void;
  /** Called at the end of each turn of the loop that had frames to answer: their number may have kept timers waiting. */
  readonly onBusy: () => void;
  /** A frame could not be sent: pcap's text. */
  readonly onSendError: (text: string) => void;
}

/**
 * What is sent unasked: the two gratuitous frames of ARP, IPv6's one, and two kinds of question. With a probe a node asks whether
 * anybody else holds what it holds itself; with a question who answers for what it does not hold.
 */
export type Unasked = 'request' | 'reply' | 'advertisement' | 'probe' | 'question';

type Decision = { readonly answer: AddressKey } | { readonly drop: DropReason | NeighbourDropReason };

/** Whether the frame is a whole one of somebody else's. */
const isReadable = (decision: Decision): boolean => 'answer' in decision || !UNREAD.has(decision.drop);
const UNREAD: ReadonlySet<DropReason | NeighbourDropReason> = new Set(['not-arp', 'not-ndp', 'malformed', 'own-frame'] as const);

export class Port {
  readonly name: string;
  #identity: PortIdentity;
  readonly #receiver: Receiver;
  readonly #options: PortOptions;
  readonly #turn: Turn = new Turn(() => this.#answerQueue());
  /** Requests put off: whole frames, one a slot, and their lengths. */
  readonly #queue: Uint8Array = new Uint8Array(QUEUE_LENGTH * SLOT);
  readonly #lengths: Uint8Array = new Uint8Array(QUEUE_LENGTH);
  #queued = 0;
  /** A frame could not be sent: the handle may not recover, so it is opened anew at the next look. */
  #failed = false;
  readonly #unasked: Buffer = Buffer.alloc(SLOT);
  /** Undefined once it is closed. */
  #link: Link | undefined;
  #filter: string;

  private constructor(options: PortOptions) {
    this.#options = options;
    this.name = options.name;
    this.#identity = options.identity;
    this.#receiver = { name: options.name, mac: options.identity.mac };
    this.#filter = options.filter;
  }

  /** Blocks the loop for some 20 ms. The issue is the link's. */
  static open(options: PortOptions): Port | Issue {
    const port = new Port(options);
    const link = openLink(options.name, options.filter, (frame, length) => port.#receive(frame, length));
    if (!('send' in link)) return link;
    port.#link = link;
    return port;
  }

  get identity(): PortIdentity {
    return this.#identity;
  }

  get filter(): string {
    return this.#filter;
  }

  /** Captures with another filter from now on, without a gap. */
  setFilter(filter: string): Issue | undefined {
    const failed = this.#link?.setFilter(filter);
    if (failed === undefined) this.#filter = filter;
    return failed;
  }

  /** Whether this is still the capture that the interface needs, whatever its filter. */
  serves(identity: PortIdentity): boolean {
    return this.#isCaptureOf(identity) && identity.linkLocal?.join() === this.identity.linkLocal?.join();
  }

  /** Speaks from another link-local address from now on, and captures on; false: that would need another capture. */
  adopt(identity: PortIdentity): boolean {
    if (!this.#isCaptureOf(identity)) return false;
    this.#identity = identity;
    return true;
  }

  #isCaptureOf({ mac, arp: does, index, generation }: PortIdentity): boolean {
    const own = this.identity;
    const isSame = does === own.arp && index === own.index && generation === own.generation;
    return isSame && sameMac(mac, own.mac) && !this.#failed;
  }

  /** Whether addresses of this one's family are answered for here at all. */
  canAnswer(key: AddressKey): boolean {
    return typeof key === 'number' ? this.identity.arp : this.identity.linkLocal !== undefined;
  }

  /** Answers nothing from now on. Blocks the loop for some 30 ms. */
  close(): void {
    const link = this.#link;
    this.#link = undefined;
    link?.close();
  }

  /** Sends one frame of its own accord; false when it could not be sent, or says nothing on this interface. */
  sendUnasked(key: AddressKey, what: Unasked): boolean {
    if (!this.canAnswer(key)) return false;
    const view = new DataView(this.#unasked.buffer, this.#unasked.byteOffset, this.#unasked.byteLength);
    const isSent = this.#send(this.#unasked, this.#writeUnasked(view, key, what));
    if (isSent && what !== 'probe' && what !== 'question') this.#options.counters.of(key).gratuitous++;
    return isSent;
  }

  #writeUnasked(view: DataView, key: AddressKey, what: Unasked): number {
    const { mac, linkLocal } = this.identity;
    const address = addressOfKey(key);
    if (address.family === 'IPv4') {
      if (what === 'probe' || what === 'question') return arp.writeProbe(view, mac, address.value);
      const operation = what === 'request' ? arp.ArpOperation.request : arp.ArpOperation.reply;
      return arp.writeGratuitous(view, operation, mac, address.value);
    }
    if (what === 'probe' || linkLocal === undefined) return neighbour.writeProbe(view, mac, address.words);
    const write = what === 'question' ? neighbour.writeSolicitation : neighbour.writeUnsolicited;
    return write(view, { mac, linkLocal }, address.words);
  }

  #receive(frame: DataView, length: number): void {
    if (this.#link === undefined) return;
    this.#options.onFrame();
    const decision = this.#decide(frame, length);
    if ('drop' in decision) {
      this.#options.counters.drops[decision.drop]++;
      this.#options.gathering.needless();
    } else if (this.#turn.admit()) {
      this.#answer(frame, decision.answer);
    } else {
      this.#putOff(frame, length);
    }
  }

  /** Also notices who else claims an address of ours: with a question he may say so, too. */
  #decide(frame: DataView, length: number): Decision {
    const claims = this.#options.claims();
    if (neighbour.saysNeighbour(frame, length)) {
      const decision = decideNeighbour(frame, this.#receiver, claims, length);
      const claim = isReadable(decision) ? claimIn(frame, length) : undefined;
      if (claim !== undefined && this.#isOfInterest(claim.address)) this.#onClaim(claim.address, claim.mac);
      return decision;
    }
    const decision = decide(frame, this.#receiver, claims, length);
    const isClaim = isReadable(decision) && this.#isOfInterest(arp.senderAddress(frame)) && arp.isClaim(frame);
    if (isClaim) this.#onClaim(arp.senderAddress(frame), arp.senderMac(frame));
    return decision;
  }

  #onClaim(key: AddressKey, mac: Mac): void {
    this.#options.gathering.needed();
    this.#options.onClaim(key, mac, this);
  }

  #isOfInterest(key: AddressKey): boolean {
    return this.#options.claims().has(key) || this.#options.isAsked(key);
  }

  #answer(frame: DataView, key: AddressKey): void {
    const { mac, linkLocal } = this.identity;
    const link = this.#link;
    if (link === undefined) return;
    this.#options.gathering.needed();
    const counters = this.#options.counters.of(key);
    counters.requests++;
    if (typeof key === 'number') {
      if (this.#send(link.frame, arp.turnIntoReply(frame, mac, key))) counters.responses++;
    } else if (linkLocal !== undefined) {
      if (this.#send(link.frame, neighbour.turnIntoAdvertisement(frame, { mac, linkLocal }))) counters.responses++;
    }
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
      const decision = this.#decide(frame, length);
      if ('drop' in decision) this.#options.counters.drops[decision.drop]++;
      else this.#answer(frame, decision.answer);
    }
  }

  #send(frame: Buffer, length: number): boolean {
    try {
      this.#link?.send(frame, length);
      return this.#link !== undefined;
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#failed ||= !NO_ROOM.test(text);
      this.#options.counters.drops['send-failed']++;
      this.#options.onSendError(text);
      return false;
    }
  }
}
