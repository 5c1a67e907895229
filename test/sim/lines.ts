/**
 * The lifelines of one process, as agents/speaker/wire/lifelines.ts holds them.
 */
import { type Lifeline, type LifelineEvent, NEW_LIFELINE, stepLifeline } from '../../src/membership/lifeline.js';
import type { Member } from '../../src/membership/membership.js';

export interface Sockets {
  now(): number;
  /** `then` gets what becomes of the connection, until it is destroyed by what is returned. */
  connect(to: string, then: (event: LifelineEvent) => void): () => void;
  /** Calls after so long, unless it is called off by what is returned. */
  after(ms: number, act: () => void): () => void;
}

export interface Told {
  readonly onClosed: (peer: string) => void;
  readonly onCrash: (peer: string, sinceMs: number) => void;
}

interface Line {
  readonly address: string;
  state: Lifeline;
  destroy: () => void;
  callOff: () => void;
  endedAt: number;
}

const nothing = (): void => undefined;

export class Lines {
  readonly #sockets: Sockets;
  readonly #told: Told;
  readonly #lines = new Map<string, Line>();
  #isClosed = false;

  constructor(sockets: Sockets, told: Told) {
    this.#sockets = sockets;
    this.#told = told;
  }

  setMembers(members: readonly Member[]): void {
    if (this.#isClosed) return;
    const alive = new Map(members.flatMap(({ name, address, state }) => (state === 'alive' ? [[name, address]] : [])));
    for (const [name, line] of this.#lines) if (alive.get(name) !== line.address) this.#drop(name, line);
    for (const [name, address] of alive) {
      if (this.#lines.has(name)) continue;
      const line: Line = { address, state: NEW_LIFELINE, destroy: nothing, callOff: nothing, endedAt: 0 };
      this.#lines.set(name, line);
      this.#connect(name, line);
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const [name, line] of this.#lines) this.#drop(name, line);
  }

  #connect(name: string, line: Line): void {
    line.destroy = this.#sockets.connect(line.address, (event) => this.#step(name, line, event));
  }

  #step(name: string, line: Line, event: LifelineEvent): void {
    if (this.#lines.get(name) !== line) return;
    const now = this.#sockets.now();
    if (event === 'ended' && line.state.phase === 'open') line.endedAt = now;
    const { line: state, action } = stepLifeline(line.state, event, now);
    line.state = state;
    if (action.kind === 'none') return;
    if (action.afterMs === 0) this.#connect(name, line);
    else line.callOff = this.#sockets.after(action.afterMs, () => this.#connect(name, line));
    if (event === 'ended') this.#told.onClosed(name);
    if (action.kind === 'crashed') this.#told.onCrash(name, now - line.endedAt);
  }

  #drop(name: string, line: Line): void {
    this.#lines.delete(name);
    line.callOff();
    line.destroy();
  }
}
