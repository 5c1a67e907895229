/**
 * Which addresses this node answers for, and why: the table met with who lives, and with what nodes say to each other and on the
 * wire. At most one node answers for an address, and during a planned move never none: who is to give an address up goes on
 * answering until it hears that the other answers.
 *
 * It has a life, so it is a class; all the same it is pure: inputs and times go in, effects come out, nothing else happens.
 */
import type { Ballot, On } from '../layer2/ballot.js';
import type { Claims } from '../layer2/claims.js';
import type { BootId } from '../membership/beat.js';
import type { AddressKey } from '../net/address.js';
import { CompetingClaims } from './competingclaims.js';
import { Contests } from './contests.js';
import { Courier } from './courier.js';
import { Declines } from './declines.js';
import { BRIEF_MS, Doubts } from './doubts.js';
import { Effects, type OwnershipEffect } from './effects.js';
import { Election } from './election.js';
import { Handovers } from './handovers.js';
import { type Claimant, Hearing } from './hearing.js';
import { Holders } from './holders.js';
import { Life } from './life.js';
import { Orphans } from './orphans.js';
import { Outbox } from './outbox.js';
import { OwnClaims } from './ownclaims.js';
import type { Standing } from './preference.js';
import { Review } from './review.js';
import { type ConflictPolicy, StrangerClaims } from './strangerclaims.js';
import type { Word } from './word.js';
import { Yielded } from './yielded.js';

export interface OwnershipOptions {
  readonly self: string;
  readonly bootId: BootId;
  /** How long a node that came back owns only what nobody else may; infinity: until the others are gone. */
  readonly failbackMs: number;
  readonly onConflict: ConflictPolicy;
  /** Whether this node has an interface among `on` that can answer for the address at present. */
  readonly canAnswer: (key: AddressKey, on: On) => boolean;
}

export class Ownership {
  readonly #failbackMs: number;
  readonly #effects = new Effects();
  readonly #courier: Courier;
  readonly #outbox: Outbox;
  readonly #life = new Life();
  readonly #election: Election;
  readonly #holders: Holders;
  readonly #claims: OwnClaims;
  readonly #handovers: Handovers;
  readonly #contests = new Contests();
  readonly #yielded = new Yielded();
  readonly #declines: Declines;
  readonly #doubts = new Doubts();
  readonly #orphans: Orphans;
  readonly #strangers: StrangerClaims;
  readonly #hearing: Hearing;
  readonly #review: Review;
  /** What is in doubt because this node stood still; once it is not, whatever ended that, a later doubt has another cause. */
  readonly #lostByStall = new Set<AddressKey>();

  constructor({ self, bootId, failbackMs, onConflict, canAnswer }: OwnershipOptions) {
    this.#failbackMs = failbackMs;
    this.#courier = new Courier(self, bootId);
    this.#outbox = new Outbox(this.#courier);
    const [life, outbox, effects] = [this.#life, this.#outbox, this.#effects];
    const [contests, yielded, doubts] = [this.#contests, this.#yielded, this.#doubts];
    const election = new Election({ self, life, canAnswer });
    const holders = new Holders(election);
    const claims = new OwnClaims({
      ...{ election, holders, outbox, effects },
      onClaim: (key) => {
        this.#handovers.claimed(key);
        doubts.end(key);
        this.#orphans.end(key);
        yielded.end(key);
      },
      onRelease: (key) => {
        this.#handovers.released(key);
        contests.over(key);
      },
    });
    const handovers = new Handovers({ election, claims, holders, outbox, effects });
    const orphans = new Orphans({ election, claims, holders, effects });
    const declines = new Declines(election, outbox);
    const strangers = new StrangerClaims({ onConflict, life, election, claims, handovers, doubts, effects });
    const competing = new CompetingClaims({ election, claims, handovers, contests, yielded, doubts, outbox, effects });
    const parts = { election, claims, holders, handovers, doubts, orphans };
    this.#review = new Review({ ...parts, life, contests, yielded, declines, canAnswer });
    this.#hearing = new Hearing({
      ...{ ...parts, competing, strangers },
      onSettled: (key, now) => this.#settled(key, now),
    });
    this.#election = election;
    this.#holders = holders;
    this.#claims = claims;
    this.#handovers = handovers;
    this.#orphans = orphans;
    this.#declines = declines;
    this.#strangers = strangers;
  }

  /** What this node answers for. It changes in place. */
  get claims(): Claims {
    return this.#claims.all;
  }

  /** Who owns each address, as far as this node knows. */
  get holders(): ReadonlyMap<AddressKey, string> {
    return this.#holders.known;
  }

