/**
 * Hosts on one segment of a LAN, their clocks, and the configuration that they share sooner or later. The same options give the same
 * history.
 */
import type { Ballot } from '../../src/layer2/ballot.js';
import { addressOfKey, formatAddress } from '../../src/net/address.js';
import type { AuthorityEffect } from '../../src/ownership/authority.js';
import { generator } from '../support/random.js';
import { Agenda } from './agenda.js';
import { ballotIn, type Configuration, electorateOf } from './configuration.js';
import { Machine } from './machine.js';
import { type Cut, Ways, type Weather } from './ways.js';

export interface WorldOptions {
  readonly seed: number;
  readonly names: readonly string[];
  readonly configuration: Configuration;
  readonly failbackMs: number;
  /** How late the timers of a loop come, at most. */
  readonly timersLateMs: number;
  readonly join: (name: string) => readonly string[];
  /** In one second, at most. */
  readonly mostActs?: number;
  /** Whether what happens is written down. */
  readonly isRecorded?: boolean;
}

export class World {
  readonly options: WorldOptions;
  readonly random: () => number;
  readonly ways: Ways;
  readonly machines: ReadonlyMap<string, Machine>;
  readonly history: string[] = [];
  configuration: Configuration;
  /** Called after everything that may change who answers. */
  onLook: () => void = () => undefined;
  /** What a speaker decided. */
  onTold: (machine: Machine, effect: AuthorityEffect) => void = () => undefined;
  isOver = false;
  readonly #agenda: Agenda;
  readonly #byAddress: ReadonlyMap<string, Machine>;
  readonly #ballots = new Map<string, Ballot>();
  #isChanged = false;

  constructor(options: WorldOptions) {
    this.options = options;
    this.#agenda = new Agenda(options.mostActs);
    this.random = generator(options.seed);
    this.ways = new Ways(this.random);
    this.configuration = options.configuration;
    this.machines = new Map(options.names.map((name, i) => [name, new Machine(this, name, i + 1, options.configuration)]));
    this.#byAddress = new Map([...this.machines.values()].map((machine) => [machine.address, machine]));
  }

  get now(): number {
    return this.#agenda.now;
  }

  at(time: number, act: () => void): void {
    this.#agenda.at(time, act);
  }

  run(untilMs: number): void {
    this.#agenda.run(untilMs, () => this.isOver);
  }

  machine(name: string): Machine {
    const machine = this.machines.get(name);
    if (machine === undefined) throw new Error(`there is no ${name}`);
    return machine;
  }

  machineAt(address: string): Machine | undefined {
    return this.#byAddress.get(address);
  }

  /** A datagram. */
  send(from: Machine, to: string, then: (other: Machine) => void): void {
    const other = this.#byAddress.get(to);
    if (other === undefined) return;
    for (const lateMs of this.ways.arrivals('udp', from.name, other.name)) this.at(this.now + lateMs, () => then(other));
  }

  /** A frame to everybody. */
  broadcast(from: Machine, then: (other: Machine) => void): void {
    for (const other of this.machines.values()) if (other !== from) this.unicast(from, other, () => then(other));
  }

  /** A frame. */
  unicast(from: Machine, to: Machine, then: () => void): void {
    if (!from.isUp) return;
    for (const lateMs of this.ways.arrivals('wire', from.name, to.name)) {
      this.at(this.now + lateMs, () => {
        if (to.isUp) to.deliver('frame', then);
      });
    }
  }

  cut(cut: Cut): void {
    this.ways.cut(cut);
    if (!cut.layers.includes('reset')) return;
    for (const name of cut.to) this.machines.get(name)?.resetConnections();
  }

  mend(cut: Cut): void {
    this.ways.mend(cut);
  }

  setWeather(weather: Weather): void {
    this.ways.weather = weather;
  }

  /** Each view hears of it in its time. */
  configure(change: Partial<Configuration>): void {
    const configuration = { ...this.configuration, ...change, version: this.configuration.version + 1 };
    this.configuration = configuration;
    for (const machine of this.machines.values()) this.inform(machine);
  }

  /** Its view hears of the present configuration, unless it is cut off from it. */
  inform(machine: Machine): void {
    const { configuration } = this;
    this.at(this.now + this.random() * 20, () => {
      if (machine.isStale || machine.configuration.version >= configuration.version) return;
      machine.configuration = configuration;
      machine.turnOver();
    });
  }

  ballotOf(configuration: Configuration, self: string, known: readonly string[]): Ballot {
    const name = electorateOf(configuration, self, known);
    const ballot = this.#ballots.get(name) ?? ballotIn(configuration, self, known);
    this.#ballots.set(name, ballot);
    return ballot;
  }

  tell(machine: Machine, effect: AuthorityEffect): void {
    if (effect.kind === 'claim' || effect.kind === 'release') this.#isChanged = true;
    if (this.options.isRecorded === true) this.note(`${machine.name} ${textOf(effect)}`);
    this.onTold(machine, effect);
  }

  note(text: string): void {
    if (this.options.isRecorded === true) this.history.push(`${this.now.toFixed(1).padStart(9)}  ${text}`);
  }

  look(): void {
    this.#isChanged = false;
    this.onLook();
  }

  lookIfChanged(): void {
    if (this.#isChanged) this.look();
  }
}

function textOf(effect: AuthorityEffect): string {
  switch (effect.kind) {
    case 'claim':
    case 'reclaim':
    case 'hush':
    case 'release':
    case 'ask':
      return `${effect.kind} ${effect.keys.map((key) => formatAddress(addressOfKey(key))).join(' ')}`;
    case 'question':
      return `question ${formatAddress(addressOfKey(effect.question.key))}`;
    case 'send': {
      const { to, word } = effect.sent;
      return `says ${word.kind} ${word.keys.map((key) => formatAddress(addressOfKey(key))).join(' ')} to ${to} (${word.number})`;
    }
    case 'answered':
    case 'crashed':
      return `${effect.kind} ${effect.peer}`;
    case 'returning':
      return effect.returning ? 'is returning' : 'has returned';
    case 'issue':
      return effect.issue.code;
    case 'split-view':
      return `split view with ${effect.with}, won by ${effect.winner}`;
    case 'moved':
      return `moved ${effect.moves.map((move) => `${formatAddress(addressOfKey(move.key))} ${move.from ?? '-'} -> ${move.to ?? '-'} ${move.cause ?? ''}`).join(', ')}`;
  }
}
