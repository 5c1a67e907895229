/**
 * Nodes on real sockets of the loopback network: agents of ours, as far as they gossip, and stock speakers, which are the same
 * memberlist without beats, lifelines and metadata of ours.
 */

import { randomBytes } from 'node:crypto';
import { Gossip } from '../../agents/speaker/wire/gossip.js';
import { GossipPort } from '../../agents/speaker/wire/gossipport.js';
import { Lifelines } from '../../agents/speaker/wire/lifelines.js';
import { Liveness } from '../../agents/speaker/wire/liveness.js';
import type { Issue } from '../../src/issue/issue.js';
import { endpointAt } from '../../src/membership/memberlist/endpoint.js';
import type { Key } from '../../src/membership/memberlist/seal.js';
import { LAN, type Tuning } from '../../src/membership/memberlist/settings.js';
import type { Member } from '../../src/membership/membership.js';
import type { Family } from '../../src/net/address.js';
import type { Word } from '../../src/ownership/word.js';

export const PORT = 7946;

/** The protocol at twenty times its pace: a crash is found in a third of a second. */
export const FAST: Tuning = { ...LAN, probeIntervalMs: 60, probeTimeoutMs: 25, gossipIntervalMs: 15, pushPullIntervalMs: 500 };

export interface NodeOptions {
  /** Addresses to join. @default none */
  readonly join?: readonly string[];
  readonly key?: Key;
  /** @default FAST */
  readonly tuning?: Tuning;
}

const familyAt = (address: string): Family => (address.includes(':') ? 'IPv6' : 'IPv4');

/** Calls what is due when it is due, until it is stopped. */
class Timer {
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;
  readonly #of: { readonly wakeAt: number };
  readonly #tick: () => void;

  constructor(of: { readonly wakeAt: number }, tick: () => void) {
    this.#of = of;
    this.#tick = tick;
  }

  schedule(): void {
    clearTimeout(this.#timer);
    if (this.#isStopped || this.#of.wakeAt === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(
      () => {
        this.#tick();
        this.schedule();
      },
      Math.max(0, this.#of.wakeAt - performance.now()),
    );
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }
}

export class AgentNode implements AsyncDisposable {
  readonly bootId: string = randomBytes(8).toString('hex');
  readonly issues: Issue[] = [];
  readonly words: Word[] = [];
  readonly crashes: string[] = [];
  readonly port: GossipPort;
  readonly liveness: Liveness;
  readonly #lifelines: Lifelines;
  readonly #timer: Timer;
  readonly #stop = new AbortController();

  private constructor(name: string, address: string, { key, tuning = FAST }: NodeOptions) {
    const report = (issues: readonly Issue[]): void => void this.issues.push(...issues);
    this.port = new GossipPort({ ...{ port: PORT, address, family: familyAt(address) }, key, streamTimeoutMs: 200, report });
    const nothing = (): void => undefined;
    this.#lifelines = new Lifelines({ gossip: this.port, onClosed: nothing, onCrash: (peer) => this.crashes.push(peer) });
    this.liveness = new Liveness({
      ...{ self: name, gossip: this.port, port: PORT, address, tuning, report, log: nothing },
      spreads: false,
      onChange: () => this.#lifelines.setMembers(this.liveness.membership.members),
      onWord: (word) => void this.words.push(word),
      ...{ bootId: this.bootId, onSettled: nothing, onAllHeard: nothing },
      ...{ onReunion: nothing, onFaltering: nothing, onSteady: nothing },
      onSchedule: () => this.#timer.schedule(),
    });
    this.#timer = new Timer(this.liveness, () => this.liveness.tick());
  }

  static async start(name: string, address: string, options: NodeOptions = {}): Promise<AgentNode> {
    const node = new AgentNode(name, address, options);
    const taken = await node.port.bind();
    if (taken !== undefined) throw new Error(taken.message);
    await node.liveness.start(
      node.#stop.signal,
      (options.join ?? []).map((host) => ({ host, port: PORT })),
    );
    node.liveness.setReady(true);
    node.#timer.schedule();
    return node;
  }

  member(name: string): Member | undefined {
    return this.liveness.membership.members.find((one) => one.name === name);
  }

  /** `b: alive, ready, arpeggio`, for each. */
  get members(): readonly string[] {
    return this.liveness.membership.members.map(
      ({ name, state, ready, speaks }) => `${name}: ${state}${ready ? ', ready' : ''}, ${speaks}`,
    );
  }

  get codes(): readonly string[] {
    return this.issues.map(({ code }) => code);
  }

  /** Ends as a process does that is killed. */
  kill(): void {
    if (this.#stop.signal.aborted) return;
    this.#timer.stop();
    this.#lifelines.close();
    this.port.streams.close();
    this.#stop.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
  }
}

export class StockNode implements AsyncDisposable {
  readonly port: GossipPort;
  readonly #gossip: Gossip;
  readonly #timer: Timer;
  /** User messages that came: a stock speaker does nothing with them. */
  heard = 0;
  #isEnded = false;

  private constructor(name: string, address: string, { key, tuning = FAST }: NodeOptions) {
    const nothing = (): void => undefined;
    this.port = new GossipPort({
      ...{ port: PORT, address, family: familyAt(address) },
      ...{ key, streamTimeoutMs: 200, report: nothing },
    });
    this.#gossip = new Gossip({
      ...{ self: name, port: this.port, tuning, meta: new Uint8Array(), report: nothing, log: nothing },
      ...{ onChange: nothing, onJoined: nothing },
    });
    this.#timer = new Timer(this.#gossip, () => this.#gossip.step({ kind: 'tick' }));
    this.port.listen({
      onMessages: (messages, from) => {
        this.heard += messages.filter(({ kind }) => kind === 'user').length;
        this.#gossip.step({ kind: 'packet', messages, from });
        this.#timer.schedule();
      },
      onRequest: (request, message, from) => this.#gossip.step({ kind: 'stream-request', request, message, from }),
      onWord: () => {
        this.heard++;
      },
    });
  }

  static async start(name: string, address: string, options: NodeOptions = {}): Promise<StockNode> {
    const node = new StockNode(name, address, options);
    const taken = await node.port.bind();
    if (taken !== undefined) throw new Error(taken.message);
    const [own, ...join] = [address, ...(options.join ?? [])].flatMap((host) => endpointAt(host, PORT) ?? []);
    if (own === undefined) throw new Error(`${address} is no address`);
    node.#gossip.start(own, join);
    node.#timer.schedule();
    return node;
  }

  /** Names of the others that it takes for members, with what they say of themselves. */
  get members(): readonly string[] {
    return this.#gossip.members.filter(({ state }) => state === 'alive').map(({ name, speaks }) => `${name}, ${speaks}`);
  }

  async leave(): Promise<void> {
    await this.#gossip.leave(2000);
    this.kill();
  }

  kill(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#timer.stop();
    this.port.streams.close();
    this.port.datagrams.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
  }
}
