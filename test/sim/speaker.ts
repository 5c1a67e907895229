/**
 * One speaker process: the decisions of src/ joined as the wire thread joins them (agents/speaker/wire), on a host that is simulated.
 */
import type { Ballot } from '../../src/layer2/ballot.js';
import { isEntryNear, NO_BALLOT } from '../../src/layer2/ballot.js';
import { Gratuitous, type GratuitousInput } from '../../src/layer2/gratuitous.js';
import type { Beat } from '../../src/membership/beat.js';
import {
  type Heartbeat,
  type HeartbeatInput,
  type HeartbeatStep,
  membershipOf,
  startHeartbeat,
  stepHeartbeat,
} from '../../src/membership/heartbeat.js';
import type { Membership } from '../../src/membership/membership.js';
import { type Tiding, tidingsOf } from '../../src/membership/tidings.js';
import type { AddressKey } from '../../src/net/address.js';
import type { Mac } from '../../src/net/mac.js';
import { Authority, type AuthorityEffect } from '../../src/ownership/authority.js';
import { hasStoodStill } from '../../src/ownership/standstill.js';
import { isOfPresentLife, type Word } from '../../src/ownership/word.js';
import { Lines, type Sockets } from './lines.js';

export interface Table {
  readonly ballot: Ballot;
  readonly known: readonly string[];
  readonly stale: boolean;
}

/** What the process reaches of its host. */
export interface Host extends Sockets {
  readonly name: string;
  readonly mac: Mac;
  /** Whether its interface is there. */
  readonly isUp: boolean;
  /** The clock of the host. */
  now(): number;
  sendBeat(to: readonly string[], beat: Beat): void;
  sendWord(to: string, word: Word): void;
  /** A frame that says that this host answers. */
  announce(key: AddressKey): void;
  /** A frame that asks who does. */
  ask(key: AddressKey): void;
  /** The view is told of the members. */
  post(membership: Membership): void;
  /** For the history. */
  tell(effect: AuthorityEffect): void;
}

export interface SpeakerOptions {
  readonly bootId: string;
  readonly join: readonly string[];
  readonly failbackMs: number;
}

const INTERFACES: ReadonlySet<string> = new Set(['eth0']);

export class Speaker {
  readonly authority: Authority;
  readonly #host: Host;
  readonly #lines: Lines;
  readonly #gratuitous = new Gratuitous();
  #gratuitousWakeAt = Number.POSITIVE_INFINITY;
  #heartbeat: Heartbeat;
  #table: Table = { ballot: NO_BALLOT, known: [], stale: false };
  #dueAt = Number.POSITIVE_INFINITY;
  /** When the next beat was due, at the end of the last step. */
  #beatDueAt = Number.POSITIVE_INFINITY;
  #isLeaving = false;

