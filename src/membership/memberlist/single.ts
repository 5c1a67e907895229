/**
 * Messages that are one type byte and one struct, wherever they stand: all but those that only streams have, and what an
 * application says.
 */
import { concat } from './bytes.js';
import { type DropReason, isDrop } from './drop.js';
import type { Claim, IndirectPing, Message, Ping, PushPull, UserMessage } from './message.js';
import { decodeStruct, encodeStruct } from './msgpack.js';
import { bytesOfVersions, faultOf, fieldsOfSource, isAddress, isTooLong, sourceOf, versionsOf } from './node.js';
import { ACCUSATION, ACK, ALIVE, ERROR, INDIRECT_PING, NACK, PING, TYPE } from './wire.js';

type Single = Exclude<Message, PushPull | UserMessage>;

/** The message with its type byte. A field out of bounds is a bug of the caller, and throws. */
export function encodeSingle(message: Single): Uint8Array {
  switch (message.kind) {
    case 'ping': {
      const { seqNo, node, source } = message;
      return typed(TYPE.ping, encodeStruct(PING, { SeqNo: seqNo, Node: node, ...fieldsOfSource(source) }));
    }
    case 'indirect-ping': {
      const { seqNo, node, target, nack, source } = message;
      const asked = { SeqNo: seqNo, Target: target.address, Port: target.port, Node: node, Nack: nack };
      return typed(TYPE.indirectPing, encodeStruct(INDIRECT_PING, { ...asked, ...fieldsOfSource(source) }));
    }
    case 'ack':
      return typed(TYPE.ack, encodeStruct(ACK, { SeqNo: message.seqNo, Payload: message.payload }));
    case 'nack':
      return typed(TYPE.nack, encodeStruct(NACK, { SeqNo: message.seqNo }));
    case 'error':
      return typed(TYPE.error, encodeStruct(ERROR, { Error: message.error }));
    case 'suspect':
    case 'dead': {
      const { kind, incarnation, node, from } = message;
      return typed(TYPE[kind], encodeStruct(ACCUSATION, { Incarnation: incarnation, Node: node, From: from }));
    }
    case 'alive': {
      const { incarnation, node, address, port, meta, versions } = message;
      const fields = { Incarnation: incarnation, Node: node, Addr: address, Port: port, Meta: meta };
      return typed(TYPE.alive, encodeStruct(ALIVE, { ...fields, Vsn: bytesOfVersions(versions) }));
    }
  }
}

export const typed = (type: number, body: Uint8Array): Uint8Array => concat(Uint8Array.of(type), body);

/** The message of that type, whose struct `body` begins with. */
export function decodeSingle(type: number, body: Uint8Array): Single | DropReason {
  switch (type) {
    case TYPE.ping:
      return decodePing(body);
    case TYPE.indirectPing:
      return decodeIndirectPing(body);
    case TYPE.ack: {
      const fields = decodeStruct(ACK, body);
      return isDrop(fields) ? fields : { kind: 'ack', seqNo: fields.SeqNo, payload: fields.Payload };
    }
    case TYPE.nack: {
      const fields = decodeStruct(NACK, body);
      return isDrop(fields) ? fields : { kind: 'nack', seqNo: fields.SeqNo };
    }
    case TYPE.error: {
      const fields = decodeStruct(ERROR, body);
      return isDrop(fields) ? fields : { kind: 'error', error: fields.Error };
    }
    case TYPE.suspect:
      return decodeAccusation('suspect', body);
    case TYPE.dead:
      return decodeAccusation('dead', body);
    case TYPE.alive:
      return decodeAlive(body);
    default:
      return 'unknown-type';
  }
}

function decodePing(body: Uint8Array): Ping | DropReason {
  const fields = decodeStruct(PING, body);
  return isDrop(fields) ? fields : { kind: 'ping', seqNo: fields.SeqNo, node: fields.Node, ...sourceOf(fields) };
}

function decodeIndirectPing(body: Uint8Array): IndirectPing | DropReason {
  const fields = decodeStruct(INDIRECT_PING, body);
  if (isDrop(fields)) return fields;
  const { SeqNo: seqNo, Node: node, Target: address, Port: port, Nack: nack } = fields;
  if (!isAddress(address)) return 'malformed';
  return { kind: 'indirect-ping', seqNo, node, target: { address, port }, nack, ...sourceOf(fields) };
}

function decodeAccusation(kind: 'suspect' | 'dead', body: Uint8Array): Claim | DropReason {
  const fields = decodeStruct(ACCUSATION, body);
  if (isDrop(fields)) return fields;
  const { Node: node, Incarnation: incarnation, From: from } = fields;
  return isTooLong(node) || isTooLong(from) ? 'too-large' : { kind, node, incarnation, from };
}

function decodeAlive(body: Uint8Array): Claim | DropReason {
  const fields = decodeStruct(ALIVE, body);
  if (isDrop(fields)) return fields;
  const { Node: node, Incarnation: incarnation, Addr: address, Port: port, Meta: meta, Vsn } = fields;
  const versions = versionsOf(Vsn);
  if (versions === undefined) return 'bad-versions';
  return faultOf(node, address, meta) ?? { kind: 'alive', node, incarnation, address, port, meta, versions };
}
