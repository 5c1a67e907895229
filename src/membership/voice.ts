/**
 * What a node itself sends: its beats, to whom and when.
 */
import type { Beat } from './beat.js';
import { nextVerdictAt } from './peer.js';
import type { Heartbeat } from './state.js';

/** Counted from when the beat was due, so that small delays do not add up, unless that has passed too. */
export function nextBeat({ nextBeatAt, settings: { intervalMs } }: Heartbeat, now: number): number {
  const following = nextBeatAt + intervalMs;
  return following > now ? following : now + intervalMs;
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
export function ownBeat({ settings, start, ready, leaving, returning, stale, macs }: Heartbeat, sequence: number): Beat {
  const { self: node, bootId, intervalMs, spreads } = settings;
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
