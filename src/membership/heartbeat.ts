/**
 * Membership by heartbeats: each node sends a beat to every peer it knows each interval, and takes a peer for dead after three
 * that did not come. Whom to send them to, `--join` tells, memberlist, and whoever is heard.
 *
 * Pure: it holds what was heard and is told what time it is. Its own lateness, by which its tick came after the time it asked
 * for, is never counted as the silence of others. Memory is bounded, whoever sends whatever.
 */
import { type Mac, sameMac } from '../net/mac.js';
import { type Beat, MOST_MACS } from './beat.js';
import type { Member, MemberState, Membership } from './membership.js';
import type { Whereabouts } from './mixed.js';
import { hear, isContested, judgeSilence, lastSignAt, makeRoom, newPeer, noteRival, type Peer, type Rival } from './peer.js';
import type { Heartbeat, HeartbeatSettings } from './state.js';
import { countAlone, intervalTo, nextBeat, ownBeat, targets, wakeAt } from './voice.js';
import { warnAbout } from './warnings.js';

export type { Heartbeat, HeartbeatSettings };

export type HeartbeatInput =
  /** The time asked for by `wakeAt` has come. Coming early does nothing. */
  | { readonly kind: 'tick' }
  /** `from` is the sender's `host:port`, written as in `join`. */
  | { readonly kind: 'beat'; readonly from: string; readonly beat: Beat }
  | { readonly kind: 'ready'; readonly ready: boolean }
  /** The MACs from which this node claims addresses are these now: peers are told at once. */
  | { readonly kind: 'macs'; readonly macs: readonly Mac[] }
  /** What this node says of itself beside: that it came back a short time ago, that its view is old. */
  | { readonly kind: 'standing'; readonly returning: boolean; readonly stale: boolean }
  /** A peer of `--join` whose name got an address only now. A start that has not settled waits for it too. */
  | { readonly kind: 'join'; readonly address: string; readonly name?: string }
  /** Members are at these addresses now, as memberlist tells; this replaces what it told before. */
  | ({ readonly kind: 'told' } & Whereabouts)
  /** The first attempt to join is over. */
  | { readonly kind: 'joined' }
  /** A peer's process has ended, as the end of its connection tells; what is heard from it later contradicts that. */
  | { readonly kind: 'crashed'; readonly name: string; readonly sinceMs: number }
  /** A silent peer answers on the wire: it is not forgotten. */
  | { readonly kind: 'answered'; readonly name: string }
  | { readonly kind: 'leave' };

export type HeartbeatEffect =
  | { readonly kind: 'send'; readonly to: readonly string[]; readonly beat: Beat }
  /** A member is new (`was` is absent), changed its state or readiness, or restarted. */
  | { readonly kind: 'changed'; readonly member: Member; readonly was?: MemberState }
  /** A member that lives has missed all but one of the beats that it may miss. */
  | { readonly kind: 'faltering'; readonly name: string }
  /** It was heard again after all. */
  | { readonly kind: 'steady'; readonly name: string }
  | { readonly kind: 'forgotten'; readonly name: string }
  /**
   * The wait of the start is over. `unheard` are addresses of `join` that did not answer in time, and names that have none; `isReturn`: others served before
   * this node came.
   */
  | { readonly kind: 'settled'; readonly unheard: readonly string[]; readonly isReturn: boolean }
  /** Several nodes send beats under one name, ours or another's, from these addresses. */
  | { readonly kind: 'name-clash'; readonly name: string; readonly addresses: readonly string[] }
  /** A beat of an unknown node was ignored, because as many as may be are known and alive. */
  | { readonly kind: 'too-many-members'; readonly name: string; readonly address: string };

export interface HeartbeatStep {
  readonly state: Heartbeat;
  readonly effects: readonly HeartbeatEffect[];
}

const DEFAULTS = {
  intervalMs: 100,
  missed: 3,
  graceMs: 10,
  settleMs: 200,
  nameless: [],
  joinMs: 0,
  spreads: false,
  forgetAfterMs: 600_000,
  maxMembers: 256,
  warnEveryMs: 10_000,
};

/** What a full table is warned about as: no node's name. */
const FULL = '';

