/**
 * Probes one member after another, one at a time, and pings on behalf of others. Its streams are opened by whoever owns streams.
 */

import { endpointOf, isEndpoint, withPort } from './endpoint.js';
import { following, type PutOff } from './lateness.js';
import type { Ack, Endpoint, IndirectPing, Nack, Ping, Suspect } from './message.js';
import * as probe from './probe.js';
import { type MemberRecord, SINCE } from './record.js';
import { Relays } from './relays.js';
import type { Self } from './self.js';
import { helpersFor } from './targets.js';

/** A ping to be sent over a stream, too. */
export interface StreamPing {
  readonly to: Endpoint;
  readonly message: Ping;
  readonly until: number;
}

export class Prober {
  readonly #self: Self;
  readonly #relays = new Relays();
  #round: probe.Round | undefined;
  #seqNo = 0;
  /** Infinity: there is nobody to probe. */
  #nextAt = Number.POSITIVE_INFINITY;
  /** A turn came while a round was running. Of several, one is remembered. */
  #owesTurn = false;

  constructor(self: Self) {
    this.#self = self;
  }

  get dueAt(): number {
    const roundAt = this.#round === undefined ? Number.POSITIVE_INFINITY : probe.roundDueAt(this.#round);
    return Math.min(this.#nextAt, roundAt, this.#relays.dueAt);
  }

  putOff(putOff: PutOff): void {
    if (this.#round !== undefined) this.#round = probe.putOffRound(this.#round, putOff);
    this.#relays.putOff(putOff);
  }

  /** Does what is due; the pings are to be sent over streams. */
  run(now: number): readonly StreamPing[] {
    const { probeIntervalMs } = this.#self.settings.tuning;
    this.#pace(now);
    for (const { askedBy, seqNo } of this.#relays.unanswered(now)) this.#self.outbox.send(askedBy, { kind: 'nack', seqNo });
    const pings = [...this.#judgeRound(now)];
    if (now >= this.#nextAt) {
      this.#nextAt = following(this.#nextAt, probeIntervalMs, now);
      this.#owesTurn = true;
    }
    if (this.#owesTurn && this.#round === undefined) {
      this.#owesTurn = false;
      this.#beginRound(now);
    }
    return pings;
  }

  /** Turns begin at no moment that others choose too: all nodes may have found each other at once. */
  #pace(now: number): void {
    const { chance, members, settings } = this.#self;
    if (members.size === 1) this.#nextAt = Number.POSITIVE_INFINITY;
    else if (this.#nextAt === Number.POSITIVE_INFINITY) this.#nextAt = now + chance.fraction() * settings.tuning.probeIntervalMs;
  }

  onAck({ seqNo }: Ack): void {
    const relay = this.#relays.take(seqNo);
    if (this.#round?.seqNo === seqNo) this.#succeed();
    else if (relay !== undefined)
      this.#self.outbox.send(relay.askedBy, { kind: 'ack', seqNo: relay.seqNo, payload: new Uint8Array() });
  }

  onNack({ seqNo }: Nack): void {
    if (this.#round?.seqNo === seqNo) this.#round = probe.withNack(this.#round);
  }

  onTcpAck(seqNo: number): void {
    if (this.#round?.seqNo === seqNo) this.#round = probe.withTcpAnswer(this.#round);
  }

  onIndirectPing({ seqNo, node, target, nack }: IndirectPing, askedBy: Endpoint, now: number): void {
    const to = withPort(target, this.#self.settings.endpoint.port);
    if (this.#relays.isFull || !isEndpoint(to)) return;
    const ping = this.#newPing(node);
    this.#relays.add(ping.seqNo, askedBy, seqNo, nack, this.#self.settings.tuning.probeTimeoutMs, now);
    this.#self.outbox.send(to, ping);
  }

  onSendFailed(seqNo: number, because: 'network' | 'local', now: number): void {
    if (this.#round?.seqNo !== seqNo) return;
    // What we could not even try tells nothing of the target.
    this.#round = because === 'local' ? undefined : probe.withoutDirect(this.#round, now);
  }

  #beginRound(now: number): void {
    const { tuning, self: from } = this.#self.settings;
    const { target, forgotten } = this.#self.members.nextToProbe(tuning.gossipToTheDeadMs, now);
    for (const name of forgotten) this.#self.knowledge.forget(name);
    if (target === undefined) return;
    const { name: node, incarnation } = target;
    const ping = this.#newPing(node);
    this.#round = probe.beginRound(target, ping.seqNo, this.#self.knowledge.score, tuning, now);
    // The suspected hears of it with the ping, so that it can refute before it is too late (Lifeguard's buddy system).
    const suspicion: Suspect | undefined = target.state === 'suspect' ? { kind: 'suspect', node, incarnation, from } : undefined;
    this.#self.outbox.ping(target, ping, suspicion);
  }

  #judgeRound(now: number): readonly StreamPing[] {
    if (this.#round === undefined) return [];
    const pings = probe.stageOf(this.#round, now) === 'ask-helpers' ? this.#askHelpers(this.#round, now) : [];
    switch (probe.stageOf(this.#round, now)) {
      case 'answered-over-tcp':
        this.#self.outbox.emit({ kind: 'udp-broken', node: this.#round.target });
        this.#succeed();
        break;
      case 'failed':
        this.#fail(this.#round, now);
    }
    return pings;
  }

  #askHelpers(round: probe.Round, now: number): readonly StreamPing[] {
    const { tuning, self } = this.#self.settings;
    const { target, seqNo, deadline } = round;
    const helpers = helpersFor(target.name, this.#self.members.all(), self, tuning.indirectChecks, this.#self.chance);
    for (const helper of helpers) this.#self.outbox.send(helper, this.#request(target, seqNo, tellsOfFailure(helper)));
    this.#round = probe.withHelpers(round, helpers.filter(tellsOfFailure).length);
    if (tuning.disableTcpPings || target.versions.max < SINCE.tcpPing) return [];
    return [{ to: target, message: this.#pingOf(target.name, seqNo), until: Math.max(deadline, now) }];
  }

  #succeed(): void {
    this.#round = undefined;
    this.#self.knowledge.adjustScore(-1);
  }

  #fail(round: probe.Round, now: number): void {
    this.#round = undefined;
    this.#self.knowledge.adjustScore(probe.costOf(round));
    const { name: node, incarnation } = round.target;
    this.#self.knowledge.believe({ kind: 'suspect', node, incarnation, from: this.#self.settings.self }, now);
  }

  #newPing(node: string): Ping {
    this.#seqNo = (this.#seqNo + 1) >>> 0;
    return this.#pingOf(node, this.#seqNo);
  }

  #pingOf(node: string, seqNo: number): Ping {
    return { kind: 'ping', seqNo, node, source: this.#source() };
  }

  #request(target: MemberRecord, seqNo: number, nack: boolean): IndirectPing {
    return { kind: 'indirect-ping', seqNo, node: target.name, target: endpointOf(target), nack, source: this.#source() };
  }

  #source(): Endpoint & { readonly node: string } {
    return { ...this.#self.settings.endpoint, node: this.#self.settings.self };
  }
}

const tellsOfFailure = ({ versions }: MemberRecord): boolean => versions.max >= SINCE.nack;
