/**
 * What members of a memberlist cluster say to each other (hashicorp/memberlist 0.5, protocol versions 1 to 5), without any
 * bytes. Names follow the reference: a `ping` asks for an `ack`; `alive`, `suspect` and `dead` are gossip about a node; `push-pull`
 * is an exchange of all that two nodes know.
 *
 * Node names are byte strings there, and need not be UTF-8: here they are texts of one character a byte (latin1). Addresses are
 * opaque: 4 or 16 bytes, equal only if their bytes are, and passed on as they came.
 */

export type Message = PacketMessage | StreamMessage;

export type PacketMessage = Ping | IndirectPing | Ack | Nack | Claim | UserMessage;

/** Gossip about one node. */
export type Claim = Alive | Suspect | Dead;

/** On a stream: one of these and at most one answer. */
export type StreamMessage = Ping | Ack | PushPull | UserMessage | ErrorMessage;

/** Where a node listens, over UDP and TCP. */
export interface Endpoint {
  readonly address: Uint8Array;
  /** 0: the receiver's own. */
  readonly port: number;
}

export interface Ping {
  readonly kind: 'ping';
  readonly seqNo: number;
  /** Who is meant: another that got the address since must not answer. Empty: whoever listens. */
  readonly node: string;
  /** Where to answer; undefined: to where it came from. */
  readonly source?: Endpoint & { readonly node: string };
}

export interface IndirectPing {
  readonly kind: 'indirect-ping';
  readonly seqNo: number;
  readonly node: string;
  readonly target: Endpoint;
  /** Whether the asker wants to hear of a ping that failed, too. */
  readonly nack: boolean;
  readonly source?: Endpoint & { readonly node: string };
}

export interface Ack {
  readonly kind: 'ack';
  readonly seqNo: number;
  /** Empty: none. */
  readonly payload: Uint8Array;
}

export interface Nack {
  readonly kind: 'nack';
  readonly seqNo: number;
}

export interface Alive extends Endpoint {
  readonly kind: 'alive';
  readonly node: string;
  readonly incarnation: number;
  /** Empty: none. At most 512 bytes. */
  readonly meta: Uint8Array;
  readonly versions: Versions;
}

export interface Suspect {
  readonly kind: 'suspect';
  readonly node: string;
  readonly incarnation: number;
  /** Who says so. */
  readonly from: string;
}

/** From the node itself, it says that it leaves. */
export interface Dead {
  readonly kind: 'dead';
  readonly node: string;
  readonly incarnation: number;
  readonly from: string;
}

/** Whatever an application says; opaque here. */
export interface UserMessage {
  readonly kind: 'user';
  readonly body: Uint8Array;
}

export interface PushPull {
  readonly kind: 'push-pull';
  /** The sender is about to join. An answer repeats it. */
  readonly join: boolean;
  /** Everything the sender knows, itself included. */
  readonly nodes: readonly NodeState[];
  /** Empty: none. */
  readonly userState: Uint8Array;
}

export const NODE_STATES = ['alive', 'suspect', 'dead', 'left'] as const;

export interface NodeState extends Endpoint {
  readonly name: string;
  readonly incarnation: number;
  readonly meta: Uint8Array;
  readonly state: (typeof NODE_STATES)[number];
  readonly versions: Versions;
}

export interface ErrorMessage {
  readonly kind: 'error';
  readonly error: string;
}

/** Protocol versions a node understands and speaks, then those of its application: one byte each. */
export interface Versions {
  readonly min: number;
  readonly max: number;
  readonly current: number;
  readonly delegateMin: number;
  readonly delegateMax: number;
  readonly delegateCurrent: number;
}
