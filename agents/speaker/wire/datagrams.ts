/**
 * The UDP half of the gossip port: datagrams in and out of their envelopes.
 */
import { createSocket, type Socket } from 'node:dgram';
import type { DropReason } from '../../../src/membership/memberlist/drop.js';
import type { Endpoint, PacketMessage } from '../../../src/membership/memberlist/message.js';
import type { Family } from '../../../src/net/address.js';
import { type Destination, Senders } from './endpoints.js';
import type { Envelope } from './envelope.js';

export interface DatagramsOptions {
  readonly envelope: Envelope;
  readonly family: Family;
  /** All that one datagram held and that could be read. */
  readonly onMessages: (messages: readonly PacketMessage[], from: Endpoint) => void;
  readonly onDrop: (reason: DropReason, from: string) => void;
}

const NUMBERS = { IPv4: 4, IPv6: 6 } as const;
/** Of IPv6 alone: what comes by IPv4 would have addresses of another form. */
const SOCKETS = { IPv4: { type: 'udp4' }, IPv6: { type: 'udp6', ipv6Only: true } } as const;

/** Destinations are addresses, and need not wait to be looked up. */
const asWritten =
  (family: Family) =>
  (host: string, _options: unknown, found: (error: null, address: string, family: number) => void): void =>
    found(null, host, NUMBERS[family]);

export class Datagrams {
  readonly #options: DatagramsOptions;
  readonly #socket: Socket;
  readonly #senders = new Senders();
  readonly counts: { sent: number; received: number } = { sent: 0, received: 0 };
  #isClosed = false;

  constructor(options: DatagramsOptions) {
    this.#options = options;
    const { family } = options;
    this.#socket = createSocket({ ...SOCKETS[family], reuseAddr: false, lookup: asWritten(family) });
  }

  /** Undefined, or why it cannot be had. */
  async bind(address: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
    return new Promise((resolve) => {
      this.#socket.once('error', resolve);
      this.#socket.bind({ address, port }, () => {
        this.#socket.removeAllListeners('error');
        // An unreachable peer is a silent peer, which the state machines notice by themselves.
        this.#socket.on('error', () => undefined);
        this.#socket.on('message', (bytes, info) => {
          const from = this.#senders.of(info);
          if (from !== undefined) this.#receive(bytes, from, info.address);
        });
        resolve(undefined);
      });
    });
  }

  /** One datagram to each, of the same bytes. None after the end, when answers to what was asked before may still be due. */
  send(to: readonly Destination[], messages: readonly PacketMessage[], onFailed?: (error: Error) => void): void {
    if (this.#isClosed) return;
    const bytes = this.#options.envelope.packet(messages);
    const onSent = onFailed === undefined ? undefined : (error: Error | null) => error !== null && onFailed(error);
    for (const { host, port } of to) this.#socket.send(bytes, port, host, onSent);
    this.counts.sent += to.length;
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.close();
  }

  #receive(bytes: Buffer, from: Endpoint, host: string): void {
    this.counts.received++;
    const { messages, drops } = this.#options.envelope.open(bytes);
    for (const reason of drops) this.#options.onDrop(reason, host);
    if (messages.length > 0) this.#options.onMessages(messages, from);
  }
}
