/**
 * Which addresses to join: those of the list at which no member is. Each is tried again and again, for a partition does not heal by
 * itself once both sides have forgotten each other (the reference leaves that to whoever uses it; MetalLB does it every minute).
 */
import { socketKey } from './endpoint.js';
import { following } from './lateness.js';
import type { Endpoint } from './message.js';

/**
 * The first answer tells of everybody, so that most others need not be asked: a cluster of a hundred that starts at once would
 * else open ten thousand streams.
 */
const MOST_AT_ONCE = 8;

export class Joining {
  readonly #intervalMs: number;
  readonly #own: string;
  #list: ReadonlyMap<string, Endpoint>;
  #nextAt: number;
  /** Asked and not answered. */
  readonly #pending = new Set<string>();
  /** Still to be asked in this turn, if nobody has told of a member there before. */
  #queue: string[] = [];
  /** Of the list at the start: those not tried yet, and those that did not answer. Undefined once told. */
  #first: { readonly untried: Set<string>; readonly unreached: Endpoint[] } | undefined;

  constructor(endpoints: readonly Endpoint[], own: Endpoint, intervalMs: number, now: number) {
    this.#intervalMs = intervalMs;
    this.#own = socketKey(own);
    this.#list = this.#keyed(endpoints);
    this.#nextAt = now;
    this.#first = { untried: new Set(this.#list.keys()), unreached: [] };
  }

  get dueAt(): number {
    return this.#list.size === 0 ? Number.POSITIVE_INFINITY : this.#nextAt;
  }

  /** New addresses are tried at once. */
  setList(endpoints: readonly Endpoint[], now: number): void {
    const before = this.#list;
    this.#list = this.#keyed(endpoints);
    if ([...this.#list.keys()].some((key) => !before.has(key))) this.#nextAt = now;
  }

  /** The addresses to join now; `members` are where members are. */
  take(members: Iterable<Endpoint>, now: number): Endpoint[] {
    if (now >= this.#nextAt) {
      this.#nextAt = following(this.#nextAt, this.#intervalMs, now);
      // Those that had no turn yet stay in front: who never answers keeps nobody else waiting.
      this.#queue = [...new Set([...this.#queue, ...this.#list.keys()])];
    }
    if (this.#queue.length === 0 || this.#pending.size >= MOST_AT_ONCE) return [];
    const there = new Set([...members].map(socketKey));
    const missing = this.#queue.filter((key) => this.#list.has(key) && !there.has(key) && !this.#pending.has(key));
    const taken = missing.splice(0, MOST_AT_ONCE - this.#pending.size);
    this.#queue = missing;
    for (const key of taken) this.#pending.add(key);
    return taken.flatMap((key) => this.#list.get(key) ?? []);
  }

  ended(endpoint: Endpoint, answered: boolean): void {
    const key = socketKey(endpoint);
    this.#pending.delete(key);
    if (this.#first?.untried.delete(key) === true && !answered) this.#first.unreached.push(endpoint);
  }

  /** The addresses that did not answer, once, when all of the list have been tried or belong to members. */
  settled(members: Iterable<Endpoint>): readonly Endpoint[] | undefined {
    if (this.#first === undefined) return undefined;
    const { untried, unreached } = this.#first;
    const there = new Set(untried.size === 0 ? [] : [...members].map(socketKey));
    if ([...untried].some((key) => this.#list.has(key) && !there.has(key))) return undefined;
    this.#first = undefined;
    return unreached;
  }

  /** Without our own address, which a list of all nodes has too. */
  #keyed(endpoints: readonly Endpoint[]): ReadonlyMap<string, Endpoint> {
    const keyed = new Map(endpoints.map((endpoint) => [socketKey(endpoint), endpoint]));
    keyed.delete(this.#own);
    return keyed;
  }
}
