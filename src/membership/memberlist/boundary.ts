/**
 * What a member of a memberlist cluster is told, and what it wants done about it. Who performs the effects owns sockets, bytes and
 * keys; nothing here knows of any.
 */
import type { Endpoint, PacketMessage, StreamMessage } from './message.js';
import type { RefusalReason } from './pushpull.js';
import type { MemberRecord } from './record.js';

export type MemberlistInput =
  /** The time asked for by `wakeAt` has come. Coming early does nothing. */
  | { readonly kind: 'tick' }
  /** All that one datagram held. */
  | { readonly kind: 'packet'; readonly from: Endpoint; readonly messages: readonly PacketMessage[] }
  /** The message with this number could not be sent: by the network's fault, or by one of ours that tells nothing of others. */
  | { readonly kind: 'send-failed'; readonly seqNo: number; readonly because: 'network' | 'local' }
  /** Somebody opened a stream to us and said this. It waits for one answer, or to be closed. */
  | { readonly kind: 'stream-request'; readonly request: number; readonly from: Endpoint; readonly message: StreamMessage }
  /** The answer on a stream that we opened. */
  | { readonly kind: 'stream-answer'; readonly stream: number; readonly message: StreamMessage }
  /** A stream that we opened brings no answer any more. */
  | { readonly kind: 'stream-failed'; readonly stream: number }
  /** The addresses to join are these now. */
  | { readonly kind: 'join'; readonly endpoints: readonly Endpoint[] }
  /** Our metadata are these now: at most 512 bytes, or nobody believes them. */
  | { readonly kind: 'meta'; readonly meta: Uint8Array }
  /** A faster detector than ours holds this node for silent, or is sure that it is dead: all members shall know. */
  | { readonly kind: 'accuse'; readonly name: string; readonly evidence: 'suspect' | 'dead' }
  /** Tells the others that we leave. `gone` follows when they know, `timeoutMs` from now at the latest. */
  | { readonly kind: 'leave'; readonly timeoutMs: number };

export type MemberlistEffect =
  /** One datagram; a compound message if it holds several. With a `seqNo`, its failure is to be told. */
  | { readonly kind: 'send'; readonly to: Endpoint; readonly messages: readonly PacketMessage[]; readonly seqNo?: number }
  /** Answer or failure are told under this number. After `until` nobody waits for them any more. */
  | {
      readonly kind: 'open-stream';
      readonly stream: number;
      readonly to: Endpoint;
      readonly message: StreamMessage;
      readonly until: number;
    }
  | { readonly kind: 'answer-stream'; readonly request: number; readonly message: StreamMessage }
  | { readonly kind: 'close-stream'; readonly request: number }
  /** Not of the protocol: for whoever else shares its port. */
  | { readonly kind: 'user'; readonly from: Endpoint; readonly body: Uint8Array }
  | MemberEvent
  /** What this node told of everything it knows is not believed. */
  | { readonly kind: 'refused'; readonly from: Endpoint; readonly because: RefusalReason }
  /** It answers over TCP but not over UDP. */
  | { readonly kind: 'udp-broken'; readonly node: MemberRecord }
  /** Each address to join was tried once. `unreached` are those that did not answer. */
  | { readonly kind: 'join-settled'; readonly unreached: readonly Endpoint[] }
  /** The others know that we leave, as far as we could tell them. */
  | { readonly kind: 'gone' };

/** What changed among the members; ourselves are one of them. */
export type MemberEvent =
  | { readonly kind: 'joined'; readonly node: MemberRecord }
  /** Its metadata changed. */
  | { readonly kind: 'updated'; readonly node: MemberRecord }
  /** Whether it said so itself or is believed dead, its state tells. */
  | { readonly kind: 'left'; readonly node: MemberRecord }
  /** It has been gone for long. */
  | { readonly kind: 'forgotten'; readonly name: string }
  /** Another node says that it goes by the name of this one. */
  | { readonly kind: 'conflict'; readonly node: MemberRecord; readonly other: Endpoint }
  /** An unknown node is ignored, because as many as may be are known and alive. */
  | { readonly kind: 'too-many-members'; readonly name: string };
