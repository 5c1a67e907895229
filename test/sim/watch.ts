/**
 * Looks at the world after everything that may change who answers, and says what breaks the rules (architecture §5, §8).
 *
 * A disturbance is what nobody announced: a crash, a cut, a long stall. While one lasts, and until what follows from it must be over,
 * an address may have no owner or two, but not two for long where the two could know. Everything else is planned: then somebody
 * answers at every instant, and two for no longer than a word takes. When that is over as well, the one answers whom the rules name.
 */
import { type AddressKey, addressKey, parseAddress } from '../../src/net/address.js';
import { ABSENT, Preference, type Standing } from '../../src/ownership/preference.js';
import type { Machine } from './machine.js';
import type { World } from './world.js';

export interface Failure {
  readonly at: number;
  readonly rule: Rule;
  readonly text: string;
}

/**
 * `gap`: nobody answers during a planned move. `two`: two answer for longer than the rules explain. `owner`: at rest, another answers
 * than the rules name. `seized`: gossip alone was cut, and somebody began to answer. `idle`: words are sent at rest.
 */
export type Rule = 'gap' | 'two' | 'owner' | 'seized' | 'thrown';

/** After a disturbance, until an address has an owner again. */
const COVERED_MS = 700;
/** After anything, until the owner is the one that the rules name. */
const SETTLED_MS = 1500;
/** Two answer: where all views agree and words get through, where claims have to be contested, where views differ. */
const BRIEFLY_MS = 50;
const LOSSY_MS = 350;
const CONTEST_MS = 300;
const SPLIT_MS = 4500;

export class Watch {
  failure: Failure | undefined;
  readonly #world: World;
  /** Until then nobody has to answer. */
  #disturbedUntil = 0;
  /** Until then the owner may be another than the rules name. */
  #plannedUntil = 0;
  /** Until then two may answer for long: what they say may not get through. */
  #deafUntil = 0;
  #splitUntil = 0;
  /** New addresses have no owner yet. */
  readonly #newUntil = new Map<string, number>();
  /** Addresses that somebody answered for at the last look. */
  readonly #answered = new Set<string>();
  readonly #twoSince = new Map<string, number>();
  /** While gossip alone is cut: who answered before. */
  #frozen: ReadonlyMap<string, string> | undefined;

  constructor(world: World) {
    this.#world = world;
    world.onLook = () => this.look();
    world.onTold = (_machine, effect) => {
      if (effect.kind === 'returning') this.planned();
      // The loser of a split view leaves the address alone for so long.
      if (effect.kind === 'split-view') this.planned(10_000);
    };
  }

  get isCalm(): boolean {
    return this.#world.now >= this.#disturbedUntil && this.#world.now >= this.#plannedUntil;
  }

  /** Nothing is expected of anybody until `lastsMs` from now and what follows is over. */
  disturbed(lastsMs: number, coveredMs: number = COVERED_MS): void {
    this.#frozen = undefined;
    this.#disturbedUntil = this.#lookAt(Math.max(this.#disturbedUntil, this.#world.now + lastsMs + coveredMs));
    this.planned(lastsMs);
  }

