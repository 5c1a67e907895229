/**
 * Which addresses this node answers for, and why: the table met with who lives, and with what nodes say to each other and on the
 * wire. At most one node answers for an address, and during a planned move never none: who is to give an address up goes on
 * answering until it hears that the other answers.
 *
 * It has a life, so it is a class; all the same it is pure: inputs and times go in, effects come out, nothing else happens.
 */
import { type Ballot, beginOf, isEntryNear, NO_BALLOT, type On } from '../layer2/ballot.js';
import type { Claims } from '../layer2/claims.js';
import type { BootId } from '../membership/beat.js';
import type { AddressKey } from '../net/address.js';
import { Contests, MOST_CLAIMS, winnerOf } from './contests.js';
import { Courier, type Sent } from './courier.js';
import { BRIEF_MS, Doubts } from './doubts.js';
import { ABSENT, Preference, type Standing } from './preference.js';
import type { Word, WordKind } from './word.js';

/** How long an owner may take to agree; then its views are taken to be older. */
const AGREE_MS = 500;
/** How long a leaving node waits for others to take over. Pods get 30 s before they are killed. */
const LEAVE_MS = 3000;
/** How long after its start a node asks whoever is next in line before it claims: that one may have stood in for it. */
const START_MS = 10_000;
/** How long whoever comes next in line has for each that comes before him. */
const TURN_MS = 100;
/**
 * How long an owner goes on answering after it heard that the other answers: what a client asked before the other answered may not
 * have been read yet, when the other's word has.
 */
const HAND_MS = 2;
/** How long a stock speaker has to announce what is its own now. It is heard to do so, as somebody unknown, or not. */
const STOCK_MS = 3000;
/** How long after an offer its sender may turn out to leave. */
const OFFER_MS = 1000;
/** How long the loser of a split view leaves the address alone. */
const YIELD_MS = 10_000;

/**
 * What is done when a host that is no member claims an address of this node (RFC 5227 §2.4): announce it again, not too often, or
 * leave the address to it.
 */
export const CONFLICT_POLICIES = ['defend', 'yield'] as const;
export type ConflictPolicy = (typeof CONFLICT_POLICIES)[number];
/** Between two defences of one address. */
const DEFEND_MS = 10_000;

export interface OwnershipOptions {
  readonly self: string;
  readonly bootId: BootId;
  /** How long a node that came back owns only what nobody else may; infinity: until the others are gone. */
  readonly failbackMs: number;
  readonly onConflict: ConflictPolicy;
  /** Whether this node has an interface among `on` that can answer for the address at present. */
  readonly canAnswer: (key: AddressKey, on: On) => boolean;
}

/** Why an address changed hands beyond what the election and the members tell. */
export type MoveCause = 'conflict' | 'handover' | 'no-answer' | 'orphan' | 'claimed' | 'split-view' | 'stall';

/** One address that changes hands, with this node on one side. An absent end is nobody. */
export interface OwnerMove {
  readonly key: AddressKey;
  readonly from?: string;
  readonly to?: string;
  readonly cause?: MoveCause;
  /** Of a planned move: from the first request to the claim. */
  readonly tookMs?: number;
}

export type OwnershipEffect =
  /** Answers for these from now on, and tells everybody. */
  | { readonly kind: 'claim'; readonly keys: readonly AddressKey[] }
  /** Tells everybody again. */
  | { readonly kind: 'reclaim'; readonly keys: readonly AddressKey[] }
  /** Announces these no more, and goes on answering for them. */
  | { readonly kind: 'hush'; readonly keys: readonly AddressKey[] }
  /** Answers for these no more. */
  | { readonly kind: 'release'; readonly keys: readonly AddressKey[] }
  /** Asks on the wire who answers for these. */
  | { readonly kind: 'ask'; readonly keys: readonly AddressKey[] }
  | { readonly kind: 'send'; readonly sent: Sent }
  | { readonly kind: 'moved'; readonly moves: readonly OwnerMove[] }
  | { readonly kind: 'split-view'; readonly key: AddressKey; readonly with: string; readonly winner: string }
  /** Peers are to be told that this node is, or is no more, one that just came back. */
  | { readonly kind: 'returning'; readonly returning: boolean };

/** Whoever claims on the wire: a member, or somebody whose MAC is no member's. `isLower`: than the MAC of this node there. */
export interface Claimant {
  readonly node: string | undefined;
  readonly isLower: boolean;
}

interface Request {
  readonly of: string;
  readonly since: number;
  readonly until: number;
}

