/**
 * A host with at most one speaker on it: its clock, its interface, its sockets, and the view that makes tables for the speaker.
 * While the speaker stands still, its kernel goes on: it takes connections, and keeps what arrives.
 */
import type { Beat } from '../../src/membership/beat.js';
import type { LifelineEvent } from '../../src/membership/lifeline.js';
import type { Membership } from '../../src/membership/membership.js';
import type { AddressKey } from '../../src/net/address.js';
import type { Mac } from '../../src/net/mac.js';
import type { AuthorityEffect } from '../../src/ownership/authority.js';
import type { Word } from '../../src/ownership/word.js';
import type { Configuration } from './configuration.js';
import { type Host, Speaker, type Table } from './speaker.js';
import type { World } from './world.js';

/** In which order a loop that stood still turns to what waits is not for us to choose. */
type Matter = 'timer' | 'datagram' | 'frame' | 'connection' | 'message';

/** Somebody else's end of a TCP connection to the speaker here. */
interface Connection {
  readonly end: () => void;
}

const CONNECT_MS = 1000;
/** A dying process closes its connections before its listener. */
const DYING_MS = 3;
const VIEW_MS = 10;
const VIEW_START_MS = 50;
/** Timers of a loop come somewhat late. */
const TIMER_MS = 0.02;

export class Machine implements Host {
  readonly name: string;
  readonly mac: Mac;
  isUp = true;
  /** What the view knows of the configuration. */
  configuration: Configuration;
  isStale = false;
  /** Until when the view makes nothing new. */
  viewStalledUntil = 0;
  speaker: Speaker | undefined;
  beatsSent = 0;
  wordsSent = 0;
  readonly #world: World;
  readonly #connections = new Set<Connection>();
  #isPowered = true;
  #life = 0;
  #listensUntil = 0;
  #stalledUntil = 0;
  #waiting: { readonly matter: Matter; readonly act: () => void }[] = [];
  /** What its clock shows when the world's shows 0. */
  #clockAt: number;
  #wakePlannedAt = Number.POSITIVE_INFINITY;
  #isViewBusy = false;
  #membership: Membership | undefined;
  #tableMade = '';

  constructor(world: World, name: string, number: number, configuration: Configuration) {
    this.#world = world;
    this.name = name;
    this.mac = { high: 0x02000000, low: number };
    this.configuration = configuration;
    this.#clockAt = Math.floor(world.random() * 1e6);
  }

  get address(): string {
    return `${this.name}:7946`;
  }

  get isStalled(): boolean {
    return this.#world.now < this.#stalledUntil;
  }

  /** Whether somebody on the wire would get an answer. */
  answers(key: AddressKey): boolean {
    return this.isUp && !this.isStalled && this.speaker?.authority.claims.has(key) === true;
  }

  now(): number {
    return this.#world.now + this.#clockAt;
  }

