/**
 * When gratuitous frames are sent (metallb-behaviour §4.9): a round at once and one each 1.1 s, until 5 s after the address
 * was last announced. Five rounds for one announcement; a round is a request, then a reply, on each of its interfaces.
 *
 * Pure, and batched: announce, release and time each cost one pass over the addresses that are being sent, so announcing
 * 5,000 addresses is one call, not 5,000.
 */
import type { Ipv4 } from '../net/address.js';
import type { On } from './claims.js';

export interface GratuitousTiming {
  /** Between rounds. More than a second, because Linux ignores a second change of a neighbour within that (`locktime`). */
  readonly intervalMs: number;
  /** From the last announcement to the end of the rounds. */
  readonly durationMs: number;
  /** Rounds given out at once, at most. The rest follow at the same `now`, so that answers can be sent in between. */
  readonly batch: number;
}

export const GRATUITOUS_TIMING: GratuitousTiming = { intervalMs: 1100, durationMs: 5000, batch: 256 };

/** Addresses whose rounds are not over. In the order they were announced in. */
export interface Gratuitous {
  readonly running: ReadonlyMap<Ipv4, Rounds>;
}

interface Rounds {
  readonly on: On;
  /** The next round, in milliseconds of the injected clock. */
  readonly dueAt: number;
  /** No round after this. */
  readonly until: number;
}

export type GratuitousInput =
  /** Starts rounds; for an address whose rounds run, moves their end and takes over the interfaces, keeping the rhythm. */
  | { readonly kind: 'announce'; readonly claims: Iterable<readonly [Ipv4, On]> }
  /** Ends rounds: not one more frame. Addresses without rounds may be among them. */
  | { readonly kind: 'release'; readonly addresses: Iterable<Ipv4> }
  | { readonly kind: 'time' };

/** One round for one address: a request, then a reply, on each interface in `on`. */
export interface Round {
  readonly address: Ipv4;
  readonly on: On;
}

export interface GratuitousStep {
  readonly state: Gratuitous;
  readonly due: readonly Round[];
  /** When to come again with `time`, in milliseconds of the injected clock; undefined: nothing is running. */
  readonly wakeAt: number | undefined;
}

export const QUIET: Gratuitous = { running: new Map() };

export function stepGratuitous(
  { running }: Gratuitous,
  input: GratuitousInput,
  now: number,
  timing: GratuitousTiming = GRATUITOUS_TIMING,
): GratuitousStep {
  const next = new Map(running);
  if (input.kind === 'announce') {
    for (const [address, on] of input.claims) {
      next.set(address, { on, dueAt: next.get(address)?.dueAt ?? now, until: now + timing.durationMs });
    }
  } else if (input.kind === 'release') {
    for (const address of input.addresses) next.delete(address);
  }
  return sendDue(next, now, timing);
}

/** Takes what is due out of `running`, which is the caller's own copy. */
function sendDue(running: Map<Ipv4, Rounds>, now: number, { intervalMs, batch }: GratuitousTiming): GratuitousStep {
  const due: Round[] = [];
  let wakeAt = Number.POSITIVE_INFINITY;
  for (const [address, rounds] of running) {
    if (rounds.dueAt <= now && due.length < batch) {
      if (now > rounds.until) {
        running.delete(address);
        continue;
      }
      due.push({ address, on: rounds.on });
      // Counted from now, not from when it was due: a late round must not bring the next one too close.
      const following = now + intervalMs;
      // Kept even if that is past the end: an address announced again before then has to keep the rhythm.
      running.set(address, { ...rounds, dueAt: following });
      wakeAt = Math.min(wakeAt, following);
    } else {
      wakeAt = Math.min(wakeAt, rounds.dueAt);
    }
  }
  return { state: { running }, due, wakeAt: running.size === 0 ? undefined : wakeAt };
}
