/**
 * What one beat after another tells about one other node: which life of it speaks, whether it lives, what it says of itself.
 *
 * Within a boot id the sequence only rises; a new boot id is a restart. A boot id once replaced does not speak again while
 * its successor is heard: if it does, two nodes go by one name, and that is said rather than followed.
 */
import type { Mac } from '../net/mac.js';
import type { Beat, BootId } from './beat.js';
import type { Evidence, MemberState } from './membership.js';

export interface Peer {
  readonly name: string;
  /** Where its newest beat came from, as `host:port`. */
  readonly address: string;
  readonly bootId: BootId;
  /** Of the newest beat. */
  readonly sequence: number;
  readonly intervalMs: number;
  readonly ready: boolean;
  readonly returning: boolean;
  readonly stale: boolean;
  readonly spreads: boolean;
  /** It served long before this node began: its first beat said that it is ready, and was by far not its first. */
  readonly wasServing: boolean;
  /** Of its newest beat. */
  readonly macs: readonly Mac[];
  readonly state: MemberState;
  readonly evidence: Evidence;
  /** When `state` began. */
  readonly since: number;
  /** All but one of the beats that it may miss have not come: it may soon be silent. */
  readonly faltering: boolean;
  /** When its newest beat came, moved forward by the time in which we could not have heard it. */
  readonly heardAt: number;
  /** When it last answered on the wire, while it was silent. */
  readonly answeredAt?: number;
  readonly rivals: readonly Rival[];
}

/** When a peer that is not alive was last known to be there. */
export const lastSignAt = ({ since, answeredAt = since }: Peer): number => Math.max(since, answeredAt);

/** Nodes that start at one time do so within a second. */
const LONG_BEFORE_MS = 1000;

/** A boot id that is not, or no longer, the one that speaks under its name. */
export interface Rival {
  readonly bootId: BootId;
  readonly sequence: number;
  readonly address: string;
  /** Beats heard after it was replaced. One may be a straggler; two are another node. */
  readonly returns: number;
}

/** What became of a beat. `replayed`: not newer than what was heard. `rival`: of a replaced boot id. */
export type Heard = 'accepted' | 'restarted' | 'replayed' | 'rival';

/** Rivals remembered for one name, the newest: more nodes than that under one name are noticed all the same. */
const RIVALS = 4;

/** `ageMs` is how long this node runs. */
export function newPeer(beat: Beat, address: string, ageMs: number, now: number): Peer {
  const { node: name, bootId, sequence, intervalMs, ready, leaving, returning, stale, spreads, macs } = beat;
  const { state, evidence } = leaving ? LEFT : ALIVE;
  return {
    name,
    address,
    bootId,
    sequence,
    intervalMs,
    ready,
    returning,
    stale,
    spreads,
    wasServing: ready && !returning && sequence * intervalMs > ageMs + LONG_BEFORE_MS,
    macs,
    state,
    evidence,
    since: now,
    faltering: false,
    heardAt: now,
    rivals: [],
  };
}

const ALIVE = { state: 'alive', evidence: { kind: 'heard' } } as const;
const LEFT = { state: 'left', evidence: { kind: 'left' } } as const;

export function hear(peer: Peer, beat: Beat, address: string, now: number): { readonly peer: Peer; readonly heard: Heard } {
  if (beat.bootId !== peer.bootId) return hearOtherLife(peer, beat, address, now);
  if (beat.sequence <= peer.sequence) return { peer, heard: 'replayed' };
  return { peer: follow(peer, beat, address, now), heard: 'accepted' };
}

function hearOtherLife(peer: Peer, beat: Beat, address: string, now: number): { readonly peer: Peer; readonly heard: Heard } {
  const rival = peer.rivals.find((one) => one.bootId === beat.bootId);
  if (rival !== undefined && beat.sequence <= rival.sequence) return { peer, heard: 'replayed' };
  if (rival !== undefined && peer.state === 'alive') {
    return { peer: { ...peer, rivals: noteRival(peer.rivals, beat, address) }, heard: 'rival' };
  }
  const retired: Rival = { bootId: peer.bootId, sequence: peer.sequence, address: peer.address, returns: 0 };
  const rivals = [...peer.rivals.filter((one) => one.bootId !== beat.bootId), retired].slice(-RIVALS);
  const restarted = follow({ ...peer, bootId: beat.bootId, rivals }, beat, address, now);
  const evidence: Evidence = restarted.state === 'alive' ? { kind: 'restarted', bootId: beat.bootId } : restarted.evidence;
  return { peer: { ...restarted, evidence, since: now }, heard: 'restarted' };
}

