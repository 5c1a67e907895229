/**
 * A door to an API server on loopback, for hosts that cannot reach that: while it is shut the server is away.
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

export class Door {
  readonly #host: string;
  readonly #port: number;
  readonly #to: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  /** From `host` and `port` to the port `to` of loopback. */
  constructor(host: string, port: number, to: number) {
    this.#host = host;
    this.#port = port;
    this.#to = to;
  }

  async open(): Promise<void> {
    if (this.#server?.listening === true) return;
    this.#server = createServer((inside) => {
      const outside = connect(this.#to, '127.0.0.1');
      for (const [one, other] of [
        [inside, outside],
        [outside, inside],
      ] as const) {
        this.#sockets.add(one);
        one.pipe(other);
        one.on('error', () => other.destroy());
        one.on('close', () => {
          other.destroy();
          this.#sockets.delete(one);
        });
      }
    }).listen(this.#port, this.#host);
    await once(this.#server, 'listening');
  }

  /** Ends every connection, and lets nobody in. */
  shut(): void {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