export class Ownership {
  readonly #options: OwnershipOptions;
  readonly #courier: Courier;
  readonly #contests = new Contests();
  readonly #doubts = new Doubts();
  /** Addresses of others, whose next owner has to be heard in his time. */
  readonly #orphans = new Doubts();
  #ballot: Ballot = NO_BALLOT;
  #entries: ReadonlyMap<AddressKey, number> = new Map();
  #stale = false;
  #standings: ReadonlyMap<string, Standing> = new Map();
  #preference: Preference = new Preference(NO_BALLOT, () => ABSENT, new Map());
  #self = -1;
  readonly #claims = new Map<AddressKey, On>();
  /** Who answers, as far as is known: by a claim that was heard, else by what everybody should conclude. */
  readonly #holders = new Map<AddressKey, string>();
  /** Who should own what is not this node's, at the last look. */
  readonly #presumed = new Map<AddressKey, string | undefined>();
  readonly #unanswerable = new Set<AddressKey>();
  /** Asked of their owners. */
  readonly #requests = new Map<AddressKey, Request>();
  /** Asked of this node, which did not agree yet. */
  readonly #wanted = new Map<AddressKey, string>();
  /** Given to this node, which did not ask: whoever gives may leave, and be heard to only later. */
  readonly #offers = new Map<AddressKey, { readonly by: string; readonly until: number }>();
  /** Given: whoever claims them now is right. */
  readonly #given = new Map<AddressKey, string>();
  /** When an address was last defended against a stranger. */
  readonly #defended = new Map<AddressKey, number>();
  /** Handed over: the other is heard, or will not say that he has it, and this node is about to be silent. */
  readonly #handed = new Map<AddressKey, { readonly to: string; readonly at: number }>();
  readonly #yielded = new Map<AddressKey, { readonly to: string; readonly until: number }>();
  /** By node: what it said that it cannot announce. */
  readonly #declines = new Map<string, Set<AddressKey>>();
  /** By node: what this one told it last of addresses that it could not announce at some time. */
  readonly #toldDeclines = new Map<string, Map<AddressKey, 'decline' | 'resume'>>();
  #startedAt: number | undefined;
  /** Not every listed peer was heard yet: what nobody is known to own may be owned all the same. */
  #isDoubtful = false;
  #returningUntil: number | undefined;
  #lostByStall = false;
  #leaveBy: number | undefined;
  #effects: OwnershipEffect[] = [];
  #moves: OwnerMove[] = [];
  #words = new Map<string, Set<AddressKey>>();

  constructor(options: OwnershipOptions) {
    this.#options = options;
    this.#courier = new Courier(options.self, options.bootId);
  }

  /** What this node answers for. It changes in place. */
  get claims(): Claims {
    return this.#claims;
  }

  /** Who owns each address, as far as this node knows. */
  get holders(): ReadonlyMap<AddressKey, string> {
    return this.#holders;
  }

  /** What should be this node's, and it has no interface for. */
  get unanswerable(): ReadonlySet<AddressKey> {
    return this.#unanswerable;
  }