/** Begins: the first beat goes out at once. A node without peers has settled already. */
export function startHeartbeat(given: HeartbeatSettings, now: number): HeartbeatStep {
  const settings = { ...DEFAULTS, ...given };
  const state: Heartbeat = {
    settings,
    startedAt: now,
    sequence: 0,
    peers: new Map(),
    ready: false,
    macs: [],
    leaving: false,
    returning: false,
    stale: false,
    start: {
      kind: 'settling',
      until: now + settings.missed * settings.intervalMs + settings.settleMs,
      joinBy: now + settings.joinMs,
    },
    told: { ours: [], stock: [] },
    heard: new Set(),
    own: new Set(),
    namesakes: [],
    nextBeatAt: now,
    intervalMs: settings.intervalMs,
    alone: true,
    wakeAt: now,
    warned: new Map(),
  };
  return finish(settle({ state, effects: [] }, now), now);
}

/** `before` is spent: the next state takes over what it remembers of its peers, and changes that in place. */
export function stepHeartbeat(before: Heartbeat, input: HeartbeatInput, now: number): HeartbeatStep {
  const state = countAlone(creditLateness(before, now), now);
  switch (input.kind) {
    case 'tick':
      return finish(settle(tick(state, now), now), now);
    case 'beat': {
      const step = receive(state, input.beat, input.from, now);
      const isNews = step.state !== state || step.effects.length > 0 || state.start.kind === 'settling';
      // Most beats tell only that their sender lives, which puts its verdict off: to come as early as was asked for does no harm.
      return isNews || now >= state.nextBeatAt ? finish(settle(step, now), now) : step;
    }
    case 'ready':
      return finish(
        { state: input.ready === state.ready ? state : beatNow({ ...state, ready: input.ready }, now), effects: [] },
        now,
      );
    case 'macs':
      return finish({ state: beatNow({ ...state, macs: input.macs.slice(0, MOST_MACS) }, now), effects: [] }, now);
    case 'standing': {
      const { returning, stale } = input;
      const isSame = returning === state.returning && stale === state.stale;
      return finish({ state: isSame ? state : beatNow({ ...state, returning, stale }, now), effects: [] }, now);
    }
    case 'join':
      return finish({ state: beatNow(joinLate(state, input), now), effects: [] }, now);
    case 'told':
      return finish(settle({ state: beToldOf(state, input, now), effects: [] }, now), now);
    case 'joined':
      return finish(settle({ state: endJoin(state, now), effects: [] }, now), now);
    case 'crashed':
      return finish(crash(state, input.name, input.sinceMs, now), now);
    case 'answered':
      return finish({ state: answered(state, input.name, now), effects: [] }, now);
    case 'leave':
      return finish({ state: state.leaving ? state : beatNow({ ...state, leaving: true }, now), effects: [] }, now);
  }
}

/** What the election reads. */
export function membershipOf({ settings, start, ready, leaving, peers }: Heartbeat): Membership {
  const settled = start.kind === 'settled';
  const members = [...peers.values()].map(memberOf).sort((a, b) => (a.name < b.name ? -1 : 1));
  return { self: settings.self, settled, ready: ready && settled && !leaving, members };
}

/** Where a member of ours should be heard from, and was not yet; this node itself not counted. Names have no address yet. */
export function unheardOf(state: Heartbeat): readonly string[] {
  const { heard, own, told, settings } = state;
  const silent = [...awaited(state)].filter(
    (address) => !heard.has(address) && !own.has(address) && !told.stock.includes(address),
  );
  return [...silent, ...settings.nameless];
}

const memberOf = ({ name, address, state, ready, returning, stale, spreads, macs, evidence, since }: Peer): Member => ({
  name,
  address,
  state,
  ready,
  returning,
  stale,
  spreads,
  speaks: 'arpeggio',
  macs,
  evidence,
  since,
});

/**
 * The time by which we come later than asked, taken out of every silence. Before any input, not at the tick alone: after a
 * stall the beats that waited may be handed over first, and would set a new time to be late for.
 */
function creditLateness(state: Heartbeat, now: number): Heartbeat {
  const lateMs = now - state.wakeAt;
  if (lateMs <= 0) return state;
  const peers = new Map<string, Peer>();
  for (const peer of state.peers.values()) peers.set(peer.name, { ...peer, heardAt: Math.min(now, peer.heardAt + lateMs) });
  return { ...state, peers, start: putOff(state.start, lateMs), wakeAt: now };
}

const putOff = (start: Heartbeat['start'], lateMs: number): Heartbeat['start'] =>
  start.kind === 'settled' ? start : { ...start, until: start.until + lateMs, joinBy: start.joinBy + lateMs };

