/**
 * Whom we speak to by chance, and how often we exchange all that we know.
 */
import type { Chance } from './chance.js';
import { isMember, type MemberRecord } from './record.js';
import type { Tuning } from './settings.js';

/** Whom to gossip to: members, and the newly dead, which learn of their death so and refute it. Never who has left. */
export function gossipTargets(
  records: Iterable<MemberRecord>,
  self: string,
  tuning: Tuning,
  chance: Chance,
  now: number,
): MemberRecord[] {
  const hears = (record: MemberRecord): boolean =>
    isMember(record) || (record.state === 'dead' && now - record.since <= tuning.gossipToTheDeadMs);
  return chance.sample(pick(records, self, hears), tuning.gossipNodes);
}

/** Whom to ask: only those of whom nothing bad is known. */
export const alivePeers = (records: Iterable<MemberRecord>, self: string, count: number, chance: Chance): MemberRecord[] =>
  chance.sample(pick(records, self, isAlive), count);

/** Who pings a silent member on our behalf. */
export const helpersFor = (
  target: string,
  records: Iterable<MemberRecord>,
  self: string,
  count: number,
  chance: Chance,
): MemberRecord[] =>
  chance.sample(
    pick(records, self, (record) => isAlive(record) && record.name !== target),
    count,
  );

const isAlive = ({ state }: MemberRecord): boolean => state === 'alive';

const pick = (records: Iterable<MemberRecord>, self: string, fits: (record: MemberRecord) => boolean): MemberRecord[] =>
  [...records].filter((record) => record.name !== self && fits(record));

/** Up to so many nodes exchange everything at the configured pace. */
const PUSH_PULL_UNSCALED = 32;

/** Between two exchanges of ours: twice as long from 33 nodes on, and once more for each further doubling, for each costs more. */
export const pushPullMs = (intervalMs: number, size: number): number =>
  intervalMs * (size <= PUSH_PULL_UNSCALED ? 1 : Math.ceil(Math.log2(size) - Math.log2(PUSH_PULL_UNSCALED)) + 1);
