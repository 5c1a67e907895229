/**
 * Streams: ours, of which each waits for one answer, and those of others, which get one. On them nodes tell each other all that
 * they know, when one joins and now and then; and a member that does not answer over UDP is pinged.
 */
import { endpointOf, isEndpoint } from './endpoint.js';
import { Joining } from './joining.js';
import { following, type PutOff } from './lateness.js';
import type { Endpoint, PushPull, StreamMessage } from './message.js';
import type { Prober, StreamPing } from './prober.js';
import { claimOf, refusal, statesOf } from './pushpull.js';
import { isMember } from './record.js';
import type { Self } from './self.js';
import { alivePeers, pushPullMs } from './targets.js';

type Purpose =
  | { readonly kind: 'ping'; readonly seqNo: number }
  | { readonly kind: 'push-pull'; readonly join: boolean; readonly to: Endpoint };

interface Stream {
  readonly purpose: Purpose;
  readonly until: number;
}

export class Streams {
  readonly #self: Self;
  readonly #prober: Prober;
  readonly #joining: Joining;
  /** Ours that wait for an answer: at most one for each address to join, and few others, for each has its time. */
  readonly #streams = new Map<number, Stream>();
  #opened = 0;
  #pushPullAt: number;

  constructor(self: Self, prober: Prober, now: number) {
    const { join, endpoint, rejoinIntervalMs, tuning } = self.settings;
    this.#self = self;
    this.#prober = prober;
    this.#joining = new Joining(join, endpoint, rejoinIntervalMs, now);
    this.#pushPullAt = now + self.chance.fraction() * tuning.pushPullIntervalMs;
  }

  get dueAt(): number {
    let at = Math.min(this.#joining.dueAt, this.#pushPullAt);
    for (const { until } of this.#streams.values()) at = Math.min(at, until);
    return at;
  }

  putOff(putOff: PutOff): void {
    for (const [stream, { purpose, until }] of this.#streams) {
      this.#streams.set(stream, { purpose, until: putOff(until) });
    }
  }

  setJoinList(endpoints: readonly Endpoint[], now: number): void {
    this.#joining.setList(endpoints, now);
  }

  run(now: number): void {
    for (const [stream, { until }] of this.#streams) if (now >= until) this.onFailed(stream);
    for (const endpoint of this.#joining.take(this.#memberEndpoints(), now)) {
      // Nobody is told that we are here while we leave.
      if (this.#self.knowledge.leaving || !isEndpoint(endpoint)) this.#joining.ended(endpoint, false);
      else this.#pushPull(endpoint, true, now);
    }
    if (now >= this.#pushPullAt) this.#exchangeWithSomebody(now);
    this.#settle();
  }

  ping({ to, message, until }: StreamPing): void {
    this.#open(to, message, { kind: 'ping', seqNo: message.seqNo }, until);
  }

  onAnswer(stream: number, message: StreamMessage, now: number): void {
    const purpose = this.#streams.get(stream)?.purpose;
    this.#streams.delete(stream);
    if (purpose === undefined) return;
    if (purpose.kind === 'ping') {
      if (message.kind === 'ack' && message.seqNo === purpose.seqNo) this.#prober.onTcpAck(message.seqNo);
      return;
    }
    const isAnswer = message.kind === 'push-pull';
    if (isAnswer) this.#merge(message, purpose.to, now);
    if (purpose.join) this.#joining.ended(purpose.to, isAnswer);
    this.#settle();
  }

  onFailed(stream: number): void {
    const purpose = this.#streams.get(stream)?.purpose;
    this.#streams.delete(stream);
    if (purpose?.kind === 'push-pull' && purpose.join) this.#joining.ended(purpose.to, false);
    this.#settle();
  }

  onRequest(request: number, from: Endpoint, message: StreamMessage, now: number): void {
    switch (message.kind) {
      case 'push-pull':
        this.#self.outbox.emit({ kind: 'answer-stream', request, message: this.#everything(message.join) });
        this.#merge(message, from, now);
        return;
      case 'ping':
        if (isFor(message.node, this.#self.settings.self)) this.#answerPing(request, message.seqNo);
        else this.#self.outbox.emit({ kind: 'close-stream', request });
        return;
      case 'user':
        this.#self.outbox.emit({ kind: 'close-stream', request });
        this.#self.outbox.emit({ kind: 'user', from, body: message.body });
        return;
      case 'ack':
      case 'error':
        this.#self.outbox.emit({ kind: 'close-stream', request });
    }
  }

  #answerPing(request: number, seqNo: number): void {
    this.#self.outbox.emit({ kind: 'answer-stream', request, message: { kind: 'ack', seqNo, payload: new Uint8Array() } });
  }

  #exchangeWithSomebody(now: number): void {
    const { tuning, self } = this.#self.settings;
    this.#pushPullAt = following(this.#pushPullAt, pushPullMs(tuning.pushPullIntervalMs, this.#self.members.size), now);
    const [peer] = alivePeers(this.#self.members.all(), self, 1, this.#self.chance);
    if (peer !== undefined) this.#pushPull(endpointOf(peer), false, now);
  }

  #pushPull(to: Endpoint, join: boolean, now: number): void {
    const { tuning, joinTimeoutMs } = this.#self.settings;
    const until = now + (join ? Math.min(joinTimeoutMs, tuning.tcpTimeoutMs) : tuning.tcpTimeoutMs);
    this.#open(to, this.#everything(join), { kind: 'push-pull', join, to }, until);
  }

  #open(to: Endpoint, message: StreamMessage, purpose: Purpose, until: number): void {
    this.#opened += 1;
    this.#streams.set(this.#opened, { purpose, until });
    this.#self.outbox.emit({ kind: 'open-stream', stream: this.#opened, to: endpointOf(to), message, until });
  }

  #everything(join: boolean): PushPull {
    return { kind: 'push-pull', join, nodes: statesOf(this.#self.members.all()), userState: new Uint8Array() };
  }

  #merge({ nodes }: PushPull, from: Endpoint, now: number): void {
    const { self, maxMembers } = this.#self.settings;
    const because = refusal(this.#self.members.all(), nodes, maxMembers);
    if (because === undefined) for (const node of nodes) this.#self.knowledge.hear(claimOf(node, self), now);
    else this.#self.outbox.emit({ kind: 'refused', from, because });
  }

  #settle(): void {
    const unreached = this.#joining.settled(this.#memberEndpoints());
    if (unreached !== undefined) this.#self.outbox.emit({ kind: 'join-settled', unreached });
  }

  *#memberEndpoints(): Generator<Endpoint> {
    for (const record of this.#self.members.all()) if (isMember(record)) yield record;
  }
}

/** Another may have got the address that once was ours: who is meant must be who answers. */
export const isFor = (node: string, self: string): boolean => node === '' || node === self;
