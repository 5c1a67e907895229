/**
 * The heartbeats of this node on a UDP socket: carries out what the state machine in src/membership asks for.
 */
import { createSocket, type Socket } from 'node:dgram';
import { isIPv4 } from 'node:net';
import { type Issue, issue } from '../../../src/issue/issue.js';
import { type Beat, type BootId, decodeBeat, encodeBeat } from '../../../src/membership/beat.js';
import {
  type Heartbeat,
  type HeartbeatEffect,
  type HeartbeatInput,
  type HeartbeatStep,
  membershipOf,
  startHeartbeat,
  stepHeartbeat,
} from '../../../src/membership/heartbeat.js';
import type { Membership } from '../../../src/membership/membership.js';
import { tidingsOf } from '../../../src/membership/tidings.js';
import type { Mac } from '../../../src/net/mac.js';
import type { Arrival } from '../../../src/ownership/authority.js';
import { decodeWord, encodeWord, type Word } from '../../../src/ownership/word.js';
import type { LogRecord } from '../../runtime/log.js';
import { keepResolving, type PeerName, resolvePeers, unresolved } from './peers.js';

export interface LivenessOptions {
  readonly self: string;
  readonly bootId: BootId;
  readonly port: number;
  readonly peers: readonly PeerName[];
  /** Called when somebody's state or readiness changed, this node's too. */
  readonly onChange: () => void;
  /** Called, after that, when a peer is heard again that was silent. */
  readonly onReunion: () => void;
  /** The wait for the first beats of others is over. */
  readonly onSettled: (arrival: Arrival) => void;
  /** Every peer of the list was heard, and not every one when that wait was over. */
  readonly onAllHeard: () => void;
  readonly onWord: (word: Word) => void;
  /** A peer that lives has missed so many beats that it will be silent with the next. */
  readonly onFaltering: (peer: string) => void;
  /** It is heard again; before `onChange`. */
  readonly onSteady: (peer: string) => void;
  readonly log: (record: LogRecord) => void;
  readonly report: (issues: readonly Issue[]) => void;
}

export class Liveness {
  readonly #options: LivenessOptions;
  readonly #socket: Socket = createSocket({ type: 'udp4', reuseAddr: false });
  readonly counters: { sent: number; received: number; rejected: number } = { sent: 0, received: 0, rejected: 0 };
  #state: Heartbeat | undefined;

  constructor(options: LivenessOptions) {
    this.#options = options;
  }

