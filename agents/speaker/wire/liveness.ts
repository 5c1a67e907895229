/**
 * Who the other nodes are and whether they live: heartbeats and memberlist on one port. Memberlist finds the members; of ours, beats
 * tell sooner whether they live, and what they find is told to memberlist, so that stock speakers learn it too.
 */
import { type Issue, issue } from '../../../src/issue/issue.js';
import { BEAT_VERSION, type BootId, beatVersion, decodeBeat, encodeBeat } from '../../../src/membership/beat.js';
import {
  type Heartbeat,
  type HeartbeatEffect,
  type HeartbeatInput,
  type HeartbeatStep,
  membershipOf,
  startHeartbeat,
  stepHeartbeat,
} from '../../../src/membership/heartbeat.js';
import { formatEndpoint } from '../../../src/membership/memberlist/endpoint.js';
import type { Endpoint, PacketMessage } from '../../../src/membership/memberlist/message.js';
import type { Tuning } from '../../../src/membership/memberlist/settings.js';
import type { Member, Membership } from '../../../src/membership/membership.js';
import { mix } from '../../../src/membership/mixed.js';
import { tidingsOf } from '../../../src/membership/tidings.js';
import type { Mac } from '../../../src/net/mac.js';
import type { Arrival } from '../../../src/ownership/authority.js';
import { decodeWord, encodeWord, isOfPresentLife, type Word } from '../../../src/ownership/word.js';
import type { LogRecord } from '../../runtime/log.js';
import type { GossipSample } from '../../runtime/metrics.js';
import { destinationOf } from './endpoints.js';
import { Gossip } from './gossip.js';
import type { GossipPort } from './gossipport.js';
import { GossipStart } from './gossipstart.js';
import { issueOf, memberRecord, recordOf } from './livenesslog.js';
import { endpointTextOf, formatPeer, keepResolving, type PeerName, resolvePeers, unresolved } from './peers.js';

/** A start waits so long at most for the first attempt to join. */
const JOIN_MS = 2000;
/** A leave is told in three turns of gossip, one of them at once. */
const LEAVE_MS = 600;

export interface LivenessOptions {
  readonly self: string;
  readonly bootId: BootId;
  /** Where gossip goes in and out. */
  readonly gossip: GossipPort;
  readonly port: number;
  /** As {@link GossipStart} takes it. */
  readonly address?: string | undefined;
  readonly tuning: Tuning;
  /** This node was started to spread addresses over the nodes, and says so. */
  readonly spreads: boolean;
  /** Called when somebody's state or readiness changed, this node's too. */
  readonly onChange: () => void;
  /** Called, after that, when a peer is heard again that was silent. */
  readonly onReunion: () => void;
  /** The wait for the first beats of others is over. */
  readonly onSettled: (arrival: Arrival) => void;
  /** Every peer of the list was heard, and not every one when that wait was over. */
  readonly onAllHeard: () => void;
  /** A peer that lives has missed so many beats that it will be silent with the next. */
  readonly onFaltering: (peer: string) => void;
  /** It is heard again; before `onChange`. */
  readonly onSteady: (peer: string) => void;
  /** `wakeAt` may be earlier than it was. */
  readonly onSchedule: () => void;
  /** What another node of ours said about addresses. */
  readonly onWord: (word: Word) => void;
  readonly log: (record: LogRecord) => void;
  readonly report: (issues: readonly Issue[]) => void;
}

export class Liveness {
  readonly #options: LivenessOptions;
  readonly #gossip: Gossip;
  readonly #gossipStart: GossipStart;
  readonly counters: { sent: number; received: number; rejected: number } = { sent: 0, received: 0, rejected: 0 };
  #state: Heartbeat | undefined;
  /** What memberlist told when it was last looked at. */
  #known: readonly Member[] = [];
  #toldOfVersion = Number.NEGATIVE_INFINITY;