/**
 * Field by field, and in the order of {@link newPeer}: to spread a peer and write over it takes a hundred times as long, for each beat
 * of each peer.
 */
function follow(peer: Peer, beat: Beat, address: string, now: number): Peer {
  const said = beat.leaving ? LEFT : ALIVE;
  const { state, evidence, since } = said.state === peer.state ? peer : { ...said, since: now };
  const followed: Peer = {
    name: peer.name,
    address,
    bootId: peer.bootId,
    sequence: beat.sequence,
    intervalMs: beat.intervalMs,
    ready: beat.ready,
    returning: beat.returning,
    stale: beat.stale,
    spreads: beat.spreads,
    wasServing: peer.wasServing,
    // One that has just started does not know yet; what it had before is most likely what it will have.
    macs: beat.macs.length === 0 ? peer.macs : beat.macs,
    state,
    evidence,
    since,
    faltering: false,
    heardAt: now,
    rivals: peer.rivals,
  };
  return peer.answeredAt === undefined ? followed : { ...followed, answeredAt: peer.answeredAt };
}

/** The rivals after another beat of one of them. */
export function noteRival(rivals: readonly Rival[], { bootId, sequence }: Beat, address: string): readonly Rival[] {
  const known = rivals.find((one) => one.bootId === bootId);
  if (known !== undefined && sequence <= known.sequence) return rivals;
  const rival: Rival = { bootId, sequence, address, returns: (known?.returns ?? 0) + 1 };
  return [...rivals.filter((one) => one.bootId !== bootId), rival].slice(-RIVALS);
}

/** Whether some rival has spoken often enough to be another node. */
export const isContested = (rivals: readonly Rival[]): boolean => rivals.some((rival) => rival.returns >= 2);

/**
 * Makes room for one more among `most`: of those not alive, the longest gone is forgotten. The names of the forgotten; undefined if
 * all live, and there is no room.
 */
export function makeRoom(peers: Map<string, Peer>, most: number): readonly string[] | undefined {
  if (peers.size < most) return [];
  let gone: Peer | undefined;
  for (const peer of peers.values())
    if (peer.state !== 'alive' && (gone === undefined || lastSignAt(peer) < lastSignAt(gone))) gone = peer;
  if (gone === undefined) return undefined;
  peers.delete(gone.name);
  return [gone.name];
}

/** How long a peer may be silent: `missed` of its own beats, and what the way and two busy loops may add to one. */
const silenceLimit = (peer: Peer, missed: number, graceMs: number): number => missed * peer.intervalMs + graceMs;

/** When a silence that goes on makes something of a peer that lives: first that it falters, then that it is silent. */
export const nextVerdictAt = (peer: Peer, missed: number, graceMs: number): number =>
  peer.heardAt + silenceLimit(peer, peer.faltering ? missed : Math.max(1, missed - 1), graceMs);

/** The peer after too long a silence; the same value while it is not too long, or when it is not alive anyway. */
export function judgeSilence(peer: Peer, missed: number, graceMs: number, now: number): Peer {
  const silentMs = now - peer.heardAt;
  // A tenth of a millisecond keeps the rounding of clocks with fractions from putting the verdict off.
  const isOver = (beats: number): boolean => silentMs + 0.1 >= silenceLimit(peer, beats, graceMs);
  if (peer.state !== 'alive') return peer;
  if (isOver(missed))
    return { ...peer, state: 'silent', faltering: true, since: now, evidence: { kind: 'silence', missed, silentMs } };
  return peer.faltering || !isOver(Math.max(1, missed - 1)) ? peer : { ...peer, faltering: true };
}
