/**
 * What should be this node's and it has no interface for, and who was told so: the next two in line have to take it over.
 */
import type { AddressKey } from '../net/address.js';
import type { Election } from './election.js';
import type { Outbox } from './outbox.js';

type Telling = 'decline' | 'resume';

export class Declines {
  readonly #election: Election;
  readonly #outbox: Outbox;
  readonly #unanswerable = new Set<AddressKey>();
  /** By node: what this one told it last of addresses that it could not announce at some time. */
  readonly #told = new Map<string, Map<AddressKey, Telling>>();

  constructor(election: Election, outbox: Outbox) {
    this.#election = election;
    this.#outbox = outbox;
  }

  get unanswerable(): ReadonlySet<AddressKey> {
    return this.#unanswerable;
  }

  begin(key: AddressKey): void {
    this.#unanswerable.add(key);
  }

  end(key: AddressKey): void {
    this.#unanswerable.delete(key);
  }

  /** Tells the next two in line what they have to take over, and what not any more. */
  tell(): void {
    const wanted = new Map<string, Set<AddressKey>>();
    for (const key of this.#unanswerable) {
      const i = this.#election.entries.get(key);
      if (i === undefined) continue;
      for (const name of this.#election.successors(i)) {
        if (!this.#election.standingOf(name).stock) wanted.set(name, (wanted.get(name) ?? new Set()).add(key));
      }
    }
    for (const name of new Set([...wanted.keys(), ...this.#told.keys()])) {
      // One that is not heard is told when it is.
      if (this.#election.standingOf(name).reachable) this.#tell(name, wanted.get(name) ?? new Set());
    }
  }

  #tell(name: string, now: ReadonlySet<AddressKey>): void {
    const told = this.#told.get(name) ?? new Map<AddressKey, Telling>();
    const tell = (kind: Telling, key: AddressKey): void => {
      told.set(key, kind);
      this.#outbox.say(name, kind, key);
    };
    // What is in no table any more nobody has to remember, once it is known that it does not lack an interface any more.
    if (this.#outbox.isDone(name)) {
      for (const [key, kind] of told) if (kind === 'resume' && !this.#election.entries.has(key)) told.delete(key);
    }
    for (const key of now) if (told.get(key) !== 'decline') tell('decline', key);
    for (const [key, kind] of told) if (kind === 'decline' && !now.has(key)) tell('resume', key);
    this.#told.set(name, told);
  }

  /** The node is heard again. What was under way to it was dropped, and it may remember what was before. */
  retell(name: string): void {
    const told = this.#told.get(name);
    for (const key of told?.keys() ?? []) {
      const kind = this.#unanswerable.has(key) ? 'decline' : 'resume';
      told?.set(key, kind);
      this.#outbox.say(name, kind, key);
    }
  }

  /** Another life of it was told nothing. */
  forgetNode(name: string): void {
    this.#told.delete(name);
  }
}
