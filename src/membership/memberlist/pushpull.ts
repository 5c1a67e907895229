/**
 * What two nodes make of all that the other knows. The one asked answers before it learns, so neither answer reflects the other;
 * and either refuses the whole if the two could not understand each other.
 */
import type { Claim, NodeState, Versions } from './message.js';
import type { MemberRecord } from './record.js';

/** Everything we know. Suspicions stay at home: others hear of them by gossip, with who raised them. */
export const statesOf = (records: Iterable<MemberRecord>): NodeState[] =>
  [...records].map(({ name, address, port, incarnation, meta, state, versions }) => ({
    ...{ name, address, port, incarnation, meta, state, versions },
  }));

/** What a state that was told says. Nobody is dead because a table says so: who tells may have been cut off itself. */
export function claimOf(told: NodeState, self: string): Claim {
  const { name: node, address, port, incarnation, meta, versions } = told;
  switch (told.state) {
    case 'alive':
      return { kind: 'alive', node, address, port, incarnation, meta, versions };
    case 'left':
      return { kind: 'dead', node, incarnation, from: node };
    case 'dead':
    case 'suspect':
      return { kind: 'suspect', node, incarnation, from: self };
  }
}

export type RefusalReason =
  | { readonly kind: 'too-many-nodes'; readonly count: number; readonly most: number }
  /** This node speaks a protocol version that some node alive does not understand, or its application does. */
  | { readonly kind: 'protocol' | 'application'; readonly node: string; readonly version: number };

/** Why what was told is refused as a whole; undefined if it is not. */
export function refusal(known: Iterable<MemberRecord>, told: readonly NodeState[], most: number): RefusalReason | undefined {
  if (told.length > most) return { kind: 'too-many-nodes', count: told.length, most };
  const all: readonly Pick<NodeState, 'name' | 'state' | 'versions'>[] = [...told, ...known];
  const range = commonRange(all.filter(({ state }) => state === 'alive').map(({ versions }) => versions));
  for (const { name: node, versions } of all) {
    const { current, delegateCurrent } = versions;
    if (current < range.min || current > range.max) return { kind: 'protocol', node, version: current };
    if (delegateCurrent < range.delegateMin || delegateCurrent > range.delegateMax)
      return { kind: 'application', node, version: delegateCurrent };
  }
  return undefined;
}

type Range = Omit<Versions, 'current' | 'delegateCurrent'>;

/** What all of these understand. */
function commonRange(versions: readonly Versions[]): Range {
  const range = { min: 0, max: 0xff, delegateMin: 0, delegateMax: 0xff };
  for (const { min, max, delegateMin, delegateMax } of versions) {
    range.min = Math.max(range.min, min);
    range.max = Math.min(range.max, max);
    range.delegateMin = Math.max(range.delegateMin, delegateMin);
    range.delegateMax = Math.min(range.delegateMax, delegateMax);
  }
  return range;
}
