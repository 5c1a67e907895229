/**
 * How what memberlist says becomes bytes in this cluster, and back: sealed where there is a key, without a label as MetalLB has none,
 * never compressed and without checksums of its own, all of which every peer reads.
 */
import { randomBytes } from 'node:crypto';
import type { PacketMessage, StreamMessage } from '../../../src/membership/memberlist/message.js';
import { type OpenedPacket, openPacket, sealPacket } from '../../../src/membership/memberlist/packet.js';
import { type Key, NONCE_LENGTH, type Sealing, sealedLength } from '../../../src/membership/memberlist/seal.js';
import { StreamReader, sealStream } from '../../../src/membership/memberlist/stream.js';

/** Thousands of nodes fit in. (The default is made for more than a speaker has.) */
const MOST_STREAM_BYTES = 1 << 19;

type Role = 'initiator' | 'responder';

export class Envelope {
  readonly #key: Key | undefined;

  constructor(key: Key | undefined) {
    this.#key = key;
  }

  get isSealed(): boolean {
    return this.#key !== undefined;
  }

  /** What sealing adds to each datagram. */
  get overheadBytes(): number {
    return this.isSealed ? sealedLength(0) : 0;
  }

  packet(messages: readonly PacketMessage[]): Uint8Array {
    return sealPacket(messages, { label: '', compress: false, crc: false, ...this.#sealing() });
  }

  open(bytes: Uint8Array): OpenedPacket {
    return openPacket(bytes, { label: '', keys: this.#keys() });
  }

  stream(message: StreamMessage, role: Role): Uint8Array {
    return sealStream(message, { role, label: '', compress: false, ...this.#sealing() });
  }

  /** Reads what the other side says, `from` being its role. */
  reader(from: Role): StreamReader {
    return new StreamReader({ from, label: '', keys: this.#keys(), maxBytes: MOST_STREAM_BYTES });
  }

  #keys(): readonly Key[] {
    return this.#key === undefined ? [] : [this.#key];
  }

  #sealing(): { readonly sealing?: Sealing } {
    return this.#key === undefined ? {} : { sealing: { key: this.#key, nonce: randomBytes(NONCE_LENGTH) } };
  }
}
