/**
 * What this node sends unasked: that it answers for its addresses, and the question beside it whether somebody else does. Within
 * one budget of frames, of which a tenth are questions.
 */

import type { On } from '../../../src/layer2/ballot.js';
import type { Claims } from '../../../src/layer2/claims.js';
import { GRATUITOUS_TIMING, Gratuitous, type GratuitousInput } from '../../../src/layer2/gratuitous.js';
import { Probes } from '../../../src/layer2/probes.js';
import type { AddressKey } from '../../../src/net/address.js';
import type { Counters } from './counters.js';
import type { Unasked } from './port.js';
import type { Ports } from './ports.js';

/** One frame of so many asks. */
const PROBES_OF_FRAMES = 10;
/** What a budget can be. */
const LEAST_RATE = 10;

export interface AnnouncerOptions {
  /** Frames a second on each interface. */
  readonly framesPerSecond: number;
  /** Between two refreshes of one address; 0: none. */
  readonly refreshMs: number;
  readonly ports: Ports;
  readonly counters: Counters;
}

export class Announcer {
  readonly #ports: Ports;
  readonly #counters: Counters;
  readonly #gratuitous: Gratuitous;
  readonly #probes: Probes;
  #gratuitousWakeAt = Number.POSITIVE_INFINITY;
  #probesWakeAt = Number.POSITIVE_INFINITY;
  #silenced = false;

  constructor({ framesPerSecond, refreshMs, ports, counters }: AnnouncerOptions) {
    const probeRate = Math.max(LEAST_RATE, Math.floor(framesPerSecond / PROBES_OF_FRAMES));
    const rest = { framesPerSecond: Math.max(LEAST_RATE, framesPerSecond - probeRate), refreshMs };
    this.#ports = ports;
    this.#counters = counters;
    this.#gratuitous = new Gratuitous({ ...GRATUITOUS_TIMING, ...rest });
    this.#probes = new Probes(probeRate);
  }

  /** When to call `tick`, in milliseconds of performance.now(). */
  get wakeAt(): number {
    return Math.min(this.#gratuitousWakeAt, this.#probesWakeAt);
  }

  /** Tells everybody that this node answers for these; those that are told of already are told of for longer. */
  announce(claims: Claims): void {
    if (claims.size > 0) this.#step({ kind: 'announce', claims });
  }

  /** Not one more frame about these. */
  release(keys: readonly AddressKey[]): void {
    this.#probes.release(keys);
    this.#step({ kind: 'release', keys });
  }

  /** Sends what is due. */
  tick(now: number): void {
    if (this.#gratuitousWakeAt <= now) this.#step({ kind: 'time' });
    else if (this.#probesWakeAt <= now) this.#stepProbes();
  }

  /** Nothing more is sent: the next owners' announcements must stand. */
  silence(): void {
    this.#silenced = true;
    this.#gratuitousWakeAt = this.#probesWakeAt = Number.POSITIVE_INFINITY;
  }

  #step(input: GratuitousInput): void {
    if (this.#silenced) return;
    const { due, wakeAt } = this.#gratuitous.step(input, performance.now(), this.#ports.names());
    this.#gratuitousWakeAt = wakeAt ?? Number.POSITIVE_INFINITY;
    for (const { key, operation, on, kind } of due) {
      if (kind === 'refresh') this.#counters.refreshes++;
      this.#send(key, operation, on);
      // Beside the first announcement, and with each refresh: who came since.
      if (kind !== 'round' && operation !== 'request') this.#probes.ask(key, on);
    }
    this.#stepProbes();
  }

  #stepProbes(): void {
    const { due, wakeAt } = this.#probes.step(performance.now(), this.#ports.names());
    this.#probesWakeAt = wakeAt ?? Number.POSITIVE_INFINITY;
    for (const { key, on } of due) this.#send(key, 'probe', on);
  }

  #send(key: AddressKey, what: Unasked, on: On): void {
    for (const port of this.#ports.list()) if (on === 'all' || on.has(port.name)) port.sendUnasked(key, what);
  }
}
