/**
 * Byte strings: the few things that every layer of the wire needs. Whatever is kept of received bytes is copied, never a view:
 * a view would keep the whole datagram alive, and change with a buffer that its owner uses again.
 */
export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A copy that shares nothing. (`slice` would not do: of a `Buffer`, it is a view.) */
export const copyOf = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes);

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Far fewer than a call has room for arguments. */
const AT_ONCE = 4096;

/** One character a byte: nothing is lost, whether or not the bytes are UTF-8. */
export function textOf(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += AT_ONCE) text += String.fromCharCode(...bytes.subarray(at, at + AT_ONCE));
  return text;
}

/** The inverse of {@link textOf}. A character beyond U+00FF is a bug of the caller, and throws. */
export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) throw new RangeError(`"${text}" is not a text of one byte a character`);
    bytes[i] = code;
  }
  return bytes;
}

/** Bytes that become more. Appending costs their number, however they are cut; memory stays below twice what was appended. */
export class GrowingBytes {
  #room = new Uint8Array(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** A view, until the next `append`. */
  get bytes(): Uint8Array {
    return this.#room.subarray(0, this.#length);
  }

  append(more: Uint8Array): void {
    const length = this.#length + more.length;
    if (length > this.#room.length) {
      const room = new Uint8Array(Math.max(length, 2 * this.#length));
      room.set(this.bytes);
      this.#room = room;
    }
    this.#room.set(more, this.#length);
    this.#length = length;
  }
}
