/**
 * What we believe of all nodes, and how a claim changes it: judged, then recorded, passed on and told. A claim about ourselves that
 * is wrong is answered by our own with a greater incarnation; nobody else may set that.
 */
import { type Warnings, warnAbout } from '../warnings.js';
import { adjustScore } from './awareness.js';
import type { MemberEvent } from './boundary.js';
import { incarnationAfter, type Judgement, judge } from './claims.js';
import { endpointOf, sameBytes, withPort } from './endpoint.js';
import type { PutOff } from './lateness.js';
import type { Members } from './members.js';
import type { Claim, Endpoint } from './message.js';
import type { Outbox } from './outbox.js';
import { aliveOf, isMember, type MemberRecord } from './record.js';
import type { Settings } from './settings.js';
import { deadline } from './suspicion.js';

/** What a full table is warned about as: no node's name. */
const FULL = '';

export class Knowledge {
  readonly #settings: Settings;
  readonly #members: Members;
  readonly #outbox: Outbox;
  #own: MemberRecord;
  #score = 0;
  #leaving = false;
  #warned: Warnings = new Map();

  constructor(settings: Settings, members: Members, outbox: Outbox, now: number) {
    const { self: name, endpoint, meta, versions } = settings;
    this.#settings = settings;
    this.#members = members;
    this.#outbox = outbox;
    this.#own = { name, ...endpoint, incarnation: 1, meta, versions, state: 'alive', since: now };
    this.#speak();
    outbox.emit({ kind: 'joined', node: this.#own });
  }

  /** Ourselves, as all shall see us. */
  get own(): MemberRecord {
    return this.#own;
  }

  /** How ill we are: 0 is well. */
  get score(): number {
    return this.#score;
  }

  get leaving(): boolean {
    return this.#leaving;
  }

  adjustScore(delta: number): void {
    this.#score = adjustScore(this.#score, delta, this.#settings.tuning.awarenessMaxMultiplier);
  }

  /** What another says. It is not believed if it could never be passed on: others would never hear of it. */
  hear(claim: Claim, now: number): void {
    const told = claim.kind === 'alive' ? withPort(claim, this.#settings.endpoint.port) : claim;
    const judgement = this.#judge(told, now);
    // Hardly anything that is told is news: whether it can be passed on, which costs much more to know, comes second.
    if (judgement.kind !== 'ignored' && this.#outbox.canPassOn(told)) this.#learn(told, judgement, now);
  }

  /** What we ourselves have found out. */
  believe(told: Claim, now: number): void {
    this.#learn(told, this.#judge(told, now), now);
  }

  #judge(told: Claim, now: number): Judgement {
    const { self, tuning } = this.#settings;
    return judge(told, this.#members.get(told.node), { self, tuning, leaving: this.#leaving, size: this.#members.size }, now);
  }

  #learn(told: Claim, judgement: Judgement, now: number): void {
    const known = this.#members.get(told.node);
    switch (judgement.kind) {
      case 'ignored':
        return;
      case 'refute':
        this.#refute(judgement.accused);
        return;
      case 'conflict':
        if (known !== undefined && told.kind === 'alive') this.#warnOfConflict(known, told, now);
        return;
      case 'accepted':
        this.#accept(told, judgement.record, known, now);
    }
  }

  /** Tells all that our metadata is this now. */
  describe(meta: Uint8Array): void {
    if (this.#leaving) return;
    this.#own = { ...this.#own, meta, incarnation: incarnationAfter(this.#own.incarnation, 0) };
    this.#speak();
    this.#outbox.emit({ kind: 'updated', node: this.#own });
  }

  /** Begins to leave: from now on nothing brings us back, not even ourselves. */
  leave(now: number): void {
    this.#leaving = true;
    const { name, incarnation } = this.#own;
    this.believe({ kind: 'dead', node: name, incarnation, from: name }, now);
  }

  /** Declares dead whose time to refute has run out. */
  expireSuspicions(now: number): void {
    const { self } = this.#settings;
    for (const record of [...this.#members.suspects()]) {
      if (now < deadline(record.suspicion)) continue;
      this.believe({ kind: 'dead', node: record.name, incarnation: record.incarnation, from: self }, now);
    }
  }

  get dueAt(): number {
    let at = Number.POSITIVE_INFINITY;
    for (const { suspicion } of this.#members.suspects()) at = Math.min(at, deadline(suspicion));
    return at;
  }

  putOff(putOff: PutOff): void {
    for (const record of [...this.#members.suspects()]) {
      const due = deadline(record.suspicion);
      const since = record.suspicion.since + putOff(due) - due;
      this.#members.put({ ...record, suspicion: { ...record.suspicion, since } });
    }
  }

  forget(name: string): void {
    this.#members.forget(name);
    this.#outbox.forget(name);
    this.#outbox.emit({ kind: 'forgotten', name });
  }

  #accept(claim: Claim, record: MemberRecord, known: MemberRecord | undefined, now: number): void {
    if (known === undefined && !this.#makeRoom(record.name, now)) return;
    this.#members.put(record);
    if (record.name === this.#settings.self) this.#own = record;
    this.#outbox.broadcast(claim);
    const was = known !== undefined && isMember(known);
    if (isMember(record) !== was) this.#outbox.emit({ kind: was ? 'left' : 'joined', node: record });
    else if (known !== undefined && !sameBytes(known.meta, record.meta)) this.#outbox.emit({ kind: 'updated', node: record });
  }

  #makeRoom(newcomer: string, now: number): boolean {
    if (this.#members.size < this.#settings.maxMembers) return true;
    const gone = this.#members.longestGone();
    if (gone === undefined) this.#warn(FULL, { kind: 'too-many-members', name: newcomer }, now);
    else this.forget(gone.name);
    return gone !== undefined;
  }

  /** To be accused is also a sign that we are slow to answer. */
  #refute(accused: number): void {
    this.adjustScore(1);
    this.#own = { ...this.#own, incarnation: incarnationAfter(this.#own.incarnation, accused) };
    this.#speak();
  }

  #speak(): void {
    this.#members.put(this.#own);
    this.#outbox.broadcast(aliveOf(this.#own));
  }

  #warnOfConflict(node: MemberRecord, other: Endpoint, now: number): void {
    this.#warn(node.name, { kind: 'conflict', node, other: endpointOf(other) }, now);
  }

  #warn(subject: string, warning: MemberEvent, now: number): void {
    const warned = warnAbout(this.#warned, subject, this.#settings.warnEveryMs, now);
    if (warned === undefined) return;
    this.#warned = warned;
    this.#outbox.emit(warning);
  }
}