  constructor(options: LivenessOptions) {
    this.#options = options;
    this.#gossip = new Gossip({
      ...{ self: options.self, port: options.gossip, tuning: options.tuning, log: options.log, report: options.report },
      onChange: () => this.#onGossip(),
      onJoined: () => this.#step({ kind: 'joined' }),
    });
    const { port, address, onSchedule } = options;
    this.#gossipStart = new GossipStart({ gossip: this.#gossip, port, address, onStart: onSchedule });
  }

  /** Sends the first beats, to the peers given by address at once and to the others when their names are resolved. */
  async start(signal: AbortSignal, peers: readonly PeerName[]): Promise<void> {
    const { self, bootId, spreads, report, gossip } = this.#options;
    const named = peers.filter((peer) => endpointTextOf(peer) === undefined);
    const join = peers.flatMap((peer) => endpointTextOf(peer) ?? []);
    this.#gossipStart.add(...join);
    const settings = { self, bootId, join, nameless: named.map(formatPeer), joinMs: peers.length > 0 ? JOIN_MS : 0, spreads };
    this.#take(startHeartbeat(settings, performance.now()));
    gossip.listen({
      onMessages: (messages, from) => this.#hear(messages, from),
      onRequest: (request, message, from) => this.#gossipWith(from, { kind: 'stream-request', request, message, from }),
      onWord: (body, from) => this.#hearUser(body, from),
    });
    signal.addEventListener('abort', () => gossip.datagrams.close());
    this.#options.onSchedule();
    const resolved = named.length === 0 ? { found: [], missing: [] } : await resolvePeers(named, gossip.family);
    for (const { endpoint, peer } of resolved.found) this.#joinAt(endpoint, formatPeer(peer));
    if (resolved.missing.length > 0) report(resolved.missing.map(unresolved));
    void keepResolving(resolved.missing, gossip.family, signal, ({ endpoint, peer }) => this.#joinAt(endpoint, formatPeer(peer)));
    void this.#gossipStart.run(signal);
  }

  get membership(): Membership {
    const { self } = this.#options;
    if (this.#state === undefined) return { self, settled: false, ready: false, members: [] };
    return mix(membershipOf(this.#state), this.#known);
  }

  /** What was counted so far. */
  get sample(): GossipSample {
    const { datagrams, streams, dropped } = this.#options.gossip;
    return { packets: datagrams.counts, streams: streams.counts, dropped, ...this.#gossip.sample };
  }

  /** When to call `tick`, in milliseconds of performance.now(). */
  get wakeAt(): number {
    return Math.min(this.#state?.wakeAt ?? Number.POSITIVE_INFINITY, this.#gossip.wakeAt);
  }

  /** When this node's next beat is due. */
  get beatDueAt(): number {
    return this.#state?.nextBeatAt ?? Number.POSITIVE_INFINITY;
  }

  tick(): void {
    const now = performance.now();
    if ((this.#state?.wakeAt ?? Number.POSITIVE_INFINITY) <= now) this.#step({ kind: 'tick' });
    if (this.#gossip.wakeAt <= now) this.#gossip.step({ kind: 'tick' });
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

  /** The peer answers on the wire: it is not forgotten, however long it is not heard. */
  answered(name: string): void {
    this.#step({ kind: 'answered', name });
  }

  /** The peer's process has ended, as far as its connection and the wire tell. */
  crashed(name: string, sinceMs: number): void {
    this.#step({ kind: 'crashed', name, sinceMs });
  }

  /** Says something to a node of ours, wherever it was last heard; it may get lost. */
  say(peer: string, word: Word): void {
    const member = this.#state?.peers.get(peer);
    if (member === undefined) return;
    this.#options.gossip.datagrams.send([destinationOf(member.address)], [{ kind: 'user', body: encodeWord(word) }]);
  }

  /** Tells all others. Resolves when they know, or cannot be waited for any longer. */
  async leave(): Promise<void> {
    this.#step({ kind: 'leave' });
    await this.#gossip.leave(LEAVE_MS);
  }

  /** What another says, when this node has begun with memberlist or can now. */
  #gossipWith(from: Endpoint, input: Parameters<Gossip['step']>[0]): void {
    if (this.#gossip.isStarted) this.#stepGossip(input);
    else void this.#gossipStart.towards(from).then(() => this.#stepGossip(input));
  }

  /** Speakers that came, and such as are known. One that went for good is still beaten to: nothing takes it off the list yet. */
  join(hosts: readonly string[]): void {
    if (this.#state === undefined) return;
    for (const host of hosts) {
      const endpoint = endpointTextOf({ host, port: this.#options.port });
      if (endpoint !== undefined && !this.#gossipStart.has(endpoint)) this.#joinAt(endpoint);
    }
  }

  /** `name` is what had no address until now. */
  #joinAt(address: string, name?: string): void {
    this.#gossipStart.add(address);
    this.#step({ kind: 'join', address, ...(name === undefined ? {} : { name }) });
    this.#stepGossip({ kind: 'join', endpoints: this.#gossipStart.endpoints });
  }

  /** Beats first, and apart from the rest: they are what must not wait. */
  #hear(messages: readonly PacketMessage[], from: Endpoint): void {
    const others: PacketMessage[] = [];
    for (const message of messages) {
      if (message.kind === 'user') this.#hearUser(message.body, formatEndpoint(from));
      else others.push(message);
    }
    if (others.length > 0 || !this.#gossip.isStarted) this.#gossipWith(from, { kind: 'packet', from, messages: others });
  }

  /** A beat, a word, or what only others understand. */
  #hearUser(body: Uint8Array, from: string): void {
    const beat = decodeBeat(body);
    if (beat !== undefined) {
      this.counters.received++;
      this.#step({ kind: 'beat', from, beat });
      return;
    }
    const version = beatVersion(body);
    if (version !== undefined) {
      this.counters.rejected++;
      if (version !== BEAT_VERSION) this.#warnOfVersion(version, from);
      return;
    }
    const word = decodeWord(body);
    if (word !== undefined && this.#state !== undefined && isOfPresentLife(word, this.#state.peers)) this.#options.onWord(word);
  }

  #warnOfVersion(version: number, from: string): void {
    if (performance.now() - this.#toldOfVersion < 10_000) return;
    this.#toldOfVersion = performance.now();
    const message = `${from} sends heartbeats of version ${version}, this node of version ${BEAT_VERSION}: neither understands the other`;
    this.#options.report([issue('GOSSIP_INCOMPATIBLE', from, message)]);
  }

  #stepGossip(input: Parameters<Gossip['step']>[0]): void {
    const before = this.#gossip.wakeAt;
    this.#gossip.step(input);
    if (this.#gossip.wakeAt < before) this.#options.onSchedule();
  }

  /** What memberlist tells of others is another than it was. */
  #onGossip(): void {
    const before = this.membership;
    this.#known = this.#gossip.members;
    this.#step({ kind: 'told', ...this.#gossip.whereabouts });
    const { members } = this.membership;
    const changes = members.filter((member) => this.#known.includes(member) && !isAsBefore(member, before));
    for (const member of changes) this.#options.log(memberRecord(member));
    if (changes.length > 0 || members.length !== before.members.length) this.#options.onChange();
    const isReunion = ({ name, state }: Member): boolean => state === 'alive' && stateIn(before, name) === 'silent';
    if (changes.some(isReunion)) this.#options.onReunion();
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
    // After what is to be done about it here, which must not wait.
    for (const effect of step.effects) if (effect.kind === 'changed') this.#accuse(effect.member);
  }

  /** All members shall know what we have found out sooner than their probes will. */
  #accuse({ name, state, evidence }: Member): void {
    if (state !== 'silent') return;
    this.#stepGossip({ kind: 'accuse', name, evidence: evidence.kind === 'crash' ? 'dead' : 'suspect' });
  }

  #perform(effect: HeartbeatEffect): void {
    if (effect.kind === 'send') this.#send(effect.to, encodeBeat(effect.beat));
    const record = recordOf(effect);
    if (record !== undefined) this.#options.log(record);
    const one = issueOf(effect);
    if (one !== undefined) this.#options.report([one]);
  }

  #send(to: readonly string[], body: Uint8Array): void {
    this.#options.gossip.datagrams.send(to.map(destinationOf), [{ kind: 'user', body }]);
    this.counters.sent += to.length;
  }
}

const stateIn = ({ members }: Membership, name: string): Member['state'] | undefined =>
  members.find((member) => member.name === name)?.state;

const isAsBefore = ({ name, state, speaks }: Member, { members }: Membership): boolean =>
  members.some((one) => one.name === name && one.state === state && one.speaks === speaks);
