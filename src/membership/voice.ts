/**
 * What a node itself sends: its beats, to whom and when.
 */
import { type Beat, LONGEST_INTERVAL_MS } from './beat.js';
import { nextVerdictAt } from './peer.js';
import type { Heartbeat } from './state.js';

/** To so many receivers each beat goes out at the interval of the settings; beyond, as many beats a second as to these. */
const AT_FULL_RATE = 24;

/** A beat without a receiver only tells that this node does not stand still. To be woken for it costs an idle host the most. */
const ALONE_MS = 1000;

/**
 * Until the next beat: what is sent and heard in a second stays the same in however large a cluster. What tells of a crash at once does
 * not depend on it; of a host that is gone without a word, a hundred nodes learn after a second.
 */
export const intervalTo = (receivers: number, { intervalMs }: Heartbeat['settings']): number =>
  Math.min(LONGEST_INTERVAL_MS, Math.round(intervalMs * Math.max(1, receivers / AT_FULL_RATE)));

/** Counted from when the beat was due, so that small delays do not add up, unless that has passed too. */
export function nextBeat({ nextBeatAt, intervalMs, alone }: Heartbeat, now: number): number {
  const pauseMs = alone ? Math.max(ALONE_MS, intervalMs) : intervalMs;
  const following = nextBeatAt + pauseMs;
  return following > now ? following : now + pauseMs;
}

/** Nobody has counted the beats of one that was alone: they go with the time, since they tell how long it runs. */
export function countAlone(state: Heartbeat, now: number): Heartbeat {
  const { alone, sequence, startedAt, intervalMs } = state;
  return alone ? { ...state, sequence: Math.max(sequence, Math.floor((now - startedAt) / intervalMs)) } : state;
}

/**
 * Joined addresses, those where memberlist tells of a member of ours, and wherever a member that has not left was last heard. Never
 * ourselves, nor stock speakers, which cannot do anything with it.
 */
export function targets({ settings, told, peers, own }: Heartbeat): string[] {
  const to = new Set(settings.join);
  for (const address of told.stock) to.delete(address);
  for (const address of told.ours) to.add(address);
  for (const peer of peers.values()) if (peer.state !== 'left') to.add(peer.address);
  for (const address of own) to.delete(address);
  return [...to];
}

/** What this node says of itself. It is not ready for others before it has settled: they would hand it what it does not take. */
export function ownBeat(
  { settings, intervalMs, start, ready, leaving, returning, stale, macs }: Heartbeat,
  sequence: number,
): Beat {
  const { self: node, bootId, spreads } = settings;
  const isReady = ready && start.kind === 'settled' && !leaving;
  return { node, bootId, sequence, intervalMs, ready: isReady, leaving, returning, stale, spreads, macs };
}

/** When the next beat is due, a wait ends or a peer has been silent too long: whichever is first. */
export function wakeAt({ settings, start, nextBeatAt, peers }: Heartbeat): number {
  let at = start.kind === 'settling' ? Math.min(nextBeatAt, Math.max(start.until, start.joinBy)) : nextBeatAt;
  for (const peer of peers.values()) {
    if (peer.state === 'alive') at = Math.min(at, nextVerdictAt(peer, settings.missed, settings.graceMs));
  }
  return at;
}
