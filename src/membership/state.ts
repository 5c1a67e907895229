/**
 * What a node that sends and hears heartbeats is told at its start, and what it holds from then on.
 */
import type { Mac } from '../net/mac.js';
import type { BootId } from './beat.js';
import type { Whereabouts } from './mixed.js';
import type { Peer, Rival } from './peer.js';
import type { Warnings } from './warnings.js';

export interface HeartbeatSettings {
  /** This node's name: `isNodeName` holds for it. */
  readonly self: string;
  readonly bootId: BootId;
  /** The addresses of `--join`, resolved, as `host:port`. They get beats for ever, heard or not. */
  readonly join: readonly string[];
  /** Names of `--join` that have no address yet: nothing can be heard from them. @default none */
  readonly nameless?: readonly string[];
  /** Between two beats of ours in a cluster that is not large (voice.ts). @default 100 */
  readonly intervalMs?: number;
  /** Beats of a peer that may be missed. @default 3 */
  readonly missed?: number;
  /** Added to the silence allowed: what the way and two busy loops may add to one beat. @default 10 */
  readonly graceMs?: number;
  /** How long a starting node waits for its peers beyond the intervals it lets them miss. @default 200 */
  readonly settleMs?: number;
  /** How long a starting node waits at most for `joined`. 0: nobody joins anybody. @default 0 */
  readonly joinMs?: number;
  /** It was started to spread addresses over the nodes, and says so. @default false */
  readonly spreads?: boolean;
  /** How long a silent or left member stays listed. @default 600000 */
  readonly forgetAfterMs?: number;
  /** Members remembered at most. Beyond, those not alive make room, longest gone first; else newcomers wait. @default 256 */
  readonly maxMembers?: number;
  /** Between two warnings about the same thing. @default 10000 */
  readonly warnEveryMs?: number;
}

export interface Heartbeat {
  readonly settings: Required<HeartbeatSettings>;
  readonly startedAt: number;
  /** Of our newest beat; one that had no receiver counts, so that it tells how long this node runs. */
  readonly sequence: number;
  /** By name. It changes in place: in a large cluster a beat comes every few milliseconds, and changes one of a hundred. */
  readonly peers: Map<string, Peer>;
  /** This node's view is synced and its capture open. */
  readonly ready: boolean;
  /** Of the interfaces on which this node claims addresses. */
  readonly macs: readonly Mac[];
  readonly leaving: boolean;
  readonly returning: boolean;
  readonly stale: boolean;
  /** `until` is when the wait ends if not every address is heard before; `joinBy`, when joining is waited for no longer. */
  readonly start: { readonly kind: 'settling'; readonly until: number; readonly joinBy: number } | { readonly kind: 'settled' };
  /** Where members are, as memberlist tells. */
  readonly told: Whereabouts;
  /** Of `join` and of what memberlist tells of ours: those heard from. */
  readonly heard: ReadonlySet<string>;
  /** Addresses at which we heard ourselves: `--join` may list every node, this one too. */
  readonly own: ReadonlySet<string>;
  /** Others that go by our name. */
  readonly namesakes: readonly Rival[];
  readonly nextBeatAt: number;
  /** From our newest beat to the next at most, as it told its receivers. */
  readonly intervalMs: number;
  /** Our newest beat had no receiver. */
  readonly alone: boolean;
  /** When the tick is due, in milliseconds of the injected clock. What `tick` measures its own lateness from. */
  readonly wakeAt: number;
  /** By contested name, and one for a full table. */
  readonly warned: Warnings;
}
