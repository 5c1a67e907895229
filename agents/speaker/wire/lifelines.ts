/**
 * A TCP connection to each peer of ours that lives, on the port of gossip: its end tells at once that the peer's process has ended
 * (lifeline.ts). Its first bytes say what it is, and prove that who opened it has the key; nothing else is said on it.
 */
import type { Socket } from 'node:net';
import { type Lifeline, type LifelineEvent, NEW_LIFELINE, stepLifeline } from '../../../src/membership/lifeline.js';
import type { Member } from '../../../src/membership/membership.js';
import { destinationOf } from './endpoints.js';
import type { GossipPort } from './gossipport.js';

/** Connections taken at most: as many nodes can be members. */
const MOST_TAKEN = 256;
/** Of one host. It needs one; while its agent restarts, there may be two. */
const MOST_OF_ONE_HOST = 4;
/** How long an attempt may take. Who does not answer so long is judged by his beats. */
const CONNECT_MS = 1000;
/** The other side's host may be gone without a word. */
const KEEP_ALIVE_MS = 10_000;

const NOT_OPENED: ReadonlyMap<string | undefined, LifelineEvent> = new Map([
  ['ECONNREFUSED', 'refused'],
  ['ECONNRESET', 'reset'],
]);

export interface LifelinesOptions {
  readonly gossip: GossipPort;
  /** The line to this peer ended. Whether its process did is being found out. */
  readonly onClosed: (peer: string) => void;
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
  readonly #taken = new Set<Socket>();
  readonly #lines = new Map<string, Line>();
  #isClosed = false;

  constructor(options: LifelinesOptions) {
    this.#options = options;
    options.gossip.onLifeline = (socket) => this.#take(socket);
  }

  /** Holds a line to each of ours that lives, and to nobody else: a stock speaker would wait for a message. */
  setMembers(members: readonly Member[]): void {
    if (this.#isClosed) return;
    const ours = members.filter(({ state, speaks }) => state === 'alive' && speaks === 'arpeggio');
    const alive = new Map(ours.map(({ name, address }) => [name, address]));
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
  }

  #take(socket: Socket): void {
    const ofOneHost = [...this.#taken].filter(({ remoteAddress }) => remoteAddress === socket.remoteAddress).length;
    if (this.#isClosed || this.#taken.size >= MOST_TAKEN || ofOneHost >= MOST_OF_ONE_HOST) {
      socket.destroy();
      return;
    }
    this.#taken.add(socket);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    // No peer says anything.
    socket.on('data', () => socket.destroy());
    socket.once('close', () => this.#taken.delete(socket));
  }

  #connect(name: string, line: Line): void {
    const { gossip } = this.#options;
    const socket = gossip.streams.connect(destinationOf(line.address));
    line.socket = socket;
    let [isOpen, code]: [boolean, string | undefined] = [false, undefined];
    socket.setTimeout(CONNECT_MS, () => socket.destroy());
    socket.once('connect', () => {
      isOpen = true;
      socket.write(gossip.hello());
      socket.setTimeout(0);
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      this.#step(name, line, 'opened');
    });
    socket.resume();
    socket.on('error', (error: NodeJS.ErrnoException) => {
      code = error.code;
    });
    socket.once('close', () => this.#step(name, line, isOpen ? 'ended' : (NOT_OPENED.get(code) ?? 'failed')));
  }

  #step(name: string, line: Line, event: LifelineEvent): void {
    if (this.#lines.get(name) !== line) return;
    const now = performance.now();
    if (event === 'ended' && line.state.phase === 'open') line.endedAt = now;
    const { line: state, action } = stepLifeline(line.state, event, now);
    line.state = state;
    if (event === 'ended') this.#options.onClosed(name);
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
