/**
 * What one step of the heartbeats means for the rest of the agent, in the order in which it has to be told: whoever decides on
 * addresses knows the members before it hears that the wait for them is over.
 */
import { type Heartbeat, type HeartbeatEffect, type HeartbeatStep, membershipOf, unheardOf } from './heartbeat.js';

export type Tiding =
  /** Its beats falter; or it is heard after all. */
  | { readonly kind: 'faltering' | 'steady'; readonly peer: string }
  /** Somebody's state or standing is another, this node's too. */
  | { readonly kind: 'members' }
  /** The wait for the first beats of others is over. `isDoubtful`: some listed peer was not heard. */
  | { readonly kind: 'settled'; readonly isDoubtful: boolean; readonly isReturn: boolean }
  /** A peer is heard again that was silent. */
  | { readonly kind: 'reunion' }
  /** Every listed peer was heard, and not every one before. */
  | { readonly kind: 'all-heard' };

/** `before` is absent at the start. */
export function tidingsOf(before: Heartbeat | undefined, { state, effects }: HeartbeatStep): readonly Tiding[] {
  if (before === state && effects.length === 0) return [];
  const isQuiet =
    effects.every(({ kind }) => kind === 'send') && before?.settings === state.settings && before.heard === state.heard;
  if (isQuiet && before.own === state.own && sameStanding(before, state)) return [];
  const tidings = effects.flatMap(ofPeer);
  if (effects.some(({ kind }) => MEMBERS.has(kind)) || isReady(before) !== isReady(state)) tidings.push({ kind: 'members' });
  for (const effect of effects) {
    if (effect.kind === 'settled')
      tidings.push({ kind: 'settled', isDoubtful: effect.unheard.length > 0, isReturn: effect.isReturn });
  }
  if (effects.some(isReunion)) tidings.push({ kind: 'reunion' });
  if (isSettled(before) && unheardOf(before).length > 0 && unheardOf(state).length === 0) tidings.push({ kind: 'all-heard' });
  return tidings;
}

const MEMBERS: ReadonlySet<HeartbeatEffect['kind']> = new Set(['changed', 'forgotten', 'settled']);

function ofPeer(effect: HeartbeatEffect): readonly Tiding[] {
  if (effect.kind === 'faltering' || effect.kind === 'steady') return [{ kind: effect.kind, peer: effect.name }];
  if (effect.kind === 'changed' && effect.member.state === 'alive') return [{ kind: 'steady', peer: effect.member.name }];
  return [];
}

const sameStanding = (a: Heartbeat, b: Heartbeat): boolean =>
  a.ready === b.ready && a.leaving === b.leaving && a.start === b.start;

const isReady = (state: Heartbeat | undefined): boolean => state !== undefined && membershipOf(state).ready;

const isSettled = (state: Heartbeat | undefined): state is Heartbeat => state?.start.kind === 'settled';

const isReunion = (effect: HeartbeatEffect): boolean =>
  effect.kind === 'changed' && effect.was === 'silent' && effect.member.state === 'alive';
