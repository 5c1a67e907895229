/**
 * When gratuitous frames are sent, and in which order when there are too many for their {@link FrameBudget}.
 *
 * An address that is announced is sent a round at once and one each 1.1 s until 5 s later: five (metallb-behaviour §4.9). After
 * that it is refreshed, a round a minute, until it is released. A round is a request and a reply for IPv4, one unsolicited
 * neighbour advertisement for IPv6. Where the budget is short, rounds come later: never closer than 1.1 s, and none is lost.
 *
 * What is due goes out by stage, over all addresses that share an interface:
 *
 * 1. first frames, the newest announcement before older ones. The first reply follows its request at once when all that wait
 *    for their first frames, both counted, fit into one batch of the budget (30 addresses at 6,000 frames/s). When more wait,
 *    this is a pass of requests only;
 * 2. first replies owed by such a pass, in the same order;
 * 3. further rounds, the longest due first;
 * 4. refreshes, the longest due first.
 *
 * Deterministic, with time as a parameter. A step costs O(frames · log addresses), and what it is told O(told · log addresses);
 * both times the number of distinct interface sets, which are few.
 */
import type { AddressKey } from '../net/address.js';
import type { On } from './ballot.js';
import { UNQUEUED } from './duequeue.js';
import { FrameBudget } from './framebudget.js';
import { isMoreUrgent, Lane, type Staged } from './lane.js';
import { refreshAt } from './refresh.js';

export interface GratuitousTiming {
  /** Between rounds of one address, at least. More than a second: Linux ignores a second change of a neighbour within that (`locktime`). */
  readonly intervalMs: number;
  /** From the last announcement to the end of the rounds. */
  readonly durationMs: number;
  /** On each interface, in any second. 10 or more. */
  readonly framesPerSecond: number;
  /** Between refreshes of one address. Undefined or 0: none. */
  readonly refreshMs: number | undefined;
}

export const GRATUITOUS_TIMING: GratuitousTiming = {
  intervalMs: 1100,
  durationMs: 5000,
  framesPerSecond: 6000,
  refreshMs: 60_000,
};

export type GratuitousInput =
  /** Starts rounds; for an address whose rounds run, moves their end and takes over the interfaces, keeping the rhythm. */
  | { readonly kind: 'announce'; readonly claims: Iterable<readonly [AddressKey, On]> }
  /** Ends everything: not one more frame. Addresses that are not announced may be among them. */
  | { readonly kind: 'release'; readonly keys: Iterable<AddressKey> }
  | { readonly kind: 'time' };

export interface GratuitousFrame {
  readonly key: AddressKey;
  readonly operation: 'request' | 'reply' | 'advertisement';
  /** As announced. It goes to those that were open in this step. */
  readonly on: On;
  readonly kind: 'first' | 'round' | 'refresh';
}

export interface GratuitousStep {
  /** To be sent now, in this order: no more than one batch of the budget on each interface. */
  readonly due: readonly GratuitousFrame[];
  /** When to come again with `time`, later than now; undefined: nothing is to come on the interfaces that are open. */
  readonly wakeAt: number | undefined;
}

/** An address that is announced. `at` is when it is due; before its first round is complete, the newer announcement is less. */
interface Owned extends Staged {
  readonly key: AddressKey;
  on: On;
  /** Where it is queued. */
  lane: Lane<Owned>;
  /** Rounds still to be sent, before refreshes. */
  left: number;
  /** When its last round was complete. */
  sentAt: number;
  /** Its first reply follows the request at once. */
  isPaired: boolean;
}

/** A lane that is open at present, and where. */
interface Way {
  readonly lane: Lane<Owned>;
  readonly interfaces: readonly string[];
}

export class Gratuitous {
  readonly #timing: GratuitousTiming;
  readonly #budget: FrameBudget;
  readonly #owned = new Map<AddressKey, Owned>();
  /** By {@link laneName}. */
  readonly #lanes = new Map<string, { readonly on: On; readonly lane: Lane<Owned> }>();
  #announcements = 0;
  #begun = 0;

  constructor(timing: GratuitousTiming = GRATUITOUS_TIMING) {
    this.#timing = timing;
    this.#budget = new FrameBudget(timing.framesPerSecond);
  }

  /**
   * `now` is in milliseconds of a monotonic clock. `open` names the interfaces that can send: an address without any of them
   * waits, and loses no round. One that opens is told of at the next round; who wants that sooner announces again.
   */
  step(input: GratuitousInput, now: number, open: ReadonlySet<string>): GratuitousStep {
    if (input.kind === 'announce') this.#announce(input.claims, now);
    else if (input.kind === 'release') for (const key of input.keys) this.#release(key);
    return this.#send(now, this.#ways(open));
  }

