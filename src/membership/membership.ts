/**
 * Who the other nodes are and whether they live, as the election reads it. Heartbeats and memberlist fill it in together
 * (mixed.ts): whatever does gives this shape, and the rest of the agent knows no other.
 */

import type { Mac } from '../net/mac.js';

/** `silent`: believed dead, by the evidence. `left`: said so itself. Both stay listed for a while. */
export type MemberState = 'alive' | 'silent' | 'left';

/** Why a member is in the state it is in. */
export type Evidence =
  | { readonly kind: 'heard' }
  | { readonly kind: 'restarted'; readonly bootId: string }
  | { readonly kind: 'silence'; readonly missed: number; readonly silentMs: number }
  /** Its connection ended and another was refused; this long before the verdict. */
  | { readonly kind: 'crash'; readonly sinceMs: number }
  /** The probes of other members found it dead. */
  | { readonly kind: 'memberlist' }
  | { readonly kind: 'left' };

export interface Member {
  readonly name: string;
  /** Where it was last heard from, as `host:port`. */
  readonly address: string;
  readonly state: MemberState;
  /** Its view is synced and its capture open. A member that is not ready owns nothing. */
  readonly ready: boolean;
  /** It came back a short time ago, and wants only what nobody else may own. */
  readonly returning: boolean;
  /** Its view of the cluster is old, and it knows that. */
  readonly stale: boolean;
  /** It spreads addresses over the nodes, as far as others do. Undefined: nothing was heard of it yet. */
  readonly spreads: boolean | undefined;
  /** `memberlist`: a stock MetalLB speaker, of which nothing else is known and to which nothing else may be said. */
  readonly speaks: 'arpeggio' | 'memberlist';
  /** From which it claims addresses; those of a member that is gone are remembered with it. */
  readonly macs: readonly Mac[];
  readonly evidence: Evidence;
  /** When `state` began, in milliseconds of the injected clock. */
  readonly since: number;
}

export interface Membership {
  /** This node's name. It is not among `members`. */
  readonly self: string;
  /** False while a starting node still listens for peers: until then it owns nothing. */
  readonly settled: boolean;
  /** This node may own addresses: it is ready, has settled and is not leaving. */
  readonly ready: boolean;
  /** Sorted by name. */
  readonly members: readonly Member[];
}

/** The nodes that may own addresses now: alive and ready, this one too if it is. */
export function liveNodes({ self, ready, members }: Membership): ReadonlySet<string> {
  const live = new Set<string>(ready ? [self] : []);
  for (const member of members) if (member.state === 'alive' && member.ready) live.add(member.name);
  return live;
}

/** Whether the member of that name began again since. */
export const isOtherLife = (before: Member | undefined, { evidence }: Member): boolean =>
  evidence.kind === 'restarted' && !(before?.evidence.kind === 'restarted' && before.evidence.bootId === evidence.bootId);

/** `3 beats missed: 312 ms of silence`. */
export function formatEvidence(evidence: Evidence): string {
  switch (evidence.kind) {
    case 'heard':
      return 'heard';
    case 'restarted':
      return `new boot id ${evidence.bootId}`;
    case 'silence':
      return `${evidence.missed} beats missed: ${Math.round(evidence.silentMs)} ms of silence`;
    case 'crash':
      return 'closed its connection and refuses another: its process has ended';
    case 'memberlist':
      return 'is dead, as memberlist found';
    case 'left':
      return 'said that it leaves';
  }
}