  constructor(host: Host, { bootId, join, failbackMs }: SpeakerOptions) {
    this.#host = host;
    this.authority = new Authority({ self: host.name, bootId, failbackMs, onConflict: 'defend', canAnswer: () => host.isUp });
    this.#lines = new Lines(host, {
      onClosed: (peer) => this.#decide((now) => this.authority.connectionClosed(peer, now)),
      onCrash: (peer, sinceMs) => this.#decide((now) => this.authority.connectionEnded(peer, sinceMs, now)),
    });
    const first = startHeartbeat({ self: host.name, bootId, join }, host.now());
    this.#heartbeat = first.state;
    this.#take(undefined, first);
    this.#onMembers();
    this.portsChanged();
  }

  get wakeAt(): number {
    return this.#dueAt;
  }

  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  get membership(): Membership {
    return membershipOf(this.#heartbeat);
  }

  get isGone(): boolean {
    return this.authority.isGone(this.#host.now());
  }

  /** Whether the capture hands over what is said of the address to everybody. */
  hears(key: AddressKey): boolean {
    const { ballot } = this.#table;
    const i = ballot.keys.indexOf(key);
    return this.authority.claims.has(key) || (i !== -1 && isEntryNear(ballot, i, ballot.nodes.indexOf(this.#host.name)));
  }

  wake(): void {
    this.#noticeStall();
    const now = this.#host.now();
    if (this.#heartbeat.wakeAt <= now) this.#step({ kind: 'tick' });
    if (this.#gratuitousWakeAt <= now) this.#announce({ kind: 'time' });
    if (this.authority.wakeAt <= now) this.#decide((at) => this.authority.tick(at));
    this.#schedule();
  }

  hearBeat(beat: Beat, from: string): void {
    this.#step({ kind: 'beat', from, beat });
  }

  hearWord(word: Word): void {
    if (isOfPresentLife(word, this.#heartbeat.peers)) this.#decide((now) => this.authority.hearWord(word, now));
  }

  hearClaim(key: AddressKey, mac: Mac): void {
    this.#noticeStall();
    if (!this.authority.claims.has(key) && !this.authority.isListening(key)) return;
    this.#decide((now) => this.authority.hearClaim(key, mac, this.#host.mac, now));
  }

  /** Whether it answers the question. */
  hearQuestion(key: AddressKey): boolean {
    this.#noticeStall();
    return this.authority.claims.has(key);
  }

  setTable(table: Table): void {
    this.#table = table;
    this.#decide((now) => this.authority.setTable(table.ballot, table.known, table.stale, now));
    this.#setStanding(this.authority.isReturning);
  }

  portsChanged(): void {
    if (this.#isLeaving) return;
    const { isUp, mac } = this.#host;
    this.#step({ kind: 'macs', macs: isUp ? [mac] : [] });
    this.#step({ kind: 'ready', ready: isUp });
    this.#decide((now) => this.authority.review(now));
    if (isUp) this.#announceAll();
    this.#schedule();
  }

  leave(): void {
    this.#isLeaving = true;
    this.#gratuitousWakeAt = Number.POSITIVE_INFINITY;
    this.#step({ kind: 'leave' });
    this.#decide((now) => this.authority.leave(now));
  }

  close(): void {
    this.#lines.close();
  }

  #step(input: HeartbeatInput): void {
    const before = this.#heartbeat;
    const step = stepHeartbeat(before, input, this.#host.now());
    this.#heartbeat = step.state;
    this.#take(before, step);
  }

  #take(before: Heartbeat | undefined, step: HeartbeatStep): void {
    for (const effect of step.effects) if (effect.kind === 'send') this.#host.sendBeat(effect.to, effect.beat);
    for (const tiding of tidingsOf(before, step)) this.#hearTiding(tiding);
  }

  #hearTiding(tiding: Tiding): void {
    switch (tiding.kind) {
      case 'faltering':
        this.#decide((now) => this.authority.faltering(tiding.peer, now));
        break;
      case 'steady':
        this.#decide((now) => this.authority.steady(tiding.peer, now));
        break;
      case 'members':
        this.#onMembers();
        break;
      case 'settled':
        this.#decide((now) => this.authority.settled(tiding, now));
        break;
      case 'reunion':
        this.#announceAll();
        break;
      case 'all-heard':
        this.#decide((now) => this.authority.endDoubt(now));
        break;
    }
  }

  #onMembers(): void {
    const { membership } = this;
    this.#lines.setMembers(membership.members);
    this.#decide((now) => this.authority.setMembership(membership, now));
    this.#host.post(membership);
  }

  #decide(decide: (now: number) => readonly AuthorityEffect[]): void {
    this.#noticeStall();
    for (const effect of decide(this.#host.now())) this.#perform(effect);
    this.#schedule();
  }

  #perform(effect: AuthorityEffect): void {
    this.#host.tell(effect);
    switch (effect.kind) {
      case 'claim':
      case 'reclaim':
        this.#announce({
          kind: 'announce',
          claims: [...this.authority.claims].filter(([key]) => effect.keys.includes(key)),
        });
        break;
      case 'hush':
      case 'release':
        this.#announce({ kind: 'release', keys: effect.keys });
        break;
      case 'ask':
        for (const key of effect.keys) this.#host.ask(key);
        break;
      case 'question':
        this.#host.ask(effect.question.key);
        break;
      case 'send': {
        const address = this.#heartbeat.peers.get(effect.sent.to)?.address;
        if (address !== undefined) this.#host.sendWord(address, effect.sent.word);
        break;
      }
      case 'returning':
        this.#setStanding(effect.returning);
        break;
      case 'answered':
        this.#step({ kind: 'answered', name: effect.peer });
        break;
      case 'crashed':
        this.#step({ kind: 'crashed', name: effect.peer, sinceMs: effect.sinceMs });
        break;
      case 'issue':
      case 'moved':
      case 'split-view':
        break;
    }
  }

  #setStanding(returning: boolean): void {
    this.#step({ kind: 'standing', returning, stale: this.#table.stale });
  }

  #announceAll(): void {
    this.#announce({ kind: 'announce', claims: this.authority.claims });
  }

  #announce(input: GratuitousInput): void {
    if (this.#isLeaving) return;
    const { due, wakeAt } = this.#gratuitous.step(input, this.#host.now(), this.#host.isUp ? INTERFACES : new Set());
    this.#gratuitousWakeAt = wakeAt ?? Number.POSITIVE_INFINITY;
    for (const { key } of due) this.#host.announce(key);
    this.#schedule();
  }

  #noticeStall(): void {
    const now = this.#host.now();
    if (!hasStoodStill(this.#beatDueAt, now)) return;
    this.#beatDueAt = now;
    this.#decide(() => this.authority.stalled(now));
  }

  #schedule(): void {
    this.#beatDueAt = this.#heartbeat.nextBeatAt;
    this.#dueAt = Math.min(this.#heartbeat.wakeAt, this.#gratuitousWakeAt, this.authority.wakeAt);
  }
}
