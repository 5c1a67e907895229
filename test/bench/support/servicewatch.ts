/**
 * When Services got their addresses, as somebody hears it who watches them.
 */
import { Transport } from '../../../agents/kube/transport.js';
import type { Endpoint } from '../../support/call.js';
import { nowMs } from './failovers.js';

interface Event {
  readonly type: string;
  readonly object: {
    readonly metadata: { readonly name: string };
    readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip: string }[] } };
  };
}

export class ServiceWatch implements Disposable {
  /** By name, in the order in which they came; milliseconds since 1970. */
  readonly assigned: Map<string, { readonly ip: string; readonly atMs: number }> = new Map();
  readonly #transport: Transport;
  readonly #waiting = new Set<() => void>();
  #problem: string | undefined;

  private constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Fulfilled once nothing is missed any more, and everything is known that was there before. */
  static async open({ host, port, ca, token }: Endpoint): Promise<ServiceWatch> {
    const access = {
      server: new URL(`https://${host}:${port}`),
      credentials: async () => ({ ca, authorization: `Bearer ${token}` }),
    };
    const transport = new Transport({ access, userAgent: 'arpeggio-bench' });
    const watch = new ServiceWatch(transport);
    await new Promise<void>((resolve) => {
      const failed = (why: string): void => {
        watch.#problem = why;
        watch.#tell();
      };
      const path = '/api/v1/services?watch=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan';
      transport.stream(path, 600_000, {
        opened: () => undefined,
        line: (text) => {
          if (text.startsWith('{"type":"BOOKMARK"')) resolve();
          else watch.#hear(text);
        },
        ended: () => failed('it ended'),
        refused: ({ message }) => failed(message),
        lost: failed,
        silent: () => failed('nothing came for ten minutes'),
      });
    });
    return watch;
  }

  /** Waits until all of them have an address; gives when the last of them had. */
  async all(names: readonly string[], longestMs: number): Promise<number> {
    const isThere = (): boolean => names.every((name) => this.assigned.has(name));
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (this.#problem !== undefined) settle(() => reject(new Error(`the watch broke off: ${this.#problem}`)));
        // Going through all names takes long; most often there are not enough.
        else if (this.assigned.size >= names.length && isThere()) settle(resolve);
      };
      const settle = (done: () => void): void => {
        clearTimeout(late);
        this.#waiting.delete(look);
        done();
      };
      const late = setTimeout(
        () => settle(() => reject(new Error(`${this.assigned.size} Services had an address after ${longestMs / 1000} s`))),
        longestMs,
      );
      this.#waiting.add(look);
      look();
    });
    return Math.max(...names.map((name) => this.assigned.get(name)?.atMs ?? Number.NaN));
  }

  [Symbol.dispose](): void {
    this.#transport.close();
  }

  #hear(text: string): void {
    const { type, object } = JSON.parse(text) as Event;
    const ip = object.status?.loadBalancer?.ingress?.[0]?.ip;
    const { name } = object.metadata;
    if (type === 'DELETED' || ip === undefined) this.assigned.delete(name);
    else if (this.assigned.get(name)?.ip !== ip) this.assigned.set(name, { ip, atMs: nowMs() });
    this.#tell();
  }

  #tell(): void {
    for (const look of this.#waiting) look();
  }
}