  /** Addresses of which every claim by anybody has to be told: those in doubt, and those that this node may soon have to ask for. */
  isListening(key: AddressKey): boolean {
    if (this.#doubts.has(key) || this.#orphans.has(key)) return true;
    const i = this.#entries.get(key);
    return i !== undefined && this.#self !== -1 && isEntryNear(this.#ballot, i, this.#self);
  }

  /** Where the address is announced, as the table tells; undefined: it is in none. */
  onOf(key: AddressKey): On | undefined {
    return this.#ballot.on[this.#entries.get(key) ?? -1];
  }

  /** Where this node answers for the address, or would if nobody else did. */
  concernOf(key: AddressKey): On | undefined {
    const i = this.#doubts.has(key) ? this.#entries.get(key) : undefined;
    return this.#claims.get(key) ?? (i === undefined ? undefined : this.#ballot.on[i]);
  }

  get isReturning(): boolean {
    return this.#returningUntil !== undefined;
  }

  /** Whether a leaving node has nothing to wait for any more. */
  isGone(now: number): boolean {
    if (this.#leaveBy === undefined) return false;
    if (now >= this.#leaveBy) return true;
    for (const key of this.#claims.keys()) {
      const i = this.#entries.get(key);
      if (i !== undefined && this.#preference.best(i) !== -1) return false;
    }
    return true;
  }

  /** When to call `tick`. */
  get wakeAt(): number {
    let at = Math.min(this.#courier.wakeAt, this.#doubts.wakeAt, this.#orphans.wakeAt);
    for (const { until } of this.#requests.values()) at = Math.min(at, until);
    for (const { until } of this.#yielded.values()) at = Math.min(at, until);
    for (const one of this.#handed.values()) at = Math.min(at, one.at);
    return Math.min(at, this.#returningUntil ?? Number.POSITIVE_INFINITY, this.#leaveBy ?? Number.POSITIVE_INFINITY);
  }

  /** Another table; `stale` when the view it comes from knows that it is old. */
  setTable(ballot: Ballot, stale: boolean, now: number): readonly OwnershipEffect[] {
    this.#ballot = ballot;
    // What it yielded because others knew better, it may have back when it knows as well.
    if (this.#stale && !stale) this.#yielded.clear();
    this.#stale = stale;
    const before = this.#entries;
    this.#entries = new Map(ballot.keys.map((key, i) => [key, i]));
    this.#self = ballot.nodes.indexOf(this.#options.self);
    for (const key of before.keys()) if (!this.#entries.has(key)) this.#forget(key);
    return this.#reviewAll(now);
  }

  /** Who the nodes are now, this one too; one that is missing is gone. */
  setStandings(standings: ReadonlyMap<string, Standing>, now: number): readonly OwnershipEffect[] {
    const [lost, met] = [unreachableOf(this.#standings, standings), unreachableOf(standings, this.#standings)];
    for (const name of lost) this.#courier.forget(name);
    for (const name of this.#standings.keys()) if (!standings.has(name)) this.#forgetNode(name);
    this.#standings = standings;
    for (const name of met) this.#introduce(name);
    if (this.#returningUntil !== undefined && (this.#hasStock() || !this.#hasServing())) this.#endReturn();
    return this.#reviewAll(now);
  }

  /** The peer lives another life: it remembers nothing of what was said. */
  restarted(peer: string, now: number): readonly OwnershipEffect[] {
    this.#courier.forget(peer);
    this.#forgetNode(peer);
    for (const [key, node] of this.#holders) if (node === peer) this.#holders.delete(key);
    return this.#reviewAll(now);
  }

  /**
   * The start is over. `isDoubtful`: some peer of the list was not heard. `isReturn`: others serve the cluster already, so this
   * node has time.
   */
  started({ isDoubtful, isReturn }: { isDoubtful: boolean; isReturn: boolean }, now: number): readonly OwnershipEffect[] {
    if (this.#startedAt !== undefined) return [];
    this.#startedAt = now;
    this.#isDoubtful = isDoubtful;
    if (isReturn) this.#beginReturn(now);
    return this.#reviewAll(now);
  }

  /** Every peer of the list was heard. */
  endDoubt(now: number): readonly OwnershipEffect[] {
    if (!this.#isDoubtful) return [];
    this.#isDoubtful = false;
    return this.#reviewAll(now);
  }

  /** Interfaces can be answered on that could not be, or cannot any more. */
  review(now: number): readonly OwnershipEffect[] {
    return this.#reviewAll(now);
  }

  /** This node stood still for longer than others wait: they may have taken over. */
  stalled(now: number): readonly OwnershipEffect[] {
    if (this.#standings.size <= 1) return [];
    for (const key of [...this.#claims.keys()]) {
      this.#release(key, undefined, 'stall');
      this.#doubts.begin(key, now, BRIEF_MS);
      this.#holders.delete(key);
    }
    this.#lostByStall = this.#doubts.keys().length > 0;
    return this.#finish(now);
  }

  /** Gives everything to others, and goes on answering until they have it. */
  leave(now: number): readonly OwnershipEffect[] {
    this.#leaveBy ??= now + LEAVE_MS;
    return this.#reviewAll(now);
  }

  hearWord(word: Word, now: number): readonly OwnershipEffect[] {
    const { news, answer } = this.#courier.receive(word);
    if (answer !== undefined) this.#effects.push({ kind: 'send', sent: answer });
    if (news) for (const key of word.keys) this.#obey(word, key, now);
    if (news && (word.kind === 'decline' || word.kind === 'resume')) return this.#reviewAll(now);
    return this.#finish(now);
  }

  /** Somebody answers for the address on the wire, or says that he does. */
  hearClaim(key: AddressKey, claimant: Claimant, now: number): readonly OwnershipEffect[] {
    this.#doubts.answer(key);
    this.#answeredOrphan(key, claimant.node);
    const i = this.#entries.get(key);
    if (i === undefined) return this.#finish(now);
    const handed = this.#handed.get(key);
    if (claimant.node !== undefined) this.#claimedBy(i, key, claimant.node, now);
    else if (handed !== undefined) this.#handed.set(key, { ...handed, at: Math.min(handed.at, now + HAND_MS) });
    else if (this.#claims.has(key) && this.#isDoubtful && claimant.isLower) {
      // Two nodes that never heard each other: what nobody can know, the MACs decide.
      this.#release(key, undefined, 'claimed');
      this.#doubts.begin(key, now);
      this.#doubts.answer(key);
    }
    return this.#finish(now);
  }

  /**
   * A host that is no member claims an address of this node. While a member may not be known yet, or is a stock speaker, whose MACs
   * nobody knows, that may be he.
   */
  strangerClaims(key: AddressKey, now: number): readonly OwnershipEffect[] {
    const isEarly = this.#startedAt === undefined || now - this.#startedAt < START_MS;
    if (isEarly || this.#hasStock() || this.#isDoubtful || !this.#claims.has(key)) return [];
    if (this.#options.onConflict === 'yield') {
      this.#release(key, undefined, 'conflict');
      this.#doubts.begin(key, now);
      this.#doubts.answer(key);
    } else if (now - (this.#defended.get(key) ?? Number.NEGATIVE_INFINITY) > DEFEND_MS) {
      this.#defended.set(key, now);
      this.#effects.push({ kind: 'reclaim', keys: [key] });
    }
    return this.#finish(now);
  }

  tick(now: number): readonly OwnershipEffect[] {
    if (this.#returningUntil !== undefined && this.#returningUntil <= now) {
      this.#endReturn();
      return this.#reviewAll(now);
    }
    for (const [key, { until, of }] of this.#requests) {
      if (until > now) continue;
      const i = this.#entries.get(key);
      this.#requests.delete(key);
      if (i !== undefined && this.#isMine(i)) this.#claim(i, key, of, 'no-answer', AGREE_MS);
    }
    for (const [key, { until }] of this.#yielded) {
      if (until > now) continue;
      this.#yielded.delete(key);
      this.#review(key, now);
    }
    for (const [key, { to, at }] of this.#handed) {
      if (at > now) continue;
      this.#release(key, to, 'handover');
      // An old view that gave it does not ask for it back before it is new.
      if (this.#stale) this.#yielded.set(key, { to, until: now + YIELD_MS });
      // What it should own may be another since it heard the other.
      this.#review(key, now);
    }
    this.#tickDoubts(now);
    this.#tickOrphans(now);
    return this.#finish(now);
  }

  #tickDoubts(now: number): void {
    if (this.#doubts.wakeAt > now) return;
    const { ask, silent } = this.#doubts.step(now);
    if (ask.length > 0) this.#effects.push({ kind: 'ask', keys: ask });
    for (const key of silent) {
      const i = this.#entries.get(key);
      if (i !== undefined && this.#isMine(i)) this.#claim(i, key, undefined, undefined);
    }
    if (this.#doubts.keys().length === 0) this.#lostByStall = false;
  }

  #tickOrphans(now: number): void {
    if (this.#orphans.wakeAt > now) return;
    const { ask, silent } = this.#orphans.step(now);
    if (ask.length > 0) this.#effects.push({ kind: 'ask', keys: ask });
    for (const key of silent) this.#adopt(key);
  }

  #obey({ kind, node }: Word, key: AddressKey, now: number): void {
    const i = this.#entries.get(key);
    switch (kind) {
      case 'take':
        this.#askedFor(i, key, node);
        break;
      case 'give':
        if (i !== undefined) this.#receive(i, key, node, now);
        break;
      case 'free':
        if (this.#requests.get(key)?.of !== node || i === undefined) break;
        this.#requests.delete(key);
        if (this.#isMine(i)) this.#claim(i, key, undefined, undefined);
        break;
      case 'held':
        if (this.#requests.get(key)?.of !== node) break;
        this.#requests.delete(key);
        this.#holders.delete(key);
        if (i !== undefined && this.#isMine(i)) this.#doubts.begin(key, now);
        break;
      case 'claim':
        this.#doubts.answer(key);
        this.#answeredOrphan(key, node);
        if (i !== undefined) this.#claimedBy(i, key, node, now);
        break;
      case 'decline':
        this.#declines.set(node, (this.#declines.get(node) ?? new Set()).add(key));
        break;
      case 'resume':
        this.#declines.get(node)?.delete(key);
        break;
      case 'received':
        break;
    }
  }

  /** Its owner agrees, or leaves and knows of nobody better. */
  #receive(i: number, key: AddressKey, from: string, now: number): void {
    const request = this.#requests.get(key);
    const isAsked = request?.of === from;
    if (isAsked) this.#requests.delete(key);
    if (this.#claims.has(key)) this.#say(from, 'claim', key);
    else if (isAsked && this.#isMine(i)) this.#claim(i, key, from, 'handover', now - request.since);
    else if (this.#isLeft(from) && this.#canAdopt(i, key)) this.#claim(i, key, from, 'handover');
    else this.#offers.set(key, { by: from, until: now + OFFER_MS });
  }

  /** Whether it goes on answering until somebody claims, and may own nothing any more. */
  #isLeft(node: string): boolean {
    const { live, reachable } = this.#standingOf(node);
    return reachable && !live;
  }

  /** It gives what it does not own, what it agrees about, and anything when its view is old. */
  #askedFor(i: number | undefined, key: AddressKey, by: string): void {
    const mayHave = i === undefined || !this.#claims.has(key) || this.#stale || this.#bestName(i) === by;
    if (!mayHave) this.#wanted.set(key, by);
    else this.#give(key, by);
  }

  #give(key: AddressKey, to: string): void {
    this.#wanted.delete(key);
    const isOwned = this.#claims.has(key);
    if (isOwned) this.#given.set(key, to);
    this.#say(to, isOwned ? 'give' : this.#isHeldBeside(key, to) ? 'held' : 'free', key);
  }

  /** Whether another than these two is known to answer for it. */
  #isHeldBeside(key: AddressKey, other: string): boolean {
    const holder = this.#holders.get(key);
    return holder !== undefined && holder !== other && holder !== this.#options.self && this.#mayOwn(holder, key);
  }

  /** One that leaves, or is only heard on the wire, may be gone the next moment. */
  #answeredOrphan(key: AddressKey, by: string | undefined): void {
    if (by !== undefined && this.#standingOf(by).live) this.#orphans.end(key);
    else this.#orphans.answer(key);
  }

  /** A member answers for the address. What an owner makes of it does not depend on whether it believes that the member lives. */
  #claimedBy(i: number, key: AddressKey, by: string, now: number): void {
    if (by === this.#options.self) return;
    if (!this.#claims.has(key)) {
      this.#holders.set(key, by);
      this.#offers.delete(key);
      if (this.#doubts.has(key) && this.#standingOf(by).live) this.#settleDoubt(key, now);
      return;
    }
    if (this.#handed.has(key)) return;
    const turn = this.#turnOn(i, key, by);
    if (turn === 'handover') this.#handOver(key, by, now + HAND_MS);
    else if (turn === 'contest') this.#contest(key, by, now);
    else if (turn === 'believe') this.#believe(key, by, now);
    else if (turn === 'yield') this.#yield(key, by, now);
    else this.#release(key, by, turn);
  }

  #handOver(key: AddressKey, to: string, at: number): void {
    this.#unsay('claim', key);
    this.#handed.set(key, { to, at });
    this.#effects.push({ kind: 'hush', keys: [key] });
  }

  #turnOn(i: number, key: AddressKey, by: string): 'handover' | 'claimed' | 'contest' | 'believe' | 'yield' {
    if (this.#given.get(key) === by) return 'handover';
    const best = this.#bestName(i);
    if (best !== this.#options.self) return best === by ? 'handover' : 'claimed';
    const { live, reachable, stale } = this.#standingOf(by);
    // One that is heard, and leaves or is not ready, says so itself; this frame is older.
    if (!live && reachable) return 'contest';
    const place = this.#ballot.nodes.indexOf(by);
    if (place !== -1 && this.#preference.isBefore(i, place, this.#self)) return live ? 'claimed' : 'believe';
    return this.#stale && !stale ? 'yield' : 'contest';
  }

  #contest(key: AddressKey, by: string, now: number): void {
    const claims = this.#contests.claimed(key, by, now);
    if (claims === 0) return;
    const isSplit = claims >= MOST_CLAIMS && this.#standingOf(by).live;
    const winner = isSplit ? winnerOf(key, this.#options.self, by) : this.#options.self;
    if (isSplit) this.#effects.push({ kind: 'split-view', key, with: by, winner });
    if (isSplit) this.#contests.over(key);
    if (winner !== by) {
      this.#effects.push({ kind: 'reclaim', keys: [key] });
      this.#say(by, 'claim', key);
    } else {
      this.#yield(key, by, now);
    }
  }

  /**
   * One that should own the address and is believed dead claims it. That may have been on its way when it died, and is contradicted;
   * if it claims again, it lives.
   */
  #believe(key: AddressKey, by: string, now: number): void {
    const claims = this.#contests.claimed(key, by, now);
    if (claims === 1) this.#effects.push({ kind: 'reclaim', keys: [key] }, { kind: 'ask', keys: [key] });
    if (claims < 2) return;
    this.#release(key, by, 'claimed');
    // It is not relied on: the wire is asked now and then.
    this.#doubts.begin(key, now);
  }

  #yield(key: AddressKey, to: string, now: number): void {
    this.#yielded.set(key, { to, until: now + YIELD_MS });
    this.#release(key, to, 'split-view');
  }

  /** Somebody who lives answers for what was in doubt. */
  #settleDoubt(key: AddressKey, now: number): void {
    this.#doubts.end(key);
    if (this.#lostByStall) this.#beginReturn(now);
    this.#lostByStall = false;
    this.#review(key, now);
  }

  #reviewAll(now: number): readonly OwnershipEffect[] {
    this.#preference = new Preference(this.#ballot, (node) => this.#standingOf(node), this.#declines);
    for (const key of [...this.#claims.keys()]) {
      if (!this.#entries.has(key)) this.#release(key, undefined, undefined);
    }
    for (const i of this.#ballot.keys.keys()) this.#reviewEntry(i, now);
    for (const key of this.#doubts.keys()) {
      const i = this.#entries.get(key);
      if (i === undefined || !this.#isMine(i)) this.#doubts.end(key);
    }
    this.#tellDeclines();
    return this.#finish(now);
  }

  #review(key: AddressKey, now: number): void {
    const i = this.#entries.get(key);
    if (i !== undefined) this.#reviewEntry(i, now);
  }

  #reviewEntry(i: number, now: number): void {
    const [key, on] = [this.#ballot.keys[i], this.#ballot.on[i]];
    if (key === undefined || on === undefined) return;
    const best = this.#preference.best(i);
    if (this.#claims.has(key)) this.#reviewOwned(i, key, on, best, now);
    else if (this.#isSelf(best)) this.#reviewWanted(i, key, on, now);
    else this.#reviewOthers(i, key, best, now);
  }

  #reviewOwned(i: number, key: AddressKey, on: On, best: number, now: number): void {
    this.#unanswerable.delete(key);
    const [isRanked, isMine] = [this.#isRanked(i), this.#isSelf(best)];
    const next = this.#nameOf(isMine ? this.#bestButSelf(i) : best);
    if (!this.#options.canAnswer(key, isRanked ? on : (this.#claims.get(key) ?? on))) {
      if (isMine) this.#unanswerable.add(key);
      this.#release(key, next, undefined);
    } else if (this.#handed.has(key)) {
      // The other has it already, or takes it.
      return;
    } else if (isMine) {
      this.#given.delete(key);
      this.#wanted.delete(key);
      if (!sameOn(this.#claims.get(key), on)) this.#claim(i, key, this.#options.self, undefined);
    } else if (!this.#mayStay(i, isRanked, next)) {
      this.#release(key, next, undefined);
    } else if (next !== undefined && this.#standingOf(next).stock) {
      this.#handOver(key, next, now + STOCK_MS);
    } else if (next !== undefined && this.#leaveBy !== undefined) {
      if (this.#given.get(key) !== next) this.#give(key, next);
    } else if (next !== undefined && this.#contests.isWith(key, next)) {
      // Perhaps it answers already, and was only contradicted because this node did not know better: then it says so.
      this.#contests.over(key);
      this.#give(key, next);
    } else if (next !== undefined && this.#wanted.get(key) === next) {
      // It answers until the other is heard; who asked before this node agreed, hears that it agrees.
      this.#give(key, next);
    }
  }

  /** Whether an owner that should own it no more goes on answering until the next is heard. */
  #mayStay(i: number, isRanked: boolean, next: string | undefined): boolean {
    return (isRanked || this.#ballot.stays[i] === 1) && (next !== undefined || this.#leaveBy !== undefined);
  }

  #reviewWanted(i: number, key: AddressKey, on: On, now: number): void {
    if (!this.#options.canAnswer(key, on)) {
      this.#unanswerable.add(key);
      this.#requests.delete(key);
      this.#presume(i, key, this.#bestButSelf(i), now);
      return;
    }
    this.#unanswerable.delete(key);
    if (this.#isWaiting(key)) return;
    const known = this.#holders.get(key);
    const holder = known ?? this.#standIn(i, now);
    if (known === undefined && this.#isDoubtful) {
      this.#doubts.begin(key, now);
    } else if (holder !== undefined && this.#canGive(holder, key)) {
      if (this.#requests.get(key)?.of === holder) return;
      this.#requests.set(key, { of: holder, since: now, until: now + AGREE_MS });
      this.#say(holder, 'take', key);
    } else {
      this.#claim(i, key, holder, undefined);
    }
  }

  /** Whether there is a reason not to claim what should be this node's, for now. */
  #isWaiting(key: AddressKey): boolean {
    if (this.#startedAt === undefined || this.#doubts.has(key) || this.#leaveBy !== undefined) return true;
    const yielded = this.#yielded.get(key);
    return yielded !== undefined && this.#standingOf(yielded.to).live;
  }

  /** Whether it may own the address and can be asked for it. */
  #canGive(holder: string, key: AddressKey): boolean {
    const { reachable, stock } = this.#standingOf(holder);
    return holder !== this.#options.self && this.#mayOwn(holder, key) && reachable && !stock;
  }

  #mayOwn(node: string, key: AddressKey): boolean {
    return this.#standingOf(node).live && this.#declines.get(node)?.has(key) !== true;
  }

  /** Whoever would own it without this node has perhaps stood in for it, when it has just started. */
  #standIn(i: number, now: number): string | undefined {
    if (this.#startedAt === undefined || now - this.#startedAt > START_MS) return undefined;
    const next = this.#nameOf(this.#bestButSelf(i));
    return next !== undefined && this.#standingOf(next).reachable ? next : undefined;
  }

  #reviewOthers(i: number, key: AddressKey, best: number, now: number): void {
    this.#unanswerable.delete(key);
    this.#requests.delete(key);
    const offer = this.#offers.get(key);
    if (offer !== undefined && this.#isLeft(offer.by) && now < offer.until && this.#canAdopt(i, key))
      this.#claim(i, key, offer.by, 'handover');
    else this.#presume(i, key, best, now);
  }

  /** Who was heard to own it does, while it lives and nobody else comes before it; else everybody concludes that the best does. */
  #presume(i: number, key: AddressKey, best: number, now: number): void {
    const [holder, next] = [this.#holders.get(key), this.#nameOf(best)];
    const isSame = this.#presumed.get(key) === next;
    this.#presumed.set(key, next);
    if (holder === next || (isSame && holder !== undefined && this.#mayOwn(holder, key))) return;
    if (next === undefined) this.#holders.delete(key);
    else this.#holders.set(key, next);
    if (holder === undefined || this.#mayOwn(holder, key)) return;
    // The next owner has to be heard in his time.
    if (next === undefined || this.#self === -1 || !isEntryNear(this.#ballot, i, this.#self)) return;
    const turn = this.#preference.turnOf(i, this.#self);
    if (turn > 0) this.#orphans.begin(key, now + turn * TURN_MS);
  }

  /** Nobody has claimed it in his time, and nobody answers. */
  #adopt(key: AddressKey): void {
    const i = this.#entries.get(key);
    if (i === undefined || this.#claims.has(key) || !this.#canAdopt(i, key)) return;
    this.#claim(i, key, this.#holders.get(key), 'orphan');
  }

  /** Whether this node may answer for the address, if nobody better does. */
  #canAdopt(i: number, key: AddressKey): boolean {
    const on = this.#ballot.on[i];
    if (on === undefined || !this.#isRanked(i) || this.#startedAt === undefined) return false;
    return this.#standingOf(this.#options.self).live && this.#options.canAnswer(key, on);
  }

  #claim(i: number, key: AddressKey, from: string | undefined, cause: MoveCause | undefined, tookMs?: number): void {
    const on = this.#ballot.on[i];
    if (on === undefined) return;
    const { self } = this.#options;
    this.#claims.set(key, on);
    this.#handed.delete(key);
    this.#holders.set(key, self);
    this.#requests.delete(key);
    this.#offers.delete(key);
    this.#doubts.end(key);
    this.#orphans.end(key);
    this.#yielded.delete(key);
    this.#effects.push({ kind: 'claim', keys: [key] });
    this.#moves.push({
      key,
      to: self,
      ...(from === undefined ? {} : { from }),
      ...(cause === undefined ? {} : { cause }),
      ...(tookMs === undefined ? {} : { tookMs }),
    });
    // Where it is not known who held it, he hears of it as well: perhaps only the wire between them is cut.
    const told = from === undefined ? this.#rankedIn(i) : [from];
    for (const node of told) {
      if (node !== self && this.#standingOf(node).reachable && !this.#standingOf(node).stock) this.#say(node, 'claim', key);
    }
  }

  #release(key: AddressKey, to: string | undefined, cause: MoveCause | undefined): void {
    if (!this.#claims.delete(key)) return;
    this.#handed.delete(key);
    this.#unsay('claim', key);
    this.#given.delete(key);
    this.#wanted.delete(key);
    this.#contests.over(key);
    if (to === undefined) this.#holders.delete(key);
    else this.#holders.set(key, to);
    this.#effects.push({ kind: 'release', keys: [key] });
    const ends = { key, from: this.#options.self, ...(to === undefined ? {} : { to }) };
    this.#moves.push({ ...ends, ...(cause === undefined ? {} : { cause }) });
  }

  /** The address is in no table any more. */
  #forget(key: AddressKey): void {
    this.#release(key, undefined, undefined);
    this.#holders.delete(key);
    this.#presumed.delete(key);
    this.#requests.delete(key);
    this.#wanted.delete(key);
    this.#offers.delete(key);
    this.#yielded.delete(key);
    this.#unanswerable.delete(key);
    this.#doubts.end(key);
    this.#orphans.end(key);
    this.#contests.over(key);
    this.#defended.delete(key);
  }

  /** Tells the next two in line what they have to take over, because this node cannot announce it, and what not any more. */
  #tellDeclines(): void {
    const wanted = new Map<string, Set<AddressKey>>();
    for (const key of this.#unanswerable) {
      const i = this.#entries.get(key);
      if (i === undefined) continue;
      const first = this.#bestButSelf(i);
      const second = this.#preference.best(i, (place) => place === this.#self || place === first);
      for (const name of [this.#nameOf(first), this.#nameOf(second)]) {
        if (name === undefined || this.#standingOf(name).stock) continue;
        wanted.set(name, (wanted.get(name) ?? new Set()).add(key));
      }
    }
    for (const name of new Set([...wanted.keys(), ...this.#toldDeclines.keys()])) {
      // One that is not heard is told when it is.
      if (this.#standingOf(name).reachable) this.#tellDeclinesTo(name, wanted.get(name) ?? new Set());
    }
  }

  #tellDeclinesTo(name: string, now: ReadonlySet<AddressKey>): void {
    const told = this.#toldDeclines.get(name) ?? new Map<AddressKey, 'decline' | 'resume'>();
    const tell = (kind: 'decline' | 'resume', key: AddressKey): void => {
      told.set(key, kind);
      this.#say(name, kind, key);
    };
    for (const key of now) if (told.get(key) !== 'decline') tell('decline', key);
    for (const [key, kind] of told) if (kind === 'decline' && !now.has(key)) tell('resume', key);
    this.#toldDeclines.set(name, told);
  }

  /** Whoever was not heard may have claimed the same; where the wire was cut as well, he does not know what this node answers for. */
  #introduce(peer: string): void {
    if (peer === this.#options.self || this.#standingOf(peer).stock || this.#leaveBy !== undefined) return;
    for (const key of this.#claims.keys()) this.#say(peer, 'claim', key);
    // What was under way to it was dropped, and it may remember what was before.
    const told = this.#toldDeclines.get(peer);
    for (const key of told?.keys() ?? []) {
      const kind = this.#unanswerable.has(key) ? 'decline' : 'resume';
      told?.set(key, kind);
      this.#say(peer, kind, key);
    }
  }

  /** What was said between this node and that one: another life of it will not know. */
  #forgetNode(name: string): void {
    this.#declines.delete(name);
    this.#toldDeclines.delete(name);
  }

  #beginReturn(now: number): void {
    const { failbackMs } = this.#options;
    if (failbackMs === 0 || this.#hasStock()) return;
    if (this.#returningUntil === undefined) this.#effects.push({ kind: 'returning', returning: true });
    this.#returningUntil = now + failbackMs;
    this.#regrade();
  }

  #endReturn(): void {
    this.#returningUntil = undefined;
    this.#effects.push({ kind: 'returning', returning: false });
  }

  #regrade(): void {
    this.#preference = new Preference(this.#ballot, (node) => this.#standingOf(node), this.#declines);
  }

  #hasStock(): boolean {
    for (const { stock, live } of this.#standings.values()) if (stock && live) return true;
    return false;
  }

  /** Whether another serves the cluster that did not come back a short time ago. */
  #hasServing(): boolean {
    for (const [name, { live, returning }] of this.#standings) if (name !== this.#options.self && live && !returning) return true;
    return false;
  }

  #standingOf(node: string): Standing {
    const standing = this.#standings.get(node) ?? ABSENT;
    if (node !== this.#options.self) return standing;
    return { ...standing, live: standing.live && this.#leaveBy === undefined, returning: this.isReturning };
  }

  #isMine(i: number): boolean {
    const on = this.#ballot.on[i];
    const key = this.#ballot.keys[i];
    if (on === undefined || key === undefined || this.#self === -1 || this.#startedAt === undefined) return false;
    return this.#preference.best(i) === this.#self && this.#options.canAnswer(key, on);
  }

  #rankedIn(i: number): readonly string[] {
    const { rankings, ends, nodes } = this.#ballot;
    return Array.from(rankings.subarray(beginOf(ends, i), ends[i]), (place) => nodes[place] ?? '');
  }

  /** A node that is in no ranking is nobody's best, not even where nobody is. */
  #isSelf = (place: number): boolean => place !== -1 && place === this.#self;
  #isRanked = (i: number): boolean => this.#self !== -1 && !this.#preference.isUnranked(i, this.#self);
  #bestName = (i: number): string | undefined => this.#nameOf(this.#preference.best(i));
  #bestButSelf = (i: number): number => this.#preference.best(i, (place) => place === this.#self);
  #nameOf = (place: number): string | undefined => this.#ballot.nodes[place];

  #say(to: string, kind: WordKind, key: AddressKey): void {
    const known = this.#words.get(`${kind} ${to}`);
    if (known === undefined) this.#words.set(`${kind} ${to}`, new Set([key]));
    else known.add(key);
  }

  /** What is said no more, whether it went out or not. */
  #unsay(kind: WordKind, key: AddressKey): void {
    for (const [line, keys] of this.#words) if (line.startsWith(`${kind} `)) keys.delete(key);
    this.#courier.unsay(kind, key);
  }

  /** What was said of many addresses goes out together. */
  #finish(now: number): readonly OwnershipEffect[] {
    for (const [line, keys] of this.#words) {
      const [kind = '', to = ''] = line.split(' ', 2);
      this.#courier.say(to, kind as WordKind, keys);
    }
    this.#words.clear();
    for (const sent of this.#courier.due(now)) this.#effects.push({ kind: 'send', sent });
    if (this.#moves.length > 0) this.#effects.push({ kind: 'moved', moves: this.#moves });
    const effects = joined(this.#effects);
    this.#effects = [];
    this.#moves = [];
    return effects;
  }
}

/** Who could be talked to `before`, and cannot be now. */
function unreachableOf(before: ReadonlyMap<string, Standing>, now: ReadonlyMap<string, Standing>): readonly string[] {
  const lost: string[] = [];
  for (const [name, { reachable }] of before) if (reachable && now.get(name)?.reachable !== true) lost.push(name);
  return lost;
}

/** Claims and releases of many addresses are one effect each, in the order in which they were decided. */
type Joint = 'claim' | 'reclaim' | 'hush' | 'release';
const isJoint = (effect: OwnershipEffect): effect is Extract<OwnershipEffect, { readonly kind: Joint }> =>
  effect.kind === 'claim' || effect.kind === 'reclaim' || effect.kind === 'hush' || effect.kind === 'release';

function joined(effects: readonly OwnershipEffect[]): readonly OwnershipEffect[] {
  const result: OwnershipEffect[] = [];
  let [open, keys]: [Joint | undefined, AddressKey[]] = [undefined, []];
  const close = (): void => {
    if (open !== undefined) result.push({ kind: open, keys });
    [open, keys] = [undefined, []];
  };
  for (const effect of effects) {
    if (isJoint(effect)) {
      if (open !== effect.kind) close();
      open = effect.kind;
      keys.push(...effect.keys);
    } else {
      close();
      result.push(effect);
    }
  }
  close();
  return result;
}

function sameOn(a: On | undefined, b: On): boolean {
  if (a === b) return true;
  if (a === undefined || a === 'all' || b === 'all') return false;
  return a.size === b.size && [...a].every((name) => b.has(name));
}
