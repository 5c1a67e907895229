/**
 * The messages of streams, without their layers. Nothing says how long one is but itself:
 *
 *   | 06 | struct: join, n, m | n structs, one a node | m bytes of user state |
 *   | 08 | struct: m          | m bytes               |
 *   | 00, 02 or 0d | struct   |
 */
import { concat } from './bytes.js';
import { type DropReason, isDrop } from './drop.js';
import { type Incoming, peek, type Reading, readBytes, readStruct, readValue } from './incoming.js';
import { NODE_STATES, type NodeState, type PushPull, type StreamMessage } from './message.js';
import { encodeStruct, type Values } from './msgpack.js';
import { bytesOfVersions, faultOf, versionsOf } from './node.js';
import { decodeSingle, encodeSingle, typed } from './single.js';
import { NODE_STATE, PUSH_PULL, TYPE, USER_HEADER } from './wire.js';

export function encodeStreamMessage(message: StreamMessage): Uint8Array {
  if (message.kind === 'user') {
    return concat(typed(TYPE.user, encodeStruct(USER_HEADER, { UserMsgLen: message.body.length })), message.body);
  }
  if (message.kind !== 'push-pull') return encodeSingle(message);
  const { join, nodes, userState } = message;
  const header = encodeStruct(PUSH_PULL, { Nodes: nodes.length, UserStateLen: userState.length, Join: join });
  return concat(typed(TYPE.pushPull, header), ...nodes.map(encodeNodeState), userState);
}

const encodeNodeState = ({ name, address, port, meta, incarnation, state, versions }: NodeState): Uint8Array =>
  encodeStruct(NODE_STATE, {
    Name: name,
    Addr: address,
    Port: port,
    Meta: meta,
    Incarnation: incarnation,
    State: NODE_STATES.indexOf(state),
    Vsn: bytesOfVersions(versions),
  });

export interface Received {
  readonly message: StreamMessage;
  /** One for each node of a push-pull that was dropped. */
  readonly drops: readonly DropReason[];
}

/** The message whose type byte comes next. */
export function* readStreamMessage(input: Incoming, maxNodes: number): Reading<Received | DropReason> {
  const [type] = yield* peek(input, 1);
  input.at++;
  switch (type) {
    case TYPE.pushPull:
      return yield* readPushPull(input, maxNodes);
    case TYPE.user: {
      const header = yield* readStruct(input, USER_HEADER);
      const body = isDrop(header) ? header : yield* readBytes(input, header.UserMsgLen);
      return isDrop(body) ? body : { message: { kind: 'user', body }, drops: [] };
    }
    case TYPE.ping:
    case TYPE.ack:
    case TYPE.error: {
      const value = yield* readValue(input);
      const message = isDrop(value) ? value : decodeSingle(type, value);
      return isDrop(message) ? message : isForStreams(message) ? { message, drops: [] } : 'unknown-type';
    }
    default:
      return 'unknown-type';
  }
}

const isForStreams = (message: { readonly kind: string }): message is StreamMessage =>
  message.kind === 'ping' || message.kind === 'ack' || message.kind === 'error';

function* readPushPull(input: Incoming, maxNodes: number): Reading<Received | DropReason> {
  const header = yield* readStruct(input, PUSH_PULL);
  if (isDrop(header)) return header;
  if (header.Nodes > maxNodes) return 'too-large';
  const nodes: NodeState[] = [];
  const drops: DropReason[] = [];
  for (let i = 0; i < header.Nodes; i++) {
    const fields = yield* readStruct(input, NODE_STATE);
    if (isDrop(fields)) return fields;
    const node = nodeStateOf(fields);
    if (isDrop(node)) drops.push(node);
    else nodes.push(node);
  }
  const userState = yield* readBytes(input, header.UserStateLen);
  if (isDrop(userState)) return userState;
  const message: PushPull = { kind: 'push-pull', join: header.Join, nodes, userState };
  return { message, drops };
}

function nodeStateOf(fields: Values<typeof NODE_STATE>): NodeState | DropReason {
  const { Name: name, Addr: address, Port: port, Meta: meta, Incarnation: incarnation } = fields;
  const versions = versionsOf(fields.Vsn);
  if (versions === undefined) return 'bad-versions';
  const state = NODE_STATES[fields.State];
  if (state === undefined) return 'malformed';
  return faultOf(name, address, meta) ?? { name, address, port, meta, incarnation, state, versions };
}
