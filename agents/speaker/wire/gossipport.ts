/**
 * The port of memberlist, UDP and TCP, which beats and lifelines share with it: what is said on it is told apart here, and goes no
 * further if it cannot be read. With a key, nothing that does not have it gets past this file.
 */
import type { Socket } from 'node:net';
import { type Issue, issue } from '../../../src/issue/issue.js';
import { isLifelineHello, LIFELINE_HELLO } from '../../../src/membership/lifeline.js';
import type { DropReason } from '../../../src/membership/memberlist/drop.js';
import { formatEndpoint } from '../../../src/membership/memberlist/endpoint.js';
import type { Endpoint, PacketMessage, StreamMessage } from '../../../src/membership/memberlist/message.js';
import type { Key } from '../../../src/membership/memberlist/seal.js';
import type { Family } from '../../../src/net/address.js';
import { Datagrams } from './datagrams.js';
import { Envelope } from './envelope.js';
import { Rejections } from './rejections.js';
import { Streams } from './streams.js';

export interface GossipPortOptions {
  readonly port: number;
  /** Of its sockets; `address` is of it. @default IPv4 */
  readonly family?: Family | undefined;
  /** To bind to. @default every address of this host */
  readonly address?: string | undefined;
  /** @default what is said is not sealed */
  readonly key?: Key | undefined;
  /** How long a stream may take. */
  readonly streamTimeoutMs: number;
  readonly report: (issues: readonly Issue[]) => void;
}

/** Who hears what is said on the port. */
export interface Ears {
  readonly onMessages: (messages: readonly PacketMessage[], from: Endpoint) => void;
  /** Waits for an answer under that number, or to be refused one. */
  readonly onRequest: (request: number, message: StreamMessage, from: Endpoint) => void;
  /** A user message on a stream. */
  readonly onWord: (body: Uint8Array, from: string) => void;
}

const EVERY_ADDRESS: Readonly<Record<Family, string>> = { IPv4: '0.0.0.0', IPv6: '::' };

export class GossipPort {
  readonly #options: GossipPortOptions;
  readonly #rejections: Rejections;
  readonly #dropped: Partial<Record<DropReason, number>> = {};
  readonly family: Family;
  readonly envelope: Envelope;
  readonly datagrams: Datagrams;
  readonly streams: Streams;
  #ears: Ears | undefined;
  /** Takes a connection that was said to be a lifeline. */
  onLifeline: (socket: Socket) => void = (socket) => void socket.destroy();

  constructor(options: GossipPortOptions) {
    this.#options = options;
    this.family = options.family ?? 'IPv4';
    const envelope = new Envelope(options.key);
    this.envelope = envelope;
    this.#rejections = new Rejections(envelope.isSealed, options.report);
    const onDrop = (reason: DropReason, from: string): void => this.#drop(reason, from);
    this.datagrams = new Datagrams({
      ...{ envelope, onDrop, family: this.family },
      onMessages: (messages, from) => this.#ears?.onMessages(messages, from),
    });
    this.streams = new Streams({
      envelope,
      onDrop,
      timeoutMs: options.streamTimeoutMs,
      onCut: () => this.#count('truncated'),
      onRequest: (request, message, from) => {
        if (this.#ears === undefined) this.streams.refuse(request);
        else this.#ears.onRequest(request, message, from);
      },
      onUser: (body, from, socket) => {
        const isLifeline = isLifelineHello(body);
        if (isLifeline) this.onLifeline(socket);
        else this.#ears?.onWord(body, formatEndpoint(from));
        return isLifeline;
      },
    });
  }

  /** What was dropped, by reason. */
  get dropped(): Readonly<Record<string, number>> {
    return this.#dropped;
  }

  /** PORT_IN_USE when it cannot be had, and why. */
  async bind(): Promise<Issue | undefined> {
    const { port, address = EVERY_ADDRESS[this.family] } = this.#options;
    const udp = await this.datagrams.bind(address, port);
    if (udp !== undefined) return cannotBind('UDP', port, address, udp);
    const tcp = await this.streams.bind(address, port);
    return tcp === undefined ? undefined : cannotBind('TCP', port, address, tcp);
  }

  /** Until then nothing is heard, and requests are refused. */
  listen(ears: Ears): void {
    this.#ears = ears;
  }

  /** The first bytes of a lifeline. */
  hello(): Uint8Array {
    return this.envelope.stream({ kind: 'user', body: LIFELINE_HELLO }, 'initiator');
  }

  #count(reason: DropReason): void {
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + 1;
  }

  #drop(reason: DropReason, from: string): void {
    this.#count(reason);
    this.#rejections.tell(reason, from);
  }
}

function cannotBind(protocol: 'UDP' | 'TCP', port: number, address: string, error: NodeJS.ErrnoException): Issue {
  const where = `gossip needs ${protocol} port ${port}`;
  if (error.code === 'EADDRNOTAVAIL') {
    return issue('PORT_IN_USE', '', `${where} of ${address}, and no interface of this host has that address`);
  }
  return issue(
    'PORT_IN_USE',
    '',
    `${where} (${error.code ?? error.message}); is another agent, or a MetalLB speaker, running here?`,
  );
}