  /** Moves are to be expected, without a gap. */
  planned(lastsMs = 0): void {
    this.#frozen = undefined;
    // Who cannot be heard cannot hand anything over: that is as if nobody had announced it.
    if (this.#world.ways.cuts.size > 0)
      this.#disturbedUntil = this.#lookAt(Math.max(this.#disturbedUntil, this.#world.now + lastsMs + COVERED_MS));
    this.#plannedUntil = this.#lookAt(Math.max(this.#plannedUntil, this.#world.now + lastsMs + SETTLED_MS));
  }

  /** Words do not get through for so long. */
  deaf(lastsMs: number): void {
    this.#deafUntil = Math.max(this.#deafUntil, this.#world.now + lastsMs);
  }

  /** Views differ for so long. */
  split(lastsMs: number): void {
    this.#splitUntil = Math.max(this.#splitUntil, this.#world.now + lastsMs);
  }

  added(address: string, lastsMs: number): void {
    this.#newUntil.set(address, this.#lookAt(this.#world.now + lastsMs + SETTLED_MS));
  }

  /** Gossip alone is cut from now on, for so long: nothing may change. */
  gossipCut(lastsMs: number): void {
    const isCalm = this.isCalm || this.#frozen !== undefined;
    const before = this.#frozen ?? this.#owners();
    this.deaf(lastsMs + CONTEST_MS);
    if (!isCalm) {
      this.disturbed(lastsMs);
      return;
    }
    this.#plannedUntil = this.#lookAt(Math.max(this.#plannedUntil, this.#world.now + lastsMs + SETTLED_MS));
    this.#frozen = before;
  }

  look(): void {
    if (this.failure !== undefined) return;
    const { now, configuration } = this.#world;
    const isCalm = this.isCalm;
    for (const address of configuration.addresses) {
      if (now < (this.#newUntil.get(address) ?? 0)) continue;
      const key = keyOf(address);
      const answering = [...this.#world.machines.values()].filter((machine) => machine.answers(key));
      this.#lookForTwo(address, answering);
      if (now < this.#disturbedUntil) {
        this.#answered.delete(address);
        continue;
      }
      const names = answering.map(({ name }) => name).join(' ');
      if (this.#frozen !== undefined) {
        const before = this.#frozen.get(address) ?? '';
        if (before !== names)
          this.#fail('seized', `${address}: ${names || 'nobody'} answers, ${before} did before gossip was cut`);
        continue;
      }
      const expected = this.#expected(address);
      const wasAnswered = this.#answered.has(address);
      if (answering.length > 0) this.#answered.add(address);
      else this.#answered.delete(address);
      if (answering.length === 0 && wasAnswered && expected.some !== undefined)
        this.#fail('gap', `${address}: nobody answers, ${expected.some} could`);
      if (isCalm && expected.isAgreed && names !== (expected.first ?? ''))
        this.#fail('owner', `${address}: ${names || 'nobody'} answers, ${expected.first ?? 'nobody'} should`);
    }
    if (isCalm) this.#frozen = undefined;
  }

  #lookForTwo(address: string, answering: readonly Machine[]): void {
    const { now, ways } = this.#world;
    const pairs = answering.flatMap((a, i) =>
      answering.slice(i + 1).flatMap((b) => (ways.isOpenBoth('wire', a.name, b.name) ? [`${a.name} ${b.name}`] : [])),
    );
    for (const name of this.#twoSince.keys())
      if (name.startsWith(`${address} `) && !pairs.includes(name.slice(address.length + 1))) this.#twoSince.delete(name);
    for (const pair of pairs) {
      const name = `${address} ${pair}`;
      const since = this.#twoSince.get(name);
      const from = Math.max(since ?? now, this.#deafUntil);
      if (since === undefined) {
        this.#twoSince.set(name, now);
        for (const limit of [BRIEFLY_MS, LOSSY_MS, CONTEST_MS, SPLIT_MS]) this.#lookAt(from + limit + 1);
      } else if (now - from > this.#mostOfTwo(now)) {
        this.#fail('two', `${address}: ${pair} both answer since ${since.toFixed(1)}`);
      }
    }
  }

  #mostOfTwo(now: number): number {
    const isSplit = now < this.#splitUntil || this.#isSplit();
    if (isSplit) return SPLIT_MS;
    if (now < this.#disturbedUntil) return CONTEST_MS;
    return this.#world.ways.weather.gossipLoss > 0 ? LOSSY_MS : BRIEFLY_MS;
  }

  #isSplit(): boolean {
    for (const { speaker, configuration } of this.#world.machines.values())
      if (speaker !== undefined && configuration.version !== this.#world.configuration.version) return true;
    return false;
  }

  #owners(): ReadonlyMap<string, string> {
    return new Map(
      this.#world.configuration.addresses.map((address) => {
        const answering = [...this.#world.machines.values()].filter((machine) => machine.answers(keyOf(address)));
        return [address, answering.map(({ name }) => name).join(' ')];
      }),
    );
  }

  /** `some`: one that could answer; `first`: who should, if all views are the same. */
  #expected(address: string): {
    readonly some: string | undefined;
    readonly first: string | undefined;
    readonly isAgreed: boolean;
  } {
    const { machines, configuration } = this.#world;
    const running = [...machines.values()].filter(({ speaker }) => speaker !== undefined);
    const standings = new Map(running.map((machine) => [machine.name, standingOf(machine)]));
    const known = [...machines.keys()];
    const ballot = this.#world.ballotOf(configuration, known[0] ?? '', known);
    const i = ballot.keys.indexOf(keyOf(address));
    const preference = new Preference(ballot, (node) => standings.get(node) ?? ABSENT, new Map());
    const first = i === -1 ? undefined : ballot.nodes[preference.best(i)];
    return { some: first, first, isAgreed: !this.#isSplit() };
  }

  #lookAt(time: number): number {
    this.#world.at(time + 0.001, () => this.look());
    return time;
  }

  #fail(rule: Rule, text: string): void {
    this.failure ??= { at: this.#world.now, rule, text };
    this.#world.note(`FAILED ${rule}: ${text}`);
    this.#world.isOver = true;
  }
}

function standingOf({ speaker, isUp }: Machine): Standing {
  if (speaker === undefined) return ABSENT;
  const live = isUp && speaker.membership.ready && !speaker.isLeaving;
  return { ...ABSENT, live, reachable: true, returning: speaker.authority.isReturning };
}

const keys = new Map<string, AddressKey>();

export function keyOf(text: string): AddressKey {
  const known = keys.get(text);
  if (known !== undefined) return known;
  const address = parseAddress(text);
  if (!address.ok) throw new Error(`${text} is no address`);
  const key = addressKey(address.value);
  keys.set(text, key);
  return key;
}
