/**
 * The TCP half of the gossip port: streams of memberlist, of one message and at most one answer each, and lifelines, which begin as
 * such a stream.
 *
 * Whoever connects has a short time to say something that can be read, and few may wait at once, of one host fewer still: who is
 * silent keeps nobody else out, and never takes the place of a lifeline.
 */
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import type { DropReason } from '../../../src/membership/memberlist/drop.js';
import type { Endpoint, StreamMessage } from '../../../src/membership/memberlist/message.js';
import { type Destination, peerOf } from './endpoints.js';
import type { Envelope } from './envelope.js';

/** Streams that have not been answered, of all hosts and of one. */
const MOST_WAITING = 128;
const MOST_OF_ONE_HOST = 16;
/** With lifelines, which have their own limits. */
const MOST_CONNECTIONS = 512;

export interface StreamsOptions {
  readonly envelope: Envelope;
  /** How long a stream may take, from its first byte to its answer. */
  readonly timeoutMs: number;
  /** Somebody said this and waits for `answer` or `refuse` of that number. */
  readonly onRequest: (request: number, message: StreamMessage, from: Endpoint) => void;
  /** Somebody said this and waits for nothing. Whether the connection is taken over; else it ends. */
  readonly onUser: (body: Uint8Array, from: Endpoint, socket: Socket) => boolean;
  readonly onDrop: (reason: DropReason, from: string) => void;
  /** Somebody went before he had said all: most often a process that ended, or one that only looked whether anybody listens. */
  readonly onCut: () => void;
}

const isEvery = (address: string): boolean => address === '0.0.0.0' || address === '::';

interface Waiting {
  readonly socket: Socket;
  readonly host: string;
  readonly timer: NodeJS.Timeout;
}

export class Streams {
  readonly #options: StreamsOptions;
  readonly #server: Server = createServer((socket) => this.#take(socket));
  readonly #waiting = new Map<number, Waiting>();
  readonly #opened = new Set<Socket>();
  /** Of this host, if it was told one: peers see us come from where they reach us. */
  #localAddress: string | undefined;
  #taken = 0;
  readonly counts: { opened: number; taken: number; refused: number } = { opened: 0, taken: 0, refused: 0 };

  constructor(options: StreamsOptions) {
    this.#options = options;
    this.#server.maxConnections = MOST_CONNECTIONS;
  }

  /** Undefined, or why it cannot be had. */
  async bind(address: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
    if (!isEvery(address)) this.#localAddress = address;
    return new Promise((resolve) => {
      this.#server.once('error', resolve);
      this.#server.listen({ port, host: address, ipv6Only: true }, () => {
        this.#server.removeAllListeners('error');
        // A connection that cannot be taken is one that its other side tries again.
        this.#server.on('error', () => undefined);
        resolve(undefined);
      });
    });
  }

  connect({ host, port }: Destination): Socket {
    return createConnection({ host, port, ...(this.#localAddress === undefined ? {} : { localAddress: this.#localAddress }) });
  }

  /** Says one thing to another, and gives his answer once; undefined if none comes in time. */
  ask(to: Destination, message: StreamMessage, timeoutMs: number, onEnd: (answer: StreamMessage | undefined) => void): void {
    const socket = this.connect(to);
    const timer = setTimeout(() => socket.destroy(), timeoutMs);
    const reader = this.#options.envelope.reader('responder');
    let answer: StreamMessage | undefined;
    this.#opened.add(socket);
    this.counts.opened++;
    socket.once('connect', () => socket.write(this.#options.envelope.stream(message, 'initiator')));
    socket.on('data', (chunk: Buffer) => {
      const step = reader.push(chunk);
      if (step.kind === 'more') return;
      if (step.kind === 'drop') this.#options.onDrop(step.reason, to.host);
      else {
        answer = step.message;
        for (const reason of step.drops) this.#options.onDrop(reason, to.host);
      }
      socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearTimeout(timer);
      if (this.#opened.delete(socket)) onEnd(answer);
    });
  }

  answer(request: number, message: StreamMessage): void {
    // Until the other side has taken all of it, or its time is over.
    this.#waiting.get(request)?.socket.end(this.#options.envelope.stream(message, 'responder'));
  }

  refuse(request: number): void {
    this.#waiting.get(request)?.socket.destroy();
  }

  /** Nobody hears of what was asked any more. */
  close(): void {
    for (const socket of this.#opened) socket.destroy();
    this.#opened.clear();
    for (const { socket } of this.#waiting.values()) socket.destroy();
    this.#server.close();
  }

  #take(socket: Socket): void {
    socket.on('error', () => undefined);
    const from = peerOf(socket);
    const host = socket.remoteAddress ?? '';
    const ofOneHost = [...this.#waiting.values()].filter((one) => one.host === host).length;
    if (from === undefined || this.#waiting.size >= MOST_WAITING || ofOneHost >= MOST_OF_ONE_HOST) {
      this.counts.refused++;
      socket.destroy();
      return;
    }
    this.counts.taken++;
    this.#taken++;
    const request = this.#taken;
    const timer = setTimeout(() => socket.destroy(), this.#options.timeoutMs);
    this.#waiting.set(request, { socket, host, timer });
    socket.once('close', () => this.#release(request));
    this.#read(socket, request, from, host);
  }

  #release(request: number): void {
    clearTimeout(this.#waiting.get(request)?.timer);
    this.#waiting.delete(request);
  }

  /** One message; what comes behind it is not looked at. */
  #read(socket: Socket, request: number, from: Endpoint, host: string): void {
    const { envelope, onCut, onDrop, onRequest, onUser } = this.#options;
    const reader = envelope.reader('initiator');
    const onData = (chunk: Buffer): void => {
      const step = reader.push(chunk);
      if (step.kind === 'more') return;
      socket.off('data', onData);
      socket.off('end', onCut);
      if (step.kind === 'drop') {
        onDrop(step.reason, host);
        socket.destroy();
        return;
      }
      for (const reason of step.drops) onDrop(reason, host);
      if (step.message.kind !== 'user') onRequest(request, step.message, from);
      else if (onUser(step.message.body, from, socket)) this.#release(request);
      else socket.destroy();
    };
    socket.on('data', onData);
    socket.once('end', onCut);
  }
}