  /** Whether the death of `peer` would be this node's business first, for some address. */
  isNextAfter(peer: string): boolean {
    for (const [key, holder] of this.#holders.known) {
      const i = holder === peer ? this.#election.entries.get(key) : undefined;
      if (i !== undefined && this.#election.isNextAfter(i, peer)) return true;
    }
    return false;
  }

  /** What should be this node's, and it has no interface for. */
  get unanswerable(): ReadonlySet<AddressKey> {
    return this.#declines.unanswerable;
  }

  /** Addresses of which every claim by anybody has to be told: those in doubt, and those that this node may soon have to ask for. */
  isListening(key: AddressKey): boolean {
    if (this.#doubts.has(key) || this.#orphans.has(key)) return true;
    const i = this.#election.entries.get(key);
    return i !== undefined && this.#election.isNear(i);
  }

  /** Where the address is announced, as the table tells; undefined: it is in none. */
  onOf(key: AddressKey): On | undefined {
    return this.#election.ballot.on[this.#election.entries.get(key) ?? -1];
  }

  /** Where this node answers for the address, or would if nobody else did. */
  concernOf(key: AddressKey): On | undefined {
    return this.claims.get(key) ?? (this.#doubts.has(key) ? this.onOf(key) : undefined);
  }

  get isReturning(): boolean {
    return this.#life.isReturning;
  }

  /** Whether a leaving node has nothing to wait for any more. */
  isGone(now: number): boolean {
    if (!this.#life.isLeaving) return false;
    if (this.#life.isOver(now)) return true;
    for (const key of this.claims.keys()) {
      const i = this.#election.entries.get(key);
      if (i !== undefined && this.#election.best(i) !== -1) return false;
    }
    return true;
  }

  /** When to call `tick`. */
  get wakeAt(): number {
    return Math.min(
      this.#courier.wakeAt,
      this.#doubts.wakeAt,
      this.#orphans.wakeAt,
      this.#handovers.wakeAt,
      this.#yielded.wakeAt,
      this.#life.wakeAt,
    );
  }

  /** Another table; `stale` when the view it comes from knows that it is old. */
  setTable(ballot: Ballot, stale: boolean, now: number): readonly OwnershipEffect[] {
    // What it yielded because others knew better, it may have back when it knows as well.
    if (this.#election.isStale && !stale) this.#yielded.endAll();
    const before = this.#election.entries;
    this.#election.setTable(ballot, stale);
    for (const key of before.keys()) if (!this.#election.entries.has(key)) this.#forget(key);
    return this.#reviewAll(now);
  }

  /** Who the nodes are now, this one too; one that is missing is gone. */
  setStandings(standings: ReadonlyMap<string, Standing>, now: number): readonly OwnershipEffect[] {
    const before = this.#election.standings;
    const [lost, met] = [unreachableOf(before, standings), unreachableOf(standings, before)];
    for (const name of lost) this.#courier.forget(name);
    for (const name of before.keys()) if (!standings.has(name)) this.#forgetNode(name);
    this.#election.setStandings(standings);
    for (const name of met) this.#introduce(name);
    if (this.#life.isReturning && (this.#election.hasStock() || !this.#election.hasServing())) this.#endReturn();
    return this.#reviewAll(now);
  }

  /** The peer lives another life: it remembers nothing of what was said. */
  restarted(peer: string, now: number): readonly OwnershipEffect[] {
    this.#courier.forget(peer);
    this.#forgetNode(peer);
    this.#holders.forgetNode(peer);
    return this.#reviewAll(now);
  }

  /**
   * The start is over. `isDoubtful`: some peer of the list was not heard. `isReturn`: others serve the cluster already, so this
   * node has time.
   */
  started({ isDoubtful, isReturn }: { isDoubtful: boolean; isReturn: boolean }, now: number): readonly OwnershipEffect[] {
    if (this.#life.isStarted) return [];
    this.#life.start(now, isDoubtful);
    if (isReturn) this.#beginReturn(now);
    return this.#reviewAll(now);
  }

  /** Every peer of the list was heard. */
  endDoubt(now: number): readonly OwnershipEffect[] {
    if (!this.#life.isDoubtful) return [];
    this.#life.endDoubt();
    return this.#reviewAll(now);
  }

  /** Interfaces can be answered on that could not be, or cannot any more. */
  review(now: number): readonly OwnershipEffect[] {
    return this.#reviewAll(now);
  }

  /** This node stood still for longer than others wait: they may have taken over. */
  stalled(now: number): readonly OwnershipEffect[] {
    if (this.#election.standings.size <= 1) return [];
    for (const key of [...this.claims.keys()]) {
      this.#claims.release(key, undefined, 'stall');
      this.#doubts.begin(key, now, BRIEF_MS);
      this.#lostByStall.add(key);
    }
    return this.#finish(now);
  }

  /** Gives everything to others, and goes on answering until they have it. */
  leave(now: number): readonly OwnershipEffect[] {
    this.#life.leave(now);
    return this.#reviewAll(now);
  }

  hearWord(word: Word, now: number): readonly OwnershipEffect[] {
    const { news, answer } = this.#courier.receive(word);
    if (answer !== undefined) this.#effects.add({ kind: 'send', sent: answer });
    if (news) for (const key of word.keys) this.#hearing.word(word, key, now);
    if (news && (word.kind === 'decline' || word.kind === 'resume')) return this.#reviewAll(now);
    return this.#finish(now);
  }

  /** Somebody answers for the address on the wire, or says that he does. */
  hearClaim(key: AddressKey, claimant: Claimant, now: number): readonly OwnershipEffect[] {
    this.#hearing.claim(key, claimant, now);
    return this.#finish(now);
  }

  /** A host that is no member, as far as is known, claims an address of this node. */
  strangerClaims(key: AddressKey, now: number): readonly OwnershipEffect[] {
    if (!this.#strangers.isConflict(key, now)) return [];
    this.#strangers.conflict(key, now);
    return this.#finish(now);
  }

  tick(now: number): readonly OwnershipEffect[] {
    if (this.#life.isReturnOver(now)) {
      this.#endReturn();
      return this.#reviewAll(now);
    }
    this.#handovers.tick(now);
    for (const key of this.#yielded.over(now)) this.#review.one(key, now);
    for (const [key, to] of this.#handovers.due(now)) {
      this.#claims.release(key, to, 'handover');
      // An old view that gave it does not ask for it back before it is new.
      if (this.#election.isStale) this.#yielded.begin(key, to, now);
      // What it should own may be another since it heard the other.
      this.#review.one(key, now);
    }
    this.#tickDoubts(now);
    this.#orphans.tick(now);
    return this.#finish(now);
  }

  #tickDoubts(now: number): void {
    if (this.#doubts.wakeAt > now) return;
    const { ask, silent } = this.#doubts.step(now);
    if (ask.length > 0) this.#effects.add({ kind: 'ask', keys: ask });
    for (const key of silent) {
      const i = this.#election.entries.get(key);
      if (i !== undefined && this.#election.isMine(i)) this.#claims.claim(i, key, undefined);
    }
  }

  /** Somebody who lives answers for what was in doubt. */
  #settled(key: AddressKey, now: number): void {
    this.#doubts.end(key);
    if (this.#lostByStall.has(key)) {
      this.#lostByStall.clear();
      this.#beginReturn(now);
    }
    this.#review.one(key, now);
  }

  #reviewAll(now: number): readonly OwnershipEffect[] {
    this.#review.all(now);
    return this.#finish(now);
  }

  /** The address is in no table any more. */
  #forget(key: AddressKey): void {
    this.#claims.release(key, undefined);
    this.#holders.forget(key);
    this.#handovers.forget(key);
    this.#yielded.end(key);
    this.#declines.end(key);
    this.#doubts.end(key);
    this.#orphans.end(key);
    this.#contests.over(key);
    this.#strangers.forget(key);
  }

  /** Whoever was not heard may have claimed the same; where the wire was cut as well, he does not know what this node answers for. */
  #introduce(peer: string): void {
    if (peer === this.#election.self || this.#election.standingOf(peer).stock || this.#life.isLeaving) return;
    for (const key of this.claims.keys()) this.#outbox.say(peer, 'claim', key);
    this.#declines.retell(peer);
  }

  /** What was said between this node and that one: another life of it will not know. */
  #forgetNode(name: string): void {
    this.#election.forgetNode(name);
    this.#declines.forgetNode(name);
  }

  #beginReturn(now: number): void {
    if (this.#failbackMs === 0 || this.#election.hasStock()) return;
    if (!this.#life.isReturning) this.#effects.add({ kind: 'returning', returning: true });
    this.#life.beginReturn(now + this.#failbackMs);
    this.#election.regrade();
  }

  #endReturn(): void {
    this.#life.endReturn();
    this.#effects.add({ kind: 'returning', returning: false });
  }

  /** What was said of many addresses goes out together, after every input. */
  #finish(now: number): readonly OwnershipEffect[] {
    for (const key of this.#lostByStall) if (!this.#doubts.has(key)) this.#lostByStall.delete(key);
    for (const sent of this.#outbox.due(now)) this.#effects.add({ kind: 'send', sent });
    return this.#effects.take();
  }
}

/** Who could be talked to `before`, and cannot be now. */
function unreachableOf(before: ReadonlyMap<string, Standing>, now: ReadonlyMap<string, Standing>): readonly string[] {
  const lost: string[] = [];
  for (const [name, { reachable }] of before) if (reachable && now.get(name)?.reachable !== true) lost.push(name);
  return lost;
}
