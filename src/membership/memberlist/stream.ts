/**
 * A TCP stream: one message, and at most one answer, each in its layers: label (of the initiator alone), seal, compression.
 *
 *   | label header | 0a | length of the block | block: the message, compressed or not, sealed |
 *
 * Neither side ends its half before the answer, so that the end of a message is found in the message. What is sealed covers its
 * five bytes of header and then the label, of the answer too, which does not carry it.
 */
import { bytesOf, concat, GrowingBytes, viewOf } from './bytes.js';
import { compress, decompress } from './compress.js';
import { type DropReason, isDrop } from './drop.js';
import { type Incoming, incomingOf, peek, type Reading, readBytes, readValue, readWhole } from './incoming.js';
import { addLabel, readLabel } from './label.js';
import type { StreamMessage } from './message.js';
import { type Key, type Sealing, seal, sealedLength, unseal } from './seal.js';
import { typed } from './single.js';
import { encodeStreamMessage, type Received, readStreamMessage } from './streammessage.js';
import { TYPE } from './wire.js';

const HEADER_LENGTH = 5;
const MAX_BYTES = 4 << 20;
const MAX_NODES = 4096;
/** A node is a struct of seven keys and values, whose byte strings may be arrays: as many again, and as much as one meta. */
const valuesOf = (maxNodes: number): number => 1024 + 32 * maxNodes;

/** Who opened the connection, or who answers on it. */
type Role = 'initiator' | 'responder';

export interface StreamOpening {
  /** Whose words are read. */
  readonly from: Role;
  /** One character a byte; empty: none. */
  readonly label: string;
  /** Tried in this order; empty: streams are not sealed. */
  readonly keys: readonly Key[];
  /**
   * With keys: whether a stream that is not sealed is read.
   * @default false
   */
  readonly acceptPlaintext?: boolean;
  /**
   * Of a message, sealed and not, compressed and inflated. (The reference takes 20 MiB.)
   * @default 4 MiB
   */
  readonly maxBytes?: number;
  /**
   * Of a push-pull.
   * @default 4096
   */
  readonly maxNodes?: number;
}

export type StreamStep =
  | { readonly kind: 'more' }
  | ({ readonly kind: 'message' } & Received)
  | { readonly kind: 'drop'; readonly reason: DropReason };

const MORE: StreamStep = { kind: 'more' };

/**
 * Reads one message off a stream, however its bytes are cut, in time and memory proportional to them. A stream that ends while
 * the reader asks for more is cut; bytes behind the message are not looked at.
 */
export class StreamReader {
  readonly #input: Incoming = { bytes: new GrowingBytes(), at: 0, most: 0, values: 0 };
  readonly #reading: Reading<Received | DropReason>;
  #step = MORE;

  constructor(opening: StreamOpening) {
    this.#reading = readStream(this.#input, opening);
  }

  /** What is known after `chunk` came. Once it is a message or a drop, it stays so. */
  push(chunk: Uint8Array): StreamStep {
    if (this.#step.kind !== 'more') return this.#step;
    this.#input.bytes.append(chunk);
    const { done, value } = this.#reading.next();
    if (done === true) this.#step = isDrop(value) ? { kind: 'drop', reason: value } : { kind: 'message', ...value };
    return this.#step;
  }
}

function* readStream(input: Incoming, opening: StreamOpening): Reading<Received | DropReason> {
  const { from, label, keys, acceptPlaintext = false, maxBytes = MAX_BYTES, maxNodes = MAX_NODES } = opening;
  const labelled = from === 'initiator' ? yield* readStreamLabel(input) : label;
  if (typeof labelled !== 'string') return labelled.drop;
  if (labelled !== label) return 'label-mismatch';
  input.most = input.at + maxBytes;
  input.values = valuesOf(maxNodes);
  const [type] = yield* peek(input, 1);
  if (type !== TYPE.encrypt) {
    return keys.length === 0 || acceptPlaintext ? yield* readInflated(input, maxBytes, maxNodes) : 'not-decrypted';
  }
  if (keys.length === 0) return 'not-decrypted';
  const plaintext = yield* readSealed(input, label, keys);
  return isDrop(plaintext) ? plaintext : readWhole(readInflated(incomingOf(plaintext, valuesOf(maxNodes)), maxBytes, maxNodes));
}

/** Label and drop reason are both texts: here, the drop is wrapped. */
function* readStreamLabel(input: Incoming): Reading<string | { readonly drop: DropReason }> {
  const [type] = yield* peek(input, 1);
  const [, length = 0] = type === TYPE.label ? yield* peek(input, 2) : [];
  const read = readLabel(yield* peek(input, type === TYPE.label ? 2 + length : 1));
  if (isDrop(read)) return { drop: read };
  input.at += read.headerLength;
  return read.label;
}

function* readSealed(input: Incoming, label: string, keys: readonly Key[]): Reading<Uint8Array | DropReason> {
  const header = yield* readBytes(input, HEADER_LENGTH);
  if (isDrop(header)) return header;
  input.most += HEADER_LENGTH;
  const block = yield* readBytes(input, viewOf(header).getUint32(1));
  if (isDrop(block)) return block;
  return unseal(block, concat(header, bytesOf(label)), keys) ?? 'not-decrypted';
}

/** A compressed message in a compressed one is none: nobody writes it. */
function* readInflated(input: Incoming, maxBytes: number, maxNodes: number): Reading<Received | DropReason> {
  const [type] = yield* peek(input, 1);
  if (type !== TYPE.compress) return yield* readStreamMessage(input, maxNodes);
  input.at++;
  const body = yield* readValue(input);
  const inflated = isDrop(body) ? body : decompress(body, maxBytes);
  return isDrop(inflated) ? inflated : readWhole(readStreamMessage(incomingOf(inflated, valuesOf(maxNodes)), maxNodes));
}

export interface StreamSealing {
  /** Who writes. */
  readonly role: Role;
  /** One character a byte; empty: none. */
  readonly label: string;
  /** Whether to compress, even what becomes longer by it, as the reference does. */
  readonly compress: boolean;
  /** Absent: not encrypted. */
  readonly sealing?: Sealing;
}

/** All that one side writes on a stream. */
export function sealStream(message: StreamMessage, { role, label, compress: compressing, sealing }: StreamSealing): Uint8Array {
  const plain = encodeStreamMessage(message);
  const payload = compressing ? compress(plain) : plain;
  const sealed = sealing === undefined ? payload : sealPayload(payload, label, sealing);
  return role === 'initiator' ? addLabel(label, sealed) : sealed;
}

function sealPayload(payload: Uint8Array, label: string, sealing: Sealing): Uint8Array {
  const header = typed(TYPE.encrypt, new Uint8Array(HEADER_LENGTH - 1));
  viewOf(header).setUint32(1, sealedLength(payload.length, sealing.version));
  return concat(header, seal(payload, concat(header, bytesOf(label)), sealing));
}
