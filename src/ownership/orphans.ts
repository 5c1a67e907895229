/**
 * Addresses of others whose owner is gone. The next owner has to be heard in its time, and whoever comes after it a little later; when
 * nobody is, and nobody answers on the wire, this node takes the address.
 */
import type { AddressKey } from '../net/address.js';
import { Doubts } from './doubts.js';
import type { Effects } from './effects.js';
import type { Election } from './election.js';
import type { Holders } from './holders.js';
import type { OwnClaims } from './ownclaims.js';

/** How long whoever comes next in line has for each that comes before him. */
const TURN_MS = 100;

export interface OrphansOptions {
  readonly election: Election;
  readonly claims: OwnClaims;
  readonly holders: Holders;
  readonly effects: Effects;
}

export class Orphans {
  readonly #options: OrphansOptions;
  readonly #doubts = new Doubts();

  constructor(options: OrphansOptions) {
    this.#options = options;
  }

  get wakeAt(): number {
    return this.#doubts.wakeAt;
  }

  has(key: AddressKey): boolean {
    return this.#doubts.has(key);
  }

  /** The owner of entry `i` is gone, and another comes before this node. */
  begin(i: number, key: AddressKey, now: number): void {
    const { election } = this.#options;
    if (!election.isNear(i)) return;
    const turn = election.turnOf(i);
    if (turn > 0) this.#doubts.begin(key, now + turn * TURN_MS);
  }

  /** Somebody answers for it. One that leaves, or is only heard on the wire, may be gone the next moment. */
  heard(key: AddressKey, by: string | undefined): void {
    if (by !== undefined && this.#options.election.standingOf(by).live) this.#doubts.end(key);
    else this.#doubts.answer(key);
  }

  end(key: AddressKey): void {
    this.#doubts.end(key);
  }

  tick(now: number): void {
    if (this.#doubts.wakeAt > now) return;
    const { ask, silent } = this.#doubts.step(now);
    if (ask.length > 0) this.#options.effects.add({ kind: 'ask', keys: ask });
    for (const key of silent) this.#adopt(key);
  }

  #adopt(key: AddressKey): void {
    const { election, claims, holders } = this.#options;
    const i = election.entries.get(key);
    if (i === undefined || claims.has(key) || !election.mayAdopt(i, key)) return;
    claims.claim(i, key, holders.get(key), 'orphan');
  }
}
