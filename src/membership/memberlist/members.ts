/**
 * All nodes we know, ourselves and the not yet forgotten dead included: at most as many as allowed, whoever tells us of whomever.
 */
import type { Chance } from './chance.js';
import { isMember, type MemberRecord } from './record.js';
import { Rota } from './rota.js';

export class Members {
  readonly #records = new Map<string, MemberRecord>();
  /** Names of the suspected, whose time runs out one day. Follows from the records. */
  readonly #suspects = new Set<string>();
  readonly #rota = new Rota();
  readonly #chance: Chance;
  readonly #self: string;

  constructor(self: string, chance: Chance) {
    this.#self = self;
    this.#chance = chance;
  }

  /** What every formula of the protocol calls the size of the cluster. */
  get size(): number {
    return this.#records.size;
  }

  get(name: string): MemberRecord | undefined {
    return this.#records.get(name);
  }

  all(): IterableIterator<MemberRecord> {
    return this.#records.values();
  }

  put(record: MemberRecord): void {
    if (!this.#records.has(record.name)) this.#rota.add(record.name, this.#chance);
    this.#records.set(record.name, record);
    if (record.state === 'suspect') this.#suspects.add(record.name);
    else this.#suspects.delete(record.name);
  }

  *suspects(): Generator<MemberRecord & { state: 'suspect' }> {
    for (const name of this.#suspects) {
      const record = this.#records.get(name);
      if (record?.state === 'suspect') yield record;
    }
  }

  forget(name: string): void {
    this.#records.delete(name);
    this.#suspects.delete(name);
    this.#rota.remove(name);
  }

  /** The longest gone of those that are gone: whom to forget for a newcomer. */
  longestGone(): MemberRecord | undefined {
    let longest: MemberRecord | undefined;
    for (const record of this.#records.values()) {
      if (record.name === this.#self || isMember(record)) continue;
      if (longest === undefined || record.since < longest.since) longest = record;
    }
    return longest;
  }

  /**
   * Whom to probe now, if anybody. At the end of a round those are forgotten that have been gone for `rememberMs`; their names
   * are told.
   */
  nextToProbe(rememberMs: number, now: number): { readonly target?: MemberRecord; readonly forgotten: readonly string[] } {
    const forgotten: string[] = [];
    // The rest of this round and all of the next: whoever is a member is found.
    for (let looks = 2 * this.size; looks > 0; looks--) {
      if (this.#rota.isOver) forgotten.push(...this.#beginRound(rememberMs, now));
      const target = this.#records.get(this.#rota.take() ?? this.#self);
      if (target !== undefined && target.name !== this.#self && isMember(target)) return { target, forgotten };
    }
    return { forgotten };
  }

  #beginRound(rememberMs: number, now: number): readonly string[] {
    const forgotten: string[] = [];
    for (const record of this.#records.values()) {
      // Ourselves we never forget, not even once we have left.
      if (record.name === this.#self || isMember(record) || now - record.since <= rememberMs) continue;
      forgotten.push(record.name);
    }
    for (const name of forgotten) this.forget(name);
    this.#rota.beginRound(this.#chance);
    return forgotten;
  }
}
