/**
 * What this node answers for, and who is told when that begins and ends.
 */
import type { On } from '../layer2/ballot.js';
import type { Claims } from '../layer2/claims.js';
import type { AddressKey } from '../net/address.js';
import type { Effects, MoveCause } from './effects.js';
import type { Election } from './election.js';
import type { Holders } from './holders.js';
import type { Outbox } from './outbox.js';

export interface OwnClaimsOptions {
  readonly election: Election;
  readonly holders: Holders;
  readonly outbox: Outbox;
  readonly effects: Effects;
  /** Nothing has to be done any more to come by the address. */
  readonly onClaim: (key: AddressKey) => void;
  /** Nothing has to be done any more to keep the address, or to hand it over. */
  readonly onRelease: (key: AddressKey) => void;
}

export class OwnClaims {
  readonly #options: OwnClaimsOptions;
  readonly #claims = new Map<AddressKey, On>();

  constructor(options: OwnClaimsOptions) {
    this.#options = options;
  }

  /** It changes in place. */
  get all(): Claims {
    return this.#claims;
  }

  has(key: AddressKey): boolean {
    return this.#claims.has(key);
  }

  /** Answers for entry `i` from now on, or on other interfaces than before. */
  claim(i: number, key: AddressKey, from: string | undefined, cause?: MoveCause, tookMs?: number): void {
    const { election, holders, effects } = this.#options;
    const on = election.ballot.on[i];
    if (on === undefined) return;
    this.#claims.set(key, on);
    holders.set(key, election.self);
    this.#options.onClaim(key);
    effects.add({ kind: 'claim', keys: [key] });
    effects.move({
      key,
      to: election.self,
      ...(from === undefined ? {} : { from }),
      ...(cause === undefined ? {} : { cause }),
      ...(tookMs === undefined ? {} : { tookMs }),
    });
    // Where it is not known who held it, he hears of it as well: perhaps only the wire between them is cut.
    this.#tell(from === undefined ? election.rankedIn(i) : [from], key);
  }

  /** All who are ranked for entry `i` hear that this node answers for it. */
  tellAll(i: number, key: AddressKey): void {
    this.#tell(this.#options.election.rankedIn(i), key);
  }

  #tell(nodes: readonly string[], key: AddressKey): void {
    const { election, outbox } = this.#options;
    for (const node of nodes) {
      const { reachable, stock } = election.standingOf(node);
      if (node !== election.self && reachable && !stock) outbox.say(node, 'claim', key);
    }
  }

  /** Answers for it no more; as far as is known `to` does. */
  release(key: AddressKey, to: string | undefined, cause?: MoveCause): void {
    if (!this.#claims.delete(key)) return;
    const { election, holders, outbox, effects } = this.#options;
    outbox.unsay('claim', key);
    holders.set(key, to);
    this.#options.onRelease(key);
    effects.add({ kind: 'release', keys: [key] });
    effects.move({ key, from: election.self, ...(to === undefined ? {} : { to }), ...(cause === undefined ? {} : { cause }) });
  }
}
