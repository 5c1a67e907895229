/**
 * A TCP connection to each peer that is heard, on the port of the heartbeats: its end tells at once that the peer's process has
 * ended (lifeline.ts). Nothing is said on it.
 */
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { type Issue, issue } from '../../../src/issue/issue.js';
import { type Lifeline, type LifelineEvent, NEW_LIFELINE, stepLifeline } from '../../../src/membership/lifeline.js';
import type { Member } from '../../../src/membership/membership.js';

/** Connections taken at most: as many nodes can be members. */
const MOST_TAKEN = 256;
/** How long an attempt may take. Who does not answer so long is judged by his beats. */
const CONNECT_MS = 1000;
/** The other side's host may be gone without a word. */
const KEEP_ALIVE_MS = 10_000;

export interface LifelinesOptions {
  readonly port: number;
  /** The process of this peer has ended, this long ago: as far as TCP goes. */
  readonly onCrash: (peer: string, sinceMs: number) => void;
}

interface Line {
  /** `host:port`. */
  readonly address: string;
  state: Lifeline;
  socket: Socket | undefined;
  timer: NodeJS.Timeout | undefined;
  endedAt: number;
}

export class Lifelines {
  readonly #options: LifelinesOptions;
  readonly #server: Server;
  readonly #taken = new Set<Socket>();
  readonly #lines = new Map<string, Line>();
  #isClosed = false;

  constructor(options: LifelinesOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#take(socket));
    this.#server.maxConnections = MOST_TAKEN;
  }

  /** PORT_IN_USE when another process has the port. */
  async bind(): Promise<Issue | undefined> {
    const { port } = this.#options;
    return new Promise((resolve) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        const why = error.code ?? error.message;
        resolve(issue('PORT_IN_USE', '', `heartbeats need TCP port ${port} (${why}); is another agent running here?`));
      });
      this.#server.listen(port, '0.0.0.0', () => {
        this.#server.removeAllListeners('error');
        // A connection that cannot be taken is one that its other side tries again.
        this.#server.on('error', () => undefined);
        resolve(undefined);
      });
    });
  }

  /** Holds a line to each of them that lives, and to nobody else. */
  setMembers(members: readonly Member[]): void {
    if (this.#isClosed) return;
    const alive = new Map(members.flatMap(({ name, address, state }) => (state === 'alive' ? [[name, address]] : [])));
    for (const [name, line] of this.#lines) if (alive.get(name) !== line.address) this.#drop(name, line);
    for (const [name, address] of alive) {
      if (this.#lines.has(name)) continue;
      const line: Line = { address, state: NEW_LIFELINE, socket: undefined, timer: undefined, endedAt: 0 };
      this.#lines.set(name, line);
      this.#connect(name, line);
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const [name, line] of this.#lines) this.#drop(name, line);
    for (const socket of this.#taken) socket.destroy();
    this.#server.close();
  }

  #take(socket: Socket): void {
    this.#taken.add(socket);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    // No peer says anything.
    socket.on('data', () => socket.destroy());
    socket.on('error', () => undefined);
    socket.once('close', () => this.#taken.delete(socket));
  }

  #connect(name: string, line: Line): void {
    const colon = line.address.lastIndexOf(':');
    const socket = createConnection({ host: line.address.slice(0, colon), port: Number(line.address.slice(colon + 1)) });
    line.socket = socket;
    let [isOpen, code]: [boolean, string | undefined] = [false, undefined];
    socket.setTimeout(CONNECT_MS, () => socket.destroy());
    socket.once('connect', () => {
      isOpen = true;
      socket.setTimeout(0);
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      this.#step(name, line, 'opened');
    });
    socket.resume();
    socket.on('error', (error: NodeJS.ErrnoException) => {
      code = error.code;
    });
    socket.once('close', () => this.#step(name, line, isOpen ? 'ended' : code === 'ECONNREFUSED' ? 'refused' : 'failed'));
  }

  #step(name: string, line: Line, event: LifelineEvent): void {
    if (this.#lines.get(name) !== line) return;
    const now = performance.now();
    if (event === 'ended' && line.state.phase === 'open') line.endedAt = now;
    const { line: state, action } = stepLifeline(line.state, event, now);
    line.state = state;
    if (action.kind === 'none') return;
    if (action.afterMs === 0) this.#connect(name, line);
    else line.timer = setTimeout(() => this.#connect(name, line), action.afterMs);
    if (action.kind === 'crashed') this.#options.onCrash(name, now - line.endedAt);
  }

  #drop(name: string, line: Line): void {
    this.#lines.delete(name);
    clearTimeout(line.timer);
    line.socket?.destroy();
  }
}
