/**
 * A member of a cluster that speaks hashicorp/memberlist's protocol: it probes others, believes and spreads what is said of them,
 * and refutes what is said of itself (SWIM; Das, Gupta, Motivala 2002; with Lifeguard; Dadgar, Phillips, Currey 2018).
 *
 * It has a life, so it is a class: tables of thousands of nodes are changed in place. All the same it is pure in all that matters:
 * inputs and times go in, effects come out, chance follows from a seed, and the same history gives the same effects. It never
 * throws, whatever others say, and its memory is bounded.
 *
 * Its own lateness, by which it was called after the time it asked for, is never counted as the silence of others.
 */

import type { MemberlistEffect, MemberlistInput } from './boundary.js';
import { endpointOf, isEndpoint } from './endpoint.js';
import { following, Lateness } from './lateness.js';
import type { Endpoint, PacketMessage } from './message.js';
import { Prober } from './prober.js';
import { isMember, type MemberRecord } from './record.js';
import { newSelf, type Self } from './self.js';
import { type MemberlistSettings, withDefaults } from './settings.js';
import { isFor, Streams } from './streams.js';
import { gossipTargets } from './targets.js';

export class Memberlist {
  readonly #self: Self;
  readonly #prober: Prober;
  readonly #streams: Streams;
  readonly #lateness = new Lateness();
  /** Infinity: there is nobody to gossip with. */
  #gossipAt = Number.POSITIVE_INFINITY;
  /** From the moment in which there is somebody to the first turn of gossip. */
  readonly #firstGossipMs: number;
  /** When to stop waiting for others to hear that we leave; undefined before we leave, and once we are gone. */
  #goneBy: number | undefined;
  #wakeAt: number;

  /** A node that knows itself only. It wants to be called at once: `wakeAt` is `now`. */
  constructor(settings: MemberlistSettings, now: number) {
    this.#self = newSelf(withDefaults(settings), now);
    this.#prober = new Prober(this.#self);
    this.#streams = new Streams(this.#self, this.#prober, now);
    this.#firstGossipMs = this.#self.chance.fraction() * this.#self.settings.tuning.gossipIntervalMs;
    this.#wakeAt = now;
  }

  /** When to call with a `tick`, in milliseconds of the injected clock. Its own lateness is measured from then. */
  get wakeAt(): number {
    return this.#wakeAt;
  }

  /** All that are known, this one and the not yet forgotten dead too, sorted by name. */
  get nodes(): readonly MemberRecord[] {
    return [...this.#self.members.all()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Our own health score: 0 is well. */
  get health(): number {
    return this.#self.knowledge.score;
  }

  step(input: MemberlistInput, now: number): readonly MemberlistEffect[] {
    const lateMs = now - this.#wakeAt;
    // Before any input, not at the tick alone: after a stall what waited may be handed over first.
    if (lateMs > 0) {
      const putOff = this.#lateness.credit(lateMs, now);
      this.#prober.putOff(putOff);
      this.#self.knowledge.putOff(putOff);
      this.#streams.putOff(putOff);
    }
    this.#take(input, now);
    this.#paceGossip(now);
    this.#run(now);
    this.#wakeAt = Math.min(
      this.#prober.dueAt,
      this.#self.knowledge.dueAt,
      this.#streams.dueAt,
      this.#gossipAt,
      this.#goneBy ?? Number.POSITIVE_INFINITY,
    );
    return this.#self.outbox.take();
  }

  #take(input: MemberlistInput, now: number): void {
    switch (input.kind) {
      case 'tick':
        return;
      case 'packet':
        for (const message of input.messages) this.#hear(message, input.from, now);
        return;
      case 'send-failed':
        this.#prober.onSendFailed(input.seqNo, input.because, now);
        return;
      case 'stream-request':
        this.#streams.onRequest(input.request, input.from, input.message, now);
        return;
      case 'stream-answer':
        this.#streams.onAnswer(input.stream, input.message, now);
        return;
      case 'stream-failed':
        this.#streams.onFailed(input.stream);
        return;
      case 'join':
        this.#streams.setJoinList(input.endpoints, now);
        return;
      case 'meta':
        this.#self.knowledge.describe(input.meta);
        this.#gossipAt = now;
        return;
      case 'accuse':
        this.#accuse(input.name, input.evidence, now);
        return;
      case 'leave':
        this.#leave(input.timeoutMs, now);
    }
  }

  #hear(message: PacketMessage, from: Endpoint, now: number): void {
    switch (message.kind) {
      case 'ping':
        if (!isFor(message.node, this.#self.settings.self)) return;
        this.#self.outbox.send(answerTo(message.source, from), { kind: 'ack', seqNo: message.seqNo, payload: new Uint8Array() });
        return;
      case 'indirect-ping':
        this.#prober.onIndirectPing(message, answerTo(message.source, from), now);
        return;
      case 'ack':
        this.#prober.onAck(message);
        return;
      case 'nack':
        this.#prober.onNack(message);
        return;
      case 'alive':
      case 'suspect':
      case 'dead':
        this.#self.knowledge.hear(message, now);
        return;
      case 'user':
        this.#self.outbox.emit({ kind: 'user', from, body: message.body });
    }
  }

  /** Does whatever is due, verdicts before what spreads them. */
  #run(now: number): void {
    for (const ping of this.#prober.run(now)) this.#streams.ping(ping);
    this.#self.knowledge.expireSuspicions(now);
    this.#streams.run(now);
    if (now >= this.#gossipAt) this.#gossip(now);
    const { self } = this.#self.settings;
    if (this.#goneBy !== undefined && (now >= this.#goneBy || this.#isAlone() || !this.#self.outbox.isTelling(self))) {
      this.#goneBy = undefined;
      this.#self.outbox.emit({ kind: 'gone' });
    }
  }

  /** To be woken five times a second for nothing is most of what an idle host pays for a node. */
  #paceGossip(now: number): void {
    if (this.#self.members.size === 1) this.#gossipAt = Number.POSITIVE_INFINITY;
    else if (this.#gossipAt === Number.POSITIVE_INFINITY) this.#gossipAt = now + this.#firstGossipMs;
  }

  #gossip(now: number): void {
    const { self, tuning } = this.#self.settings;
    this.#gossipAt = following(this.#gossipAt, tuning.gossipIntervalMs, now);
    for (const target of gossipTargets(this.#self.members.all(), self, tuning, this.#self.chance, now)) {
      if (!this.#self.outbox.gossip(target)) return;
    }
  }

  /** What we accuse others of spreads at once, not at the next turn: whoever accuses was faster than our probes. */
  #accuse(node: string, kind: 'suspect' | 'dead', now: number): void {
    const known = this.#self.members.get(node);
    if (known === undefined || node === this.#self.settings.self) return;
    this.#self.knowledge.believe({ kind, node, incarnation: known.incarnation, from: this.#self.settings.self }, now);
    this.#gossipAt = now;
  }

  #leave(timeoutMs: number, now: number): void {
    if (this.#self.knowledge.leaving) return;
    this.#self.knowledge.leave(now);
    this.#goneBy = now + timeoutMs;
    this.#gossipAt = now;
  }

  #isAlone(): boolean {
    for (const record of this.#self.members.all()) if (isMember(record)) return false;
    return true;
  }
}

/** Where a ping is answered: to where it says, else to where it came from. */
const answerTo = (source: Endpoint | undefined, from: Endpoint): Endpoint =>
  source !== undefined && isEndpoint(source) ? endpointOf(source) : from;