  start(): void {
    if (this.speaker !== undefined) return;
    this.#isPowered = true;
    this.#life++;
    this.#tableMade = '';
    this.configuration = this.#world.configuration;
    this.#isViewBusy = false;
    const { failbackMs, join } = this.#world.options;
    const bootId = Math.floor(this.#world.random() * 2 ** 48)
      .toString(16)
      .padStart(16, '0');
    this.speaker = new Speaker(this, { bootId, failbackMs, join: join(this.name) });
    this.#turnOver(VIEW_START_MS);
    this.#afterTurn();
  }

  /** The process ends, and its kernel says so to whom it was connected. */
  crash(): void {
    this.#end(() => {
      this.#listensUntil = this.#world.now + this.#world.random() * DYING_MS;
      this.#endConnections();
    });
  }

  /** The host is gone, without a word. */
  powerOff(): void {
    this.#end(() => {
      this.#isPowered = false;
      this.#connections.clear();
    });
  }

  leave(): void {
    const { speaker } = this;
    if (speaker === undefined || speaker.isLeaving) return;
    this.deliver('message', () => speaker.leave());
    this.#lookWhetherGone(this.#life);
  }

  stall(forMs: number): boolean {
    if (this.speaker === undefined || this.isStalled) return false;
    this.#stalledUntil = this.#world.now + forMs;
    this.#world.at(this.#stalledUntil, () => this.#resume());
    return true;
  }

  /** It and its clock stand still, as those of a virtual machine do. */
  suspend(forMs: number): boolean {
    if (this.speaker === undefined || this.isStalled) return false;
    // The clock is behind before the speaker goes on.
    this.#world.at(this.#world.now + forMs, () => {
      this.#clockAt -= forMs;
    });
    return this.stall(forMs);
  }

  setUp(isUp: boolean): void {
    this.isUp = isUp;
    this.deliver('message', () => this.speaker?.portsChanged());
  }

  /** The view looks at the world again. */
  turnOver(): void {
    this.#turnOver(VIEW_MS);
  }

  /** Something for the speaker, of whatever life it is. */
  deliver(matter: Matter, act: () => void): void {
    if (this.speaker === undefined) return;
    if (this.isStalled) {
      this.#waiting.push({ matter, act });
      return;
    }
    act();
    this.#afterTurn();
  }

  sendBeat(to: readonly string[], beat: Beat): void {
    this.beatsSent += to.length;
    for (const address of to) {
      this.#world.send(this, address, (other) => other.deliver('datagram', () => other.speaker?.hearBeat(beat, this.address)));
    }
  }

  sendWord(to: string, word: Word): void {
    this.wordsSent++;
    this.#world.send(this, to, (other) => other.deliver('datagram', () => other.speaker?.hearWord(word)));
  }

  announce(key: AddressKey): void {
    this.#world.broadcast(this, (other) => other.speaker?.hears(key) === true && other.speaker.hearClaim(key, this.mac));
  }

  ask(key: AddressKey): void {
    this.#world.broadcast(this, (other) => {
      if (other.speaker?.hears(key) !== true || !other.speaker.hearQuestion(key)) return;
      this.#world.unicast(other, this, () => this.speaker?.hearClaim(key, other.mac));
    });
  }

  connect(to: string, then: (event: LifelineEvent) => void): () => void {
    const life = this.#life;
    let isDestroyed = false;
    const tell = (event: LifelineEvent, afterMs: number): void =>
      this.#world.at(this.#world.now + afterMs, () => {
        if (isDestroyed || this.#life !== life) return;
        this.deliver('connection', () => {
          if (!isDestroyed && this.#life === life) then(event);
        });
      });
    const other = this.#world.machineAt(to);
    const connection: Connection = {
      end: () => {
        if (other !== undefined && this.#world.ways.isOpen('tcp', other.name, this.name))
          tell('ended', this.#world.ways.lateMs());
      },
    };
    const roundTripMs = 2 * this.#world.ways.lateMs();
    const verdict = other?.accept(this);
    if (verdict === 'opened') other?.take(connection);
    tell(verdict ?? 'failed', verdict === undefined ? CONNECT_MS : roundTripMs);
    return () => {
      isDestroyed = true;
      other?.drop(connection);
    };
  }

  /** What the kernel here makes of an attempt to connect; undefined: nothing is heard of it. */
  accept(by: Machine): 'opened' | 'refused' | undefined {
    const { ways, now } = this.#world;
    if (!ways.isOpenBoth('reset', by.name, this.name)) return 'refused';
    if (!this.#isPowered || !ways.isOpenBoth('tcp', by.name, this.name)) return undefined;
    return this.speaker !== undefined || now < this.#listensUntil ? 'opened' : 'refused';
  }

  take(connection: Connection): void {
    this.#connections.add(connection);
    if (this.speaker === undefined) this.#world.at(this.#listensUntil, () => this.#endConnections());
  }

  drop(connection: Connection): void {
    this.#connections.delete(connection);
  }

  /** A firewall ends what is open. */
  resetConnections(): void {
    this.#endConnections();
  }

  after(ms: number, act: () => void): () => void {
    const life = this.#life;
    let isOff = false;
    this.#world.at(this.#world.now + ms, () => {
      if (isOff || this.#life !== life) return;
      this.deliver('timer', () => {
        if (!isOff && this.#life === life) act();
      });
    });
    return () => {
      isOff = true;
    };
  }

  post(membership: Membership): void {
    this.#membership = membership;
    this.turnOver();
  }

  tell(effect: AuthorityEffect): void {
    this.#world.tell(this, effect);
  }

  #end(how: () => void): void {
    if (this.speaker === undefined) return;
    this.speaker.close();
    this.speaker = undefined;
    this.#life++;
    this.#waiting = [];
    this.#stalledUntil = 0;
    this.#wakePlannedAt = Number.POSITIVE_INFINITY;
    how();
  }

  #endConnections(): void {
    const ended = [...this.#connections];
    this.#connections.clear();
    for (const { end } of ended) end();
  }

  #lookWhetherGone(life: number): void {
    this.after(5, () => {
      if (this.#life !== life) return;
      if (this.speaker?.isGone !== true) {
        this.#lookWhetherGone(life);
        return;
      }
      this.crash();
      this.#world.look();
    });
  }

  /** One kind of matter after another, in whatever order: which one an event loop turns to first depends on where it stood still. */
  #resume(): void {
    if (this.speaker === undefined || this.isStalled) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    const matters: Matter[] = ['timer', 'datagram', 'frame', 'connection', 'message'];
    for (let i = matters.length - 1; i > 0; i--) {
      const j = Math.floor(this.#world.random() * (i + 1));
      [matters[i], matters[j]] = [matters[j] ?? 'timer', matters[i] ?? 'timer'];
    }
    for (const matter of matters) {
      if (matter === 'timer') this.#wake();
      for (const one of waiting) if (one.matter === matter) one.act();
    }
    this.#afterTurn();
    this.#world.look();
  }

  #afterTurn(): void {
    this.#planWake();
    this.#world.lookIfChanged();
  }

  #planWake(): void {
    if (this.speaker === undefined) return;
    const at = this.speaker.wakeAt - this.#clockAt + TIMER_MS + this.#world.random() * this.#world.options.timersLateMs;
    if (at >= this.#wakePlannedAt || at === Number.POSITIVE_INFINITY) return;
    this.#wakePlannedAt = at;
    const life = this.#life;
    this.#world.at(at, () => {
      if (this.#life !== life || this.#wakePlannedAt !== at) return;
      this.#wakePlannedAt = Number.POSITIVE_INFINITY;
      if (this.isStalled) return;
      this.#wake();
      this.#afterTurn();
    });
  }

  #wake(): void {
    if (this.speaker !== undefined && this.speaker.wakeAt <= this.now()) this.speaker.wake();
  }

  #turnOver(afterMs: number): void {
    if (this.#isViewBusy) return;
    this.#isViewBusy = true;
    const life = this.#life;
    const at = Math.max(this.viewStalledUntil, this.#world.now + afterMs * (0.5 + this.#world.random()));
    this.#world.at(at, () => {
      if (this.#life !== life) return;
      this.#isViewBusy = false;
      this.#makeTable();
    });
  }

  #makeTable(): void {
    const known = (this.#membership?.members ?? []).map(({ name }) => name);
    const made = `${this.configuration.version} ${this.isStale} ${known.join(' ')}`;
    if (made === this.#tableMade) return;
    this.#tableMade = made;
    const table: Table = { ballot: this.#world.ballotOf(this.configuration, this.name, known), known, stale: this.isStale };
    this.deliver('message', () => this.speaker?.setTable(table));
  }
}
