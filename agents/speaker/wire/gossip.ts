/**
 * This node as a member of its memberlist cluster: carries out on sockets what the state machine in src/membership/memberlist asks
 * for. It begins when this node's own address is known.
 */
import { randomInt } from 'node:crypto';
import type { Issue } from '../../../src/issue/issue.js';
import type { MemberlistEffect, MemberlistInput } from '../../../src/membership/memberlist/boundary.js';
import { Memberlist } from '../../../src/membership/memberlist/memberlist.js';
import type { Endpoint, PacketMessage, StreamMessage } from '../../../src/membership/memberlist/message.js';
import { encodePacketMessage } from '../../../src/membership/memberlist/packet.js';
import type { Tuning } from '../../../src/membership/memberlist/settings.js';
import type { Member } from '../../../src/membership/membership.js';
import { membersOf, type Whereabouts, whereaboutsOf } from '../../../src/membership/mixed.js';
import { OUR_META } from '../../../src/membership/ourmeta.js';
import type { LogRecord } from '../../runtime/log.js';
import { destinationIn } from './endpoints.js';
import type { GossipPort } from './gossipport.js';
import { GossipWarnings } from './gossipwarnings.js';

/** Nodes remembered at most, dead ones too. Who has no key and no firewall could otherwise be told of any number. */
const MOST_NODES = 512;
/** Errors of ours, that tell nothing of whom a datagram was for. */
const LOCAL_ERRORS = new Set(['EMSGSIZE', 'ENOBUFS', 'ENOMEM', 'EAGAIN', 'ERR_SOCKET_DGRAM_NOT_RUNNING']);

export interface GossipOptions {
  readonly self: string;
  readonly port: GossipPort;
  readonly tuning: Tuning;
  /** What this node says of itself. @default that it is one of ours */
  readonly meta?: Uint8Array;
  /** `members` or `whereabouts` are others than they were. */
  readonly onChange: () => void;
  /** Every address to join was tried once. */
  readonly onJoined: () => void;
  readonly log: (record: LogRecord) => void;
  readonly report: (issues: readonly Issue[]) => void;
}

export class Gossip {
  readonly #options: GossipOptions;
  #memberlist: Memberlist | undefined;
  #onGone: () => void = () => undefined;
  readonly #warnings: GossipWarnings;
  #members: readonly Member[] = [];
  #whereabouts: Whereabouts = { ours: [], stock: [] };

  constructor(options: GossipOptions) {
    this.#options = options;
    this.#warnings = new GossipWarnings(options);
  }

  /** Makes this node known as one at `endpoint`, to those at `join` and to whomever they know. */
  start(endpoint: Endpoint, join: readonly Endpoint[]): void {
    const { self, port, tuning, meta = OUR_META } = this.#options;
    const settings = {
      ...{ self, endpoint, join, tuning, meta, maxMembers: MOST_NODES, seed: randomInt(2 ** 32) },
      overheadBytes: port.envelope.overheadBytes,
      sizeOf: (message: PacketMessage) => encodePacketMessage(message).length,
    };
    this.#memberlist = new Memberlist(settings, performance.now());
    this.step({ kind: 'tick' });
  }

  get isStarted(): boolean {
    return this.#memberlist !== undefined;
  }

  /** All others that memberlist knows and the rest of the agent may believe, sorted by name. */
  get members(): readonly Member[] {
    return this.#members;
  }

  get whereabouts(): Whereabouts {
    return this.#whereabouts;
  }

  /** Nodes by state, this one too, and how well this one feels: 0 is well. */
  get sample(): { readonly nodes: Readonly<Record<string, number>>; readonly health: number } {
    const nodes = { alive: 0, suspect: 0, dead: 0, left: 0 };
    for (const { state } of this.#memberlist?.nodes ?? []) nodes[state]++;
    return { nodes, health: this.#memberlist?.health ?? 0 };
  }

  /** When to call with a tick, in milliseconds of performance.now(). */
  get wakeAt(): number {
    return this.#memberlist?.wakeAt ?? Number.POSITIVE_INFINITY;
  }

  step(input: MemberlistInput): void {
    if (this.#memberlist === undefined) {
      if (input.kind === 'stream-request') this.#options.port.streams.refuse(input.request);
      return;
    }
    const effects = this.#memberlist.step(input, performance.now());
    // A member may have become a suspect too, without a word: where members are, and who, is looked at when something is told.
    const isNews = effects.some(({ kind }) => kind === 'joined' || kind === 'updated' || kind === 'left' || kind === 'forgotten');
    if (isNews) {
      const { self } = this.#options;
      const { nodes } = this.#memberlist;
      this.#members = membersOf(nodes, self);
      this.#whereabouts = whereaboutsOf(nodes, self);
      this.#options.onChange();
    }
    for (const effect of effects) this.#perform(effect);
  }

  /** Resolves when the others know, or `timeoutMs` have passed. */
  async leave(timeoutMs: number): Promise<void> {
    if (this.#memberlist === undefined) return;
    await new Promise<void>((resolve) => {
      this.#onGone = resolve;
      this.step({ kind: 'leave', timeoutMs });
    });
  }

  #perform(effect: MemberlistEffect): void {
    const { streams } = this.#options.port;
    switch (effect.kind) {
      case 'send':
        this.#send(effect.to, effect.messages, effect.seqNo);
        break;
      case 'open-stream':
        this.#open(effect.stream, effect.to, effect.message, effect.until);
        break;
      case 'answer-stream':
        streams.answer(effect.request, effect.message);
        break;
      case 'close-stream':
        streams.refuse(effect.request);
        break;
      case 'join-settled':
        this.#options.onJoined();
        break;
      case 'gone':
        this.#onGone();
        break;
      case 'user':
      case 'joined':
      case 'updated':
      case 'left':
      case 'forgotten':
        break;
      default:
        this.#warnings.tell(effect);
    }
  }

  #send(to: Endpoint, messages: readonly PacketMessage[], seqNo: number | undefined): void {
    const destination = destinationIn(this.#options.port.family, to);
    const onFailed = (error: NodeJS.ErrnoException): void => {
      if (seqNo === undefined) return;
      this.step({ kind: 'send-failed', seqNo, because: LOCAL_ERRORS.has(error.code ?? '') ? 'local' : 'network' });
    };
    if (destination !== undefined) this.#options.port.datagrams.send([destination], messages, onFailed);
  }

  #open(stream: number, to: Endpoint, message: StreamMessage, until: number): void {
    const destination = destinationIn(this.#options.port.family, to);
    const onEnd = (answer: StreamMessage | undefined): void =>
      this.step(answer === undefined ? { kind: 'stream-failed', stream } : { kind: 'stream-answer', stream, message: answer });
    // Not at once: the state machine is told of nothing while it is at work.
    if (destination === undefined) queueMicrotask(() => onEnd(undefined));
    else this.#options.port.streams.ask(destination, message, Math.max(0, until - performance.now()), onEnd);
  }
}