  #announce(claims: Iterable<readonly [AddressKey, On]>, now: number): void {
    this.#announcements++;
    const begun: Owned[] = [];
    for (const [key, on] of claims) {
      const lane = this.#laneOf(on);
      const owned = this.#owned.get(key) ?? newlyOwned(key, on, lane);
      this.#owned.set(key, owned);
      owned.lane.take(owned);
      [owned.on, owned.lane] = [on, lane];
      if (this.#rearm(owned, now)) begun.push(owned);
      lane.put(owned);
    }
    const waiting = [...this.#lanes.values()].reduce((sum, { lane }) => sum + lane.size('first'), 0);
    for (const owned of begun) owned.isPaired = waiting * PAIR.length <= this.#budget.batch;
  }

  /** Whether it begins anew. If not, its rounds run: what comes next stays what it is, and only their number changes. */
  #rearm(owned: Owned, now: number): boolean {
    const { intervalMs, durationMs } = this.#timing;
    const earliest = Math.max(now, owned.sentAt + intervalMs);
    // Never fewer than were left: what is late is still owed, and the end only moves away.
    owned.left = Math.floor((now + durationMs - earliest) / intervalMs) + 1;
    if (owned.stage === 'first' || owned.stage === 'reply' || owned.stage === 'round') return false;
    if (earliest > now) {
      [owned.stage, owned.at] = ['round', earliest];
      return false;
    }
    [owned.stage, owned.at, owned.order] = ['first', -this.#announcements, this.#begun++];
    return true;
  }

  #release(key: AddressKey): void {
    const owned = this.#owned.get(key);
    if (owned === undefined) return;
    owned.lane.take(owned);
    this.#owned.delete(key);
  }

  #send(now: number, ways: Set<Way>): GratuitousStep {
    const due: GratuitousFrame[] = [];
    const held = new Set<string>();
    let wakeAt = Number.POSITIVE_INFINITY;
    for (;;) {
      const next = mostUrgent(ways, now);
      if (next === undefined) break;
      const { owned, way } = next;
      const operations = operationsOf(owned);
      const isHeld = way.interfaces.some((name) => held.has(name));
      if (!isHeld && this.#budget.readyAt(way.interfaces, operations.length) <= now) {
        this.#budget.spend(way.interfaces, operations.length, now);
        const kind = owned.stage === 'round' || owned.stage === 'refresh' ? owned.stage : 'first';
        for (const operation of operations) due.push({ key: owned.key, operation, on: owned.on, kind });
        this.#advance(owned, now);
        continue;
      }
      // Whoever waits for one interface holds its others too: a less urgent one could keep it waiting for ever.
      for (const name of way.interfaces) held.add(name);
      ways.delete(way);
      // Half a batch at a time: fewer wake-ups, and a caller late by the other half loses nothing.
      const frames = Math.max(operations.length, Math.ceil(this.#budget.batch / 2));
      if (!isHeld) wakeAt = Math.min(wakeAt, this.#budget.readyAt(way.interfaces, frames));
    }
    for (const { lane } of ways) wakeAt = Math.min(wakeAt, lane.nextAt());
    return { due, wakeAt: wakeAt === Number.POSITIVE_INFINITY ? undefined : wakeAt };
  }

  /** What was due of `owned` has been sent. */
  #advance(owned: Owned, now: number): void {
    const isHalf = owned.stage === 'first' && operationsOf(owned) === REQUEST;
    owned.lane.take(owned);
    if (isHalf) {
      owned.stage = 'reply';
    } else {
      owned.sentAt = now;
      owned.left = Math.max(0, owned.left - 1);
      // Counted from now, not from when it was due: a late round must not bring the next one too close.
      const earliest = now + this.#timing.intervalMs;
      const { refreshMs = 0 } = this.#timing;
      if (owned.left > 0) [owned.stage, owned.at] = ['round', earliest];
      else if (refreshMs > 0) [owned.stage, owned.at] = ['refresh', refreshAt(owned.key, refreshMs, earliest)];
      else owned.stage = undefined;
    }
    owned.lane.put(owned);
  }

  #laneOf(on: On): Lane<Owned> {
    const name = laneName(on);
    const lane = this.#lanes.get(name)?.lane ?? new Lane<Owned>();
    this.#lanes.set(name, { on, lane });
    return lane;
  }

  /** Lanes with an open interface. Those that are empty are forgotten. */
  #ways(open: ReadonlySet<string>): Set<Way> {
    const ways = new Set<Way>();
    for (const [name, { on, lane }] of this.#lanes) {
      if (lane.isEmpty) {
        this.#lanes.delete(name);
        continue;
      }
      const interfaces = on === 'all' ? [...open] : [...on].filter((each) => open.has(each));
      if (interfaces.length > 0) ways.add({ lane, interfaces });
    }
    return ways;
  }
}

type Operation = GratuitousFrame['operation'];
const REQUEST: readonly Operation[] = ['request'];
const REPLY: readonly Operation[] = ['reply'];
const PAIR: readonly Operation[] = ['request', 'reply'];
const ADVERTISEMENT: readonly Operation[] = ['advertisement'];

/** The frames that go out together. */
function operationsOf({ key, stage, isPaired }: Owned): readonly Operation[] {
  if (typeof key === 'string') return ADVERTISEMENT;
  if (stage === 'reply') return REPLY;
  return stage === 'first' && !isPaired ? REQUEST : PAIR;
}

const newlyOwned = (key: AddressKey, on: On, lane: Lane<Owned>): Owned => ({
  key,
  on,
  lane,
  stage: undefined,
  left: 0,
  sentAt: Number.NEGATIVE_INFINITY,
  isPaired: false,
  at: 0,
  order: 0,
  slot: UNQUEUED,
});

/** What goes first of all that is due in those lanes. */
function mostUrgent(ways: Iterable<Way>, now: number): { readonly owned: Owned; readonly way: Way } | undefined {
  let best: { readonly owned: Owned; readonly way: Way } | undefined;
  for (const way of ways) {
    const owned = way.lane.due(now);
    if (owned !== undefined && (best === undefined || isMoreUrgent(owned, best.owned))) best = { owned, way };
  }
  return best;
}

/** Equal for equal sets. A name of an interface has no slash. */
const laneName = (on: On): string => (on === 'all' ? '/' : [...on].sort().join('/'));
