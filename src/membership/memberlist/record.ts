/**
 * What we hold about one node, ourselves included. A suspicion lasts exactly as long as its node is suspect.
 */
import { sameBytes } from './endpoint.js';
import type { Alive, NodeState, Versions } from './message.js';
import type { Suspicion } from './suspicion.js';

export type MemberRecord = Omit<NodeState, 'state'> & Standing;

/** `left`: said so itself. `dead`: somebody says so, and it has not refuted. Both are remembered for a while. */
export type Standing =
  | { readonly state: 'alive' | 'dead' | 'left'; readonly since: number }
  | { readonly state: 'suspect'; readonly since: number; readonly suspicion: Suspicion };

/** The suspected are members too: most of them refute. */
export const isMember = ({ state }: MemberRecord): boolean => state === 'alive' || state === 'suspect';

export function recordOf(alive: Alive, since: number): MemberRecord {
  const { node: name, address, port, incarnation, meta, versions } = alive;
  return { name, address, port, incarnation, meta, versions, state: 'alive', since };
}

/** The record with another standing; of the former nothing is left, least of all its suspicion. */
export function standing(record: MemberRecord, incarnation: number, standing: Standing): MemberRecord {
  const { name, address, port, meta, versions } = record;
  return { name, address, port, incarnation, meta, versions, ...standing };
}

export function aliveOf({ name: node, address, port, incarnation, meta, versions }: MemberRecord): Alive {
  return { kind: 'alive', node, address, port, incarnation, meta, versions };
}

const sameVersions = (a: Versions, b: Versions): boolean =>
  a.min === b.min &&
  a.max === b.max &&
  a.current === b.current &&
  a.delegateMin === b.delegateMin &&
  a.delegateMax === b.delegateMax &&
  a.delegateCurrent === b.delegateCurrent;

/** Whether a node tells of itself what we know of it already. */
export const saysTheSame = (alive: Alive, record: MemberRecord): boolean =>
  sameBytes(alive.meta, record.meta) && sameVersions(alive.versions, record.versions);

/** Since which protocol version a node understands a thing. */
export const SINCE = { tcpPing: 3, nack: 4 } as const;
