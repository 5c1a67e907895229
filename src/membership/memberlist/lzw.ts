/**
 * LZW as in GIF (GIF89a, appendix F): bits from the lowest, codes of 9 to 12 bits over bytes, 256 to clear the table, 257 to end,
 * and a code grows a bit as soon as the next one needs it (no "early change", unlike TIFF).
 */
import { copyOf, GrowingBytes } from './bytes.js';
import type { DropReason } from './drop.js';

const CLEAR = 256;
const END = 257;
const WIDEST = 12;
const CODES = 1 << WIDEST;

/**
 * What `bytes` inflate to, whatever follows the end; 'too-large' as soon as it is more than `limit` bytes.
 * Memory grows with what is inflated, not with what anything says.
 */
export function inflateLzw(bytes: Uint8Array, limit: number): Uint8Array | DropReason {
  const out = new GrowingBytes();
  const prefixes = new Uint16Array(CODES);
  const suffixes = new Uint8Array(CODES);
  // An expansion is written from its end, since a code knows its last byte and what is before it.
  const expansion = new Uint8Array(CODES);
  let [width, highest] = [9, END];
  let last: number | undefined;
  for (let bit = 0; bit + width <= bytes.length * 8; ) {
    const code = codeAt(bytes, bit, width);
    bit += width;
    if (code === END) return copyOf(out.bytes);
    if (code === CLEAR) {
      [width, highest, last] = [9, END, undefined];
      continue;
    }
    if (code > highest) return 'malformed';
    // The one code that is not in the table yet is the one about to be defined: the last, and its own first byte again.
    const repeated = code === highest ? last : undefined;
    let from = repeated === undefined ? CODES : CODES - 1;
    let walk = repeated ?? code;
    for (; walk > END; walk = prefixes[walk] ?? 0) expansion[--from] = suffixes[walk] ?? 0;
    expansion[--from] = walk;
    if (repeated !== undefined) expansion[CODES - 1] = walk;
    if (out.length + CODES - from > limit) return 'too-large';
    out.append(expansion.subarray(from));
    if (last !== undefined) {
      prefixes[highest] = last;
      suffixes[highest] = walk;
    }
    last = code;
    highest++;
    if (highest < 1 << width) continue;
    // A full table stays as it is until it is cleared: without a last code, nothing is defined.
    if (width === WIDEST) [highest, last] = [highest - 1, undefined];
    else width++;
  }
  return 'truncated';
}

/** Codes have at most 12 bits, so that they lie in at most three bytes. */
function codeAt(bytes: Uint8Array, bit: number, width: number): number {
  const at = bit >>> 3;
  const three = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
  return (three >>> (bit & 7)) & ((1 << width) - 1);
}

/** Begins with a clear code, as the reference does, and clears the table when it is full. */
export function deflateLzw(bytes: Uint8Array): Uint8Array {
  const out = new CodeWriter();
  const table = new Map<number, number>();
  out.write(CLEAR);
  let prefix: number | undefined;
  for (const byte of bytes) {
    if (prefix === undefined) {
      prefix = byte;
      continue;
    }
    const key = (prefix << 8) | byte;
    const longer = table.get(key);
    if (longer === undefined) {
      const defined = out.writeData(prefix);
      if (defined === undefined) table.clear();
      else table.set(key, defined);
    }
    prefix = longer ?? byte;
  }
  if (prefix !== undefined) out.writeData(prefix);
  out.write(END);
  return out.finish();
}

/** Codes, packed from the lowest bit. It counts as the reader does, so that both agree on the width and number of each code. */
class CodeWriter {
  readonly #bytes: number[] = [];
  #bits = 0;
  #held = 0;
  #width = 9;
  #highest = END;

  write(code: number): void {
    this.#bits |= code << this.#held;
    for (this.#held += this.#width; this.#held >= 8; this.#held -= 8) {
      this.#bytes.push(this.#bits & 0xff);
      this.#bits >>>= 8;
    }
  }

  /** The code that the reader defines next; undefined if the table was full, and is cleared. */
  writeData(code: number): number | undefined {
    this.write(code);
    this.#highest++;
    if (this.#highest === 1 << this.#width) this.#width++;
    if (this.#highest < CODES - 1) return this.#highest;
    this.write(CLEAR);
    [this.#width, this.#highest] = [9, END];
    return undefined;
  }

  finish(): Uint8Array {
    if (this.#held > 0) this.#bytes.push(this.#bits & 0xff);
    return Uint8Array.from(this.#bytes);
  }
}