function tick(state: Heartbeat, now: number): HeartbeatStep {
  const { missed, graceMs, forgetAfterMs } = state.settings;
  const peers = new Map<string, Peer>();
  const effects: HeartbeatEffect[] = [];
  for (const peer of state.peers.values()) {
    const judged = judgeSilence(peer, missed, graceMs, now);
    if (judged.faltering && !peer.faltering) effects.push({ kind: 'faltering', name: peer.name });
    if (judged.state !== peer.state) effects.push(changed(judged, peer));
    if (judged.state !== 'alive' && now - lastSignAt(judged) >= forgetAfterMs)
      effects.push({ kind: 'forgotten', name: peer.name });
    else peers.set(peer.name, judged);
  }
  return { state: { ...state, peers }, effects };
}

function crash(state: Heartbeat, name: string, sinceMs: number, now: number): HeartbeatStep {
  const known = state.peers.get(name);
  if (known?.state !== 'alive') return { state, effects: [] };
  const peer: Peer = { ...known, state: 'silent', faltering: true, since: now, evidence: { kind: 'crash', sinceMs } };
  state.peers.set(name, peer);
  return { state, effects: [changed(peer, known)] };
}

function answered(state: Heartbeat, name: string, now: number): Heartbeat {
  const known = state.peers.get(name);
  if (known !== undefined) state.peers.set(name, { ...known, answeredAt: now });
  return state;
}

function receive(state: Heartbeat, beat: Beat, from: string, now: number): HeartbeatStep {
  if (beat.node === state.settings.self) return receiveOwnName(state, beat, from, now);
  const known = state.peers.get(beat.node);
  if (known === undefined) return admit(state, beat, from, now);

  const { peer, heard } = hear(known, beat, from, now);
  if (heard === 'replayed') return { state, effects: [] };
  state.peers.set(peer.name, peer);
  if (heard === 'rival') return warnOfClash(state, peer.name, [peer.address, ...addressesOf(peer.rivals)], peer.rivals, now);
  const everHeard = heardFrom(state, from);
  // Another interval is no news to anybody, but may bring the next verdict forward.
  const isAsBefore = everHeard === state.heard && peer.intervalMs === known.intervalMs;
  const next = isAsBefore ? state : { ...state, heard: everHeard };
  const steady: readonly HeartbeatEffect[] =
    known.state === 'alive' && known.faltering ? [{ kind: 'steady', name: peer.name }] : [];
  if (heard === 'restarted') return answer(next, peer, from, [...steady, changed(peer, known)]);
  const isNews = !sameStanding(peer, known) || !sameMacs(peer.macs, known.macs);
  return { state: next, effects: isNews ? [...steady, changed(peer, known)] : steady };
}

/** Our own beat come back tells where not to send; any other under our name is a namesake. */
function receiveOwnName(state: Heartbeat, beat: Beat, from: string, now: number): HeartbeatStep {
  if (beat.bootId === state.settings.bootId) {
    // Only joined addresses get beats before they are heard, so only those can be ours: a forged beat silences no peer.
    const isJoined = state.settings.join.includes(from) && !state.heard.has(from);
    return { state: isJoined && !state.own.has(from) ? { ...state, own: new Set(state.own).add(from) } : state, effects: [] };
  }
  const namesakes = noteRival(state.namesakes, beat, from);
  if (namesakes === state.namesakes) return { state, effects: [] };
  return warnOfClash({ ...state, namesakes }, beat.node, addressesOf(namesakes), namesakes, now);
}

function admit(state: Heartbeat, beat: Beat, from: string, now: number): HeartbeatStep {
  const room = makeRoom(state.peers, state.settings.maxMembers);
  if (room === undefined) return warn(state, FULL, { kind: 'too-many-members', name: beat.node, address: from }, now);
  const peer = newPeer(beat, from, now - state.startedAt, now);
  state.peers.set(peer.name, peer);
  const forgotten = room.map((name): HeartbeatEffect => ({ kind: 'forgotten', name }));
  return answer({ ...state, heard: heardFrom(state, from) }, peer, from, [...forgotten, changed(peer)]);
}

/** A newcomer, or one that restarted, hears from us at once: it waits for that before it owns anything. */
function answer(state: Heartbeat, peer: Peer, from: string, effects: readonly HeartbeatEffect[]): HeartbeatStep {
  if (peer.state !== 'alive') return { state, effects };
  const sequence = state.sequence + 1;
  return { state: { ...state, sequence }, effects: [...effects, { kind: 'send', to: [from], beat: ownBeat(state, sequence) }] };
}

function joinLate(state: Heartbeat, { address, name }: Extract<HeartbeatInput, { kind: 'join' }>): Heartbeat {
  const nameless = state.settings.nameless.filter((one) => one !== name);
  const settings = nameless.length === state.settings.nameless.length ? state.settings : { ...state.settings, nameless };
  if (settings.join.includes(address)) return { ...state, settings };
  return markHeard({ ...state, settings: { ...settings, join: [...settings.join, address] } });
}

