/**
 * A UDP packet, in its layers: label, seal, CRC, then a message, or a compound or compressed one of messages.
 *
 * Every datagram of anybody comes here. Whatever it says, opening it takes memory in proportion to its own length and to
 * `maxInflated`, for all of its layers together, and never throws; what cannot be read is dropped for a reason, and the rest is heard.
 */
import { bytesOf, copyOf } from './bytes.js';
import { joinCompound, splitCompound } from './compound.js';
import { compress, decompress } from './compress.js';
import { addCrc, checkCrc } from './crc.js';
import { type DropReason, isDrop } from './drop.js';
import { addLabel, readLabel } from './label.js';
import type { PacketMessage } from './message.js';
import { type Key, type Sealing, seal, unseal } from './seal.js';
import { decodeSingle, encodeSingle, typed } from './single.js';
import { TYPE } from './wire.js';

/** Reference peers make two layers: a compound in a compressed one. */
const DEEPEST = 4;
/** What peers compress had to fit into a datagram as it was: their budget is for what is not compressed. */
const MAX_INFLATED = 1 << 16;

export interface PacketOpening {
  /** One character a byte; empty: none. */
  readonly label: string;
  /** Tried in this order; empty: packets are not sealed. */
  readonly keys: readonly Key[];
  /**
   * With keys: whether what none of them opens is read as it is, while a cluster changes to encryption.
   * @default false
   */
  readonly acceptPlaintext?: boolean;
  /**
   * Of all compressed messages in a packet together, in bytes.
   * @default 64 KiB
   */
  readonly maxInflated?: number;
}

export interface OpenedPacket {
  readonly messages: readonly PacketMessage[];
  /** One for each part that was dropped; the whole packet, if that is all there is. */
  readonly drops: readonly DropReason[];
}

export function openPacket(bytes: Uint8Array, opening: PacketOpening): OpenedPacket {
  const { maxInflated = MAX_INFLATED } = opening;
  const plaintext = plaintextOf(bytes, opening);
  const payload = !isDrop(plaintext) && plaintext[0] === TYPE.crc ? checkCrc(plaintext) : plaintext;
  if (isDrop(payload)) return { messages: [], drops: [payload] };
  const opened: Opened = { messages: [], drops: [], inflatable: maxInflated };
  openPayload(payload, DEEPEST, opened);
  return { messages: opened.messages, drops: opened.drops };
}

function plaintextOf(bytes: Uint8Array, { label, keys, acceptPlaintext = false }: PacketOpening): Uint8Array | DropReason {
  const read = readLabel(bytes);
  if (isDrop(read)) return read;
  if (read.label !== label) return 'label-mismatch';
  const rest = bytes.subarray(read.headerLength);
  if (keys.length === 0) return rest;
  return unseal(rest, bytesOf(label), keys) ?? (acceptPlaintext ? rest : 'not-decrypted');
}

/** What was found so far, and how many bytes may still be inflated. */
interface Opened {
  readonly messages: PacketMessage[];
  readonly drops: DropReason[];
  inflatable: number;
}

function openPayload(payload: Uint8Array, depth: number, opened: Opened): void {
  const [type, body] = [payload[0], payload.subarray(1)];
  if (type === TYPE.compound || type === TYPE.compress) {
    const drop = depth === 0 ? 'too-deep' : openLayer(type, body, depth - 1, opened);
    if (drop !== undefined) opened.drops.push(drop);
    return;
  }
  const message = decodePacketMessage(type, body);
  if (isDrop(message)) opened.drops.push(message);
  else opened.messages.push(message);
}

function openLayer(type: number, body: Uint8Array, depth: number, opened: Opened): DropReason | undefined {
  if (type === TYPE.compress) {
    const inflated = decompress(body, opened.inflatable);
    // What failed may have cost all of it.
    opened.inflatable -= isDrop(inflated) ? opened.inflatable : inflated.length;
    if (isDrop(inflated)) return inflated;
    openPayload(inflated, depth, opened);
    return undefined;
  }
  const split = splitCompound(body);
  if (isDrop(split)) return split;
  for (const part of split.parts) openPayload(part, depth, opened);
  for (let i = 0; i < split.cut; i++) opened.drops.push('truncated');
  return undefined;
}

function decodePacketMessage(type: number | undefined, body: Uint8Array): PacketMessage | DropReason {
  if (type === undefined) return 'truncated';
  if (type === TYPE.user) return { kind: 'user', body: copyOf(body) };
  const message = decodeSingle(type, body);
  return !isDrop(message) && message.kind === 'error' ? 'unknown-type' : message;
}

export interface PacketSealing {
  /** One character a byte; empty: none. */
  readonly label: string;
  /** Whether to compress what becomes shorter by it. */
  readonly compress: boolean;
  /** Only for peers that understand it: those of a `versions.max` from 5. */
  readonly crc: boolean;
  /** Absent: not encrypted. */
  readonly sealing?: Sealing;
}

/** The packet of 1 to 255 messages. More, or a message beyond 65,535 bytes among others, is a bug of the caller, and throws. */
export function sealPacket(messages: readonly PacketMessage[], options: PacketSealing): Uint8Array {
  const parts = messages.map(encodePacketMessage);
  const [first, ...others] = parts;
  const plain = first !== undefined && others.length === 0 ? first : joinCompound(parts);
  const compressed = options.compress ? compress(plain) : plain;
  const shorter = compressed.length < plain.length ? compressed : plain;
  const payload = options.crc ? addCrc(shorter) : shorter;
  const { label, sealing } = options;
  return addLabel(label, sealing === undefined ? payload : seal(payload, bytesOf(label), sealing));
}

/** The message as it stands in a packet, of which its length is a part of the budget. */
export const encodePacketMessage = (message: PacketMessage): Uint8Array =>
  message.kind === 'user' ? typed(TYPE.user, message.body) : encodeSingle(message);
