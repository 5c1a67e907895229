/**
 * Who should own each address as this node sees it: the table met with who lives, and with what others said that they cannot
 * announce. An address is an entry of the table here; a node is a name, or a place in the table's nodes.
 */
import { type Ballot, beginOf, isEntryNear, NO_BALLOT, type On } from '../layer2/ballot.js';
import type { AddressKey } from '../net/address.js';
import type { Life } from './life.js';
import { ABSENT, Preference, type Standing } from './preference.js';

export interface ElectionOptions {
  readonly self: string;
  readonly life: Life;
  /** Whether this node has an interface among `on` that can answer for the address at present. */
  readonly canAnswer: (key: AddressKey, on: On) => boolean;
}

export class Election {
  readonly self: string;
  readonly #life: Life;
  readonly #canAnswer: (key: AddressKey, on: On) => boolean;
  #ballot: Ballot = NO_BALLOT;
  #isStale = false;
  #entries: ReadonlyMap<AddressKey, number> = new Map();
  /** Of this node; −1: it is in no ranking. */
  #place = -1;
  #standings: ReadonlyMap<string, Standing> = new Map();
  /** By node: what it said that it cannot announce. */
  readonly #declines = new Map<string, Set<AddressKey>>();
  #preference: Preference = new Preference(NO_BALLOT, () => ABSENT, new Map());

  constructor({ self, life, canAnswer }: ElectionOptions) {
    this.self = self;
    this.#life = life;
    this.#canAnswer = canAnswer;
  }

  /** Another table, until `regrade` with the preferences of before. */
  setTable(ballot: Ballot, isStale: boolean): void {
    this.#ballot = ballot;
    this.#isStale = isStale;
    this.#entries = new Map(ballot.keys.map((key, i) => [key, i]));
    this.#place = ballot.nodes.indexOf(this.self);
  }

  /** Who the nodes are now; until `regrade` with the preferences of before. */
  setStandings(standings: ReadonlyMap<string, Standing>): void {
    this.#standings = standings;
  }

  decline(node: string, key: AddressKey): void {
    this.#declines.set(node, (this.#declines.get(node) ?? new Set()).add(key));
  }

  resume(node: string, key: AddressKey): void {
    this.#declines.get(node)?.delete(key);
  }

  /** Another life of it does not decline what this one did. */
  forgetNode(node: string): void {
    this.#declines.delete(node);
  }

  /** Prefers nodes by what they are now. */
  regrade(): void {
    this.#preference = new Preference(this.#ballot, (node) => this.standingOf(node), this.#declines);
  }

  get ballot(): Ballot {
    return this.#ballot;
  }

  /** Whether the view that the table comes from knows that it is old. */
  get isStale(): boolean {
    return this.#isStale;
  }

  get entries(): ReadonlyMap<AddressKey, number> {
    return this.#entries;
  }

  get standings(): ReadonlyMap<string, Standing> {
    return this.#standings;
  }

  standingOf(node: string): Standing {
    const standing = this.#standings.get(node) ?? ABSENT;
    if (node !== this.self) return standing;
    return { ...standing, live: standing.live && !this.#life.isLeaving, returning: this.#life.isReturning };
  }

  hasStock(): boolean {
    for (const { stock, live } of this.#standings.values()) if (stock && live) return true;
    return false;
  }

  /** Whether another serves the cluster that did not come back a short time ago. */
  hasServing(): boolean {
    for (const [name, { live, returning }] of this.#standings) if (name !== this.self && live && !returning) return true;
    return false;
  }

  /** Whether it goes on answering until somebody claims, and may own nothing any more. */
  isLeft(node: string): boolean {
    const { live, reachable } = this.standingOf(node);
    return reachable && !live;
  }

  mayOwn(node: string, key: AddressKey): boolean {
    return this.standingOf(node).live && this.#declines.get(node)?.has(key) !== true;
  }

  /** The place of who should own it; −1: nobody. */
  best(i: number): number {
    return this.#preference.best(i);
  }

  /** The place of who should if this node could not; −1: nobody. */
  bestButSelf(i: number): number {
    return this.#preference.best(i, (place) => place === this.#place);
  }

  /** Whether it would be this node's, were it not for `node`. */
  isNextAfter(i: number, node: string): boolean {
    const gone = this.#ballot.nodes.indexOf(node);
    return this.isSelf(this.#preference.best(i, (place) => place === gone));
  }

  /** The two who should if this node could not, one after the other. */
  successors(i: number): readonly string[] {
    const first = this.bestButSelf(i);
    const second = this.#preference.best(i, (place) => place === this.#place || place === first);
    return [first, second].flatMap((place) => this.nameOf(place) ?? []);
  }

  nameOf(place: number): string | undefined {
    return this.#ballot.nodes[place];
  }

  /** A node that is in no ranking is nobody's best, not even where nobody is. */
  isSelf(place: number): boolean {
    return place !== -1 && place === this.#place;
  }

  /** Whether it should be this node's, and this node can answer for it. */
  isMine(i: number): boolean {
    const on = this.#ballot.on[i];
    const key = this.#ballot.keys[i];
    if (on === undefined || key === undefined || !this.#life.isStarted) return false;
    return this.isSelf(this.best(i)) && this.#canAnswer(key, on);
  }

  /** Whether this node may answer for the address, if nobody better does. */
  mayAdopt(i: number, key: AddressKey): boolean {
    const on = this.#ballot.on[i];
    if (on === undefined || !this.isRanked(i) || !this.#life.isStarted) return false;
    return this.standingOf(this.self).live && this.#canAnswer(key, on);
  }

  /** Whether this node is in its ranking. */
  isRanked(i: number): boolean {
    return this.#place !== -1 && !this.#preference.isUnranked(i, this.#place);
  }

  /** Whether this node may soon have to answer for it. */
  isNear(i: number): boolean {
    return this.#place !== -1 && isEntryNear(this.#ballot, i, this.#place);
  }

  /** How many may own it before this node may; −1 when it may not at all. */
  turnOf(i: number): number {
    return this.#preference.turnOf(i, this.#place);
  }

  /** Whether the node is ranked before this one, whether it lives or not. */
  isBeforeSelf(i: number, node: string): boolean {
    const place = this.#ballot.nodes.indexOf(node);
    return place !== -1 && this.#preference.isBefore(i, place, this.#place);
  }

  rankedIn(i: number): readonly string[] {
    const { rankings, ends, nodes } = this.#ballot;
    return Array.from(rankings.subarray(beginOf(ends, i), ends[i]), (place) => nodes[place] ?? '');
  }
}
