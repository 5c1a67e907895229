/**
 * What a member of a memberlist cluster is told at its start: who it is, whom to join, and the constants of the protocol. The two
 * sets of constants are the reference's, and the only ones MetalLB uses unless a file replaces them.
 */
import type { Endpoint, PacketMessage, Versions } from './message.js';

/** Names follow the reference's configuration; times have their unit. What only concerns bytes on the wire is not here. */
export interface Tuning {
  /** How long a stream may take, from its opening to its answer. */
  readonly tcpTimeoutMs: number;
  /** Helpers asked to ping a member that does not answer us. */
  readonly indirectChecks: number;
  /** A message is sent this often, times the digits of the cluster's size. */
  readonly retransmitMult: number;
  /** A suspected member has this many probe intervals to refute, more in a cluster of more than ten. */
  readonly suspicionMult: number;
  /** Without confirmation by others it has this many times as long. */
  readonly suspicionMaxTimeoutMult: number;
  readonly pushPullIntervalMs: number;
  readonly probeIntervalMs: number;
  /** How long a ping may go unanswered before helpers are asked. Below half the interval, their nacks count. */
  readonly probeTimeoutMs: number;
  readonly disableTcpPings: boolean;
  /** Our own health score stays below this. */
  readonly awarenessMaxMultiplier: number;
  readonly gossipNodes: number;
  readonly gossipIntervalMs: number;
  /** How long the dead are still gossiped to, and remembered. */
  readonly gossipToTheDeadMs: number;
  /** How many bytes of a datagram gossip may fill. */
  readonly udpBufferSize: number;
  /** After this long a dead member's name may come back from another address. 0: never, until it is forgotten. */
  readonly deadNodeReclaimMs: number;
}

export const LAN: Tuning = {
  tcpTimeoutMs: 10_000,
  indirectChecks: 3,
  retransmitMult: 4,
  suspicionMult: 4,
  suspicionMaxTimeoutMult: 6,
  pushPullIntervalMs: 30_000,
  probeIntervalMs: 1000,
  probeTimeoutMs: 500,
  disableTcpPings: false,
  awarenessMaxMultiplier: 8,
  gossipNodes: 3,
  gossipIntervalMs: 200,
  gossipToTheDeadMs: 30_000,
  udpBufferSize: 1400,
  deadNodeReclaimMs: 0,
};

export const WAN: Tuning = {
  ...LAN,
  tcpTimeoutMs: 30_000,
  suspicionMult: 6,
  pushPullIntervalMs: 60_000,
  probeIntervalMs: 5000,
  probeTimeoutMs: 3000,
  gossipNodes: 4,
  gossipIntervalMs: 500,
  gossipToTheDeadMs: 60_000,
};

/** What the reference says of itself: it understands 1 to 5, speaks 2, and its application has no versions. */
export const VERSIONS: Versions = { min: 1, max: 5, current: 2, delegateMin: 0, delegateMax: 0, delegateCurrent: 0 };

export interface MemberlistSettings {
  /** This node's name: one character a byte. */
  readonly self: string;
  /** Where others reach us, sent as it is: 4 bytes for IPv4, 16 for IPv6. */
  readonly endpoint: Endpoint;
  /** At most 512 bytes. @default none */
  readonly meta?: Uint8Array;
  /** @default VERSIONS */
  readonly versions?: Versions;
  /** @default LAN */
  readonly tuning?: Tuning;
  /** Addresses to join, and to join again while no member has them. @default none */
  readonly join?: readonly Endpoint[];
  /** Between two attempts to join an address. @default 1000 */
  readonly rejoinIntervalMs?: number;
  /** How long an address may take to answer. One lost SYN is made good in a second, two in three. @default 3000 */
  readonly joinTimeoutMs?: number;
  /** Members remembered at most. Beyond, the longest gone make room; else newcomers are not let in. @default 4096 */
  readonly maxMembers?: number;
  /** What label and encryption add to each datagram. @default 0 */
  readonly overheadBytes?: number;
  /** The length of a message on the wire, its type byte included. */
  readonly sizeOf: (message: PacketMessage) => number;
  /** Between two warnings about the same thing. @default 10000 */
  readonly warnEveryMs?: number;
  /** Whatever chance decides follows from this. */
  readonly seed: number;
}

/** With nothing left to a default. */
export type Settings = Required<MemberlistSettings>;

export const MOST_META = 512;

export function withDefaults(settings: MemberlistSettings): Settings {
  return {
    meta: new Uint8Array(),
    versions: VERSIONS,
    tuning: LAN,
    join: [],
    rejoinIntervalMs: 1000,
    joinTimeoutMs: 3000,
    maxMembers: 4096,
    overheadBytes: 0,
    warnEveryMs: 10_000,
    ...settings,
  };
}
