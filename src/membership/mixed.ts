/**
 * Membership in a cluster of agents of ours and stock MetalLB speakers. Of ours, beats tell whether they live: they are faster, and
 * tell readiness. Of a stock speaker memberlist tells, and nobody else: it counts as ready, and like MetalLB we take the suspected
 * for alive, so that both kinds elect the same owner.
 */
import { isNodeName } from './beat.js';
import { formatEndpoint } from './memberlist/endpoint.js';
import { isMember, type MemberRecord } from './memberlist/record.js';
import type { Member, Membership } from './membership.js';
import { isOurs } from './ourmeta.js';

/** What memberlist alone tells of other nodes, sorted by name. Names that no node of Kubernetes can have are left out. */
export function membersOf(records: readonly MemberRecord[], self: string): readonly Member[] {
  const others = records.filter(({ name }) => name !== self && isNodeName(name));
  return others.flatMap((record) => (isOurs(record.meta) ? ourMember(record) : stockMember(record)));
}

/** Until its first beat nobody knows whether it is ready, and once it is gone there is nothing to say of it. */
const ourMember = (record: MemberRecord): readonly Member[] =>
  isMember(record)
    ? [{ ...common(record), state: 'alive', ready: false, evidence: { kind: 'heard' }, speaks: 'arpeggio', spreads: undefined }]
    : [];

function stockMember(record: MemberRecord): readonly Member[] {
  const member = { ...common(record), ready: true, spreads: false, speaks: 'memberlist' } as const;
  if (isMember(record)) return [{ ...member, state: 'alive', evidence: { kind: 'heard' } }];
  if (record.state === 'left') return [{ ...member, state: 'left', evidence: { kind: 'left' } }];
  return [{ ...member, state: 'silent', evidence: { kind: 'memberlist' } }];
}

const common = (record: MemberRecord): Pick<Member, 'name' | 'address' | 'macs' | 'since' | 'returning' | 'stale'> => ({
  name: record.name,
  address: formatEndpoint(record),
  returning: false,
  stale: false,
  macs: [],
  since: record.since,
});

/** What beats tell, and what memberlist tells of those who send none: a node may have become a stock speaker since its last. */
export function mix(byBeats: Membership, known: readonly Member[]): Membership {
  if (known.length === 0) return byBeats;
  const members = new Map(byBeats.members.map((member) => [member.name, member]));
  for (const member of known) {
    const heard = members.get(member.name);
    const isSuccessor = heard?.state !== 'alive' && member.speaks === 'memberlist' && member.state === 'alive';
    if (heard === undefined || isSuccessor) members.set(member.name, member);
  }
  return { ...byBeats, members: [...members.values()].sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

/** Where members are, told apart by whether they hear beats. */
export interface Whereabouts {
  readonly ours: readonly string[];
  readonly stock: readonly string[];
}

export function whereaboutsOf(records: readonly MemberRecord[], self: string): Whereabouts {
  const there = records.filter((record) => record.name !== self && isMember(record));
  const at = (ours: boolean): string[] => there.filter(({ meta }) => isOurs(meta) === ours).map(formatEndpoint);
  return { ours: at(true), stock: at(false) };
}