/** Newcomers get a beat at once: a start waits for theirs. */
function beToldOf(state: Heartbeat, { ours, stock }: Whereabouts, now: number): Heartbeat {
  const told = { ours: ours.slice(0, state.settings.maxMembers), stock };
  const isNews = told.ours.some((address) => !state.told.ours.includes(address));
  const next = markHeard({ ...state, told });
  return isNews ? beatNow(next, now) : next;
}

const endJoin = (state: Heartbeat, now: number): Heartbeat =>
  state.start.kind === 'settled' ? state : { ...state, start: { ...state.start, joinBy: Math.min(state.start.joinBy, now) } };

/** Where members of ours should be heard from. */
const awaited = ({ settings, told }: Heartbeat): ReadonlySet<string> => new Set([...settings.join, ...told.ours]);

/** An address that became one to be heard from may have been heard before. */
function markHeard(state: Heartbeat): Heartbeat {
  const from = awaited(state);
  const heard = new Set([...state.heard].filter((address) => from.has(address)));
  for (const { address } of state.peers.values()) if (from.has(address)) heard.add(address);
  return { ...state, heard };
}

function heardFrom(state: Heartbeat, from: string): ReadonlySet<string> {
  return state.heard.has(from) || !awaited(state).has(from) ? state.heard : new Set(state.heard).add(from);
}

/**
 * Ends the wait of the start when the first attempt to join is over and every address was heard where a member of ours should be,
 * or when its time has passed; then beats say `ready`.
 */
function settle({ state, effects }: HeartbeatStep, now: number): HeartbeatStep {
  const { start } = state;
  if (start.kind === 'settled' || now < start.joinBy) return { state, effects };
  const unheard = unheardOf(state);
  if (unheard.length > 0 && now < start.until) return { state, effects };
  return {
    state: beatNow({ ...state, start: { kind: 'settled' } }, now),
    effects: [...effects, { kind: 'settled', unheard, isReturn: hasServing(state) }],
  };
}

function hasServing({ peers }: Heartbeat): boolean {
  for (const { state, wasServing } of peers.values()) if (state === 'alive' && wasServing) return true;
  return false;
}

const beatNow = (state: Heartbeat, now: number): Heartbeat => ({ ...state, nextBeatAt: now });

/** Sends the beat that is due, and says when to come again. Who is no longer alone does not wait with it. */
function finish({ state: before, effects }: HeartbeatStep, now: number): HeartbeatStep {
  const state = before.alone && targets(before).length > 0 ? beatNow(before, now) : before;
  if (now < state.nextBeatAt) {
    const at = wakeAt(state);
    return { state: at === state.wakeAt ? state : { ...state, wakeAt: at }, effects };
  }
  const to = targets(state);
  const sequence = state.sequence + 1;
  const paced = { ...state, sequence, intervalMs: intervalTo(to.length, state.settings), alone: to.length === 0 };
  const next = { ...paced, nextBeatAt: nextBeat(paced, now) };
  return {
    state: { ...next, wakeAt: wakeAt(next) },
    effects: to.length === 0 ? effects : [...effects, { kind: 'send', to, beat: ownBeat(next, sequence) }],
  };
}

const sameStanding = (a: Peer, b: Peer): boolean =>
  a.state === b.state && a.ready === b.ready && a.returning === b.returning && a.stale === b.stale && a.spreads === b.spreads;

const sameMacs = (a: readonly Mac[], b: readonly Mac[]): boolean =>
  a.length === b.length && a.every((mac, i) => sameMac(mac, b[i] ?? mac));

const changed = (peer: Peer, before?: Peer): HeartbeatEffect => ({
  kind: 'changed',
  member: memberOf(peer),
  ...(before === undefined ? {} : { was: before.state }),
});

const addressesOf = (rivals: readonly Rival[]): string[] => rivals.map((rival) => rival.address);

function warnOfClash(
  state: Heartbeat,
  name: string,
  among: readonly string[],
  rivals: readonly Rival[],
  now: number,
): HeartbeatStep {
  if (!isContested(rivals)) return { state, effects: [] };
  return warn(state, name, { kind: 'name-clash', name, addresses: [...new Set(among)].sort() }, now);
}

function warn(state: Heartbeat, subject: string, warning: HeartbeatEffect, now: number): HeartbeatStep {
  const warned = warnAbout(state.warned, subject, state.settings.warnEveryMs, now);
  return warned === undefined ? { state, effects: [] } : { state: { ...state, warned }, effects: [warning] };
}