  /** PORT_IN_USE when another process has the port. */
  async bind(): Promise<Issue | undefined> {
    const { port } = this.#options;
    return new Promise((resolve) => {
      this.#socket.once('error', (error: NodeJS.ErrnoException) => {
        const why = error.code ?? error.message;
        resolve(issue('PORT_IN_USE', '', `heartbeats need UDP port ${port} (${why}); is another agent running here?`));
      });
      this.#socket.bind(port, () => {
        this.#socket.removeAllListeners('error');
        // An unreachable peer is a silent peer, which the state machine notices by itself.
        this.#socket.on('error', () => undefined);
        resolve(undefined);
      });
    });
  }

  /** Sends the first beats, to the peers given by address at once and to the others when their names are resolved. */
  async start(signal: AbortSignal): Promise<void> {
    const { self, bootId, peers, report } = this.#options;
    const [literal, named] = [peers.filter(({ host }) => isIPv4(host)), peers.filter(({ host }) => !isIPv4(host))];
    const join = literal.map(({ host, port }) => `${host}:${port}`);
    this.#take(startHeartbeat({ self, bootId, join }, performance.now()));
    this.#socket.on('message', (bytes, { address, port: from }) => this.#receive(bytes, `${address}:${from}`));
    signal.addEventListener('abort', () => this.#socket.close());
    const { found, missing } = await resolvePeers(named);
    for (const address of found) this.#step({ kind: 'join', address });
    if (missing.length > 0) report(missing.map(unresolved));
    void keepResolving(missing, signal, (endpoint) => this.#step({ kind: 'join', address: endpoint }));
  }

  get membership(): Membership {
    return this.#state === undefined
      ? { self: this.#options.self, settled: false, ready: false, members: [] }
      : membershipOf(this.#state);
  }

  /** When to call `tick`, in milliseconds of performance.now(). */
  get wakeAt(): number {
    return this.#state?.wakeAt ?? Number.POSITIVE_INFINITY;
  }

  /** When this node's next beat is due. */
  get beatDueAt(): number {
    return this.#state?.nextBeatAt ?? Number.POSITIVE_INFINITY;
  }

  tick(): void {
    this.#step({ kind: 'tick' });
  }

  setReady(ready: boolean): void {
    this.#step({ kind: 'ready', ready });
  }

  /** From which MACs this node claims addresses: peers are told when it changes. */
  setMacs(macs: readonly Mac[]): void {
    this.#step({ kind: 'macs', macs });
  }

  /** What this node says of itself beside: that it came back a short time ago, that its view is old. */
  setStanding(returning: boolean, stale: boolean): void {
    this.#step({ kind: 'standing', returning, stale });
  }

  /** Says something to a member, wherever it was last heard. */
  say(peer: string, word: Word): void {
    const member = this.#state?.peers.get(peer);
    if (member !== undefined) this.#sendBytes(encodeWord(word), member.address);
  }

  /** The peer answers on the wire: it is not forgotten, however long it is not heard. */
  answered(name: string): void {
    this.#step({ kind: 'answered', name });
  }

  /** The peer's process has ended, as far as its connection and the wire tell. */
  crashed(name: string, sinceMs: number): void {
    this.#step({ kind: 'crashed', name, sinceMs });
  }

  leave(): void {
    this.#step({ kind: 'leave' });
  }

  #receive(bytes: Buffer, from: string): void {
    const beat = decodeBeat(bytes);
    const word = beat === undefined ? decodeWord(bytes) : undefined;
    if (beat !== undefined) {
      this.counters.received++;
      this.#step({ kind: 'beat', from, beat });
    } else if (word !== undefined && this.#state?.peers.has(word.node) === true) {
      this.#options.onWord(word);
    } else {
      this.counters.rejected++;
    }
  }

  #step(input: HeartbeatInput): void {
    if (this.#state !== undefined) this.#take(stepHeartbeat(this.#state, input, performance.now()));
  }

  #take(step: HeartbeatStep): void {
    const before = this.#state;
    this.#state = step.state;
    for (const effect of step.effects) this.#perform(effect);
    for (const tiding of tidingsOf(before, step)) {
      if (tiding.kind === 'faltering') this.#options.onFaltering(tiding.peer);
      else if (tiding.kind === 'steady') this.#options.onSteady(tiding.peer);
      else if (tiding.kind === 'members') this.#options.onChange();
      else if (tiding.kind === 'settled') this.#options.onSettled(tiding);
      else if (tiding.kind === 'reunion') this.#options.onReunion();
      else this.#options.onAllHeard();
    }
  }

  #perform(effect: HeartbeatEffect): void {
    if (effect.kind === 'send') this.#send(effect.to, effect.beat);
    const record = recordOf(effect);
    if (record !== undefined) this.#options.log(record);
  }

  #send(to: readonly string[], beat: Beat): void {
    const bytes = encodeBeat(beat);
    for (const endpoint of to) this.#sendBytes(bytes, endpoint);
    this.counters.sent += to.length;
  }

  #sendBytes(bytes: Uint8Array, endpoint: string): void {
    const colon = endpoint.lastIndexOf(':');
    this.#socket.send(bytes, Number(endpoint.slice(colon + 1)), endpoint.slice(0, colon), () => undefined);
  }
}

function recordOf(effect: HeartbeatEffect): LogRecord | undefined {
  switch (effect.kind) {
    case 'send':
    case 'faltering':
    case 'steady':
      return undefined;
    case 'changed': {
      const { name, address, state, ready } = effect.member;
      const fields = { component: 'memberlist', node: name, address, state, ready };
      return {
        level: 'info',
        event: 'memberChanged',
        msg: `memberlist: ${name} is ${state}${ready ? '' : ', not ready'}`,
        fields,
      };
    }
    case 'forgotten':
      return {
        level: 'info',
        event: 'memberForgotten',
        msg: `memberlist: ${effect.name} is no longer listed`,
        fields: { component: 'memberlist', node: effect.name },
      };
    case 'settled': {
      const unheard = effect.unheard.length === 0 ? 'every peer was heard' : `not heard: ${effect.unheard.join(', ')}`;
      return {
        level: 'info',
        event: 'memberlistSettled',
        msg: `memberlist: settled, ${unheard}`,
        fields: { component: 'memberlist', unheard: effect.unheard },
      };
    }
    case 'name-clash':
      return {
        level: 'error',
        event: 'nameClash',
        msg: `memberlist: several nodes call themselves ${effect.name}: give each its own --node`,
        fields: { component: 'memberlist', node: effect.name, addresses: effect.addresses },
      };
    case 'too-many-members':
      return {
        level: 'error',
        event: 'tooManyMembers',
        msg: `memberlist: ${effect.name} is ignored, too many nodes are alive`,
        fields: { component: 'memberlist', node: effect.name, address: effect.address },
      };
  }
}
