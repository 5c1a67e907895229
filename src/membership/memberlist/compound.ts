/**
 * Several messages in one packet, at most 255 of at most 65,535 bytes:
 *
 *   0    1   2           2 + 2n
 *   | 07 | n | n lengths | n messages |
 */
import { concat, viewOf } from './bytes.js';
import type { DropReason } from './drop.js';
import { TYPE } from './wire.js';

const MOST_PARTS = 0xff;
const LONGEST_PART = 0xffff;

/** More or longer parts than a compound holds are a bug of the caller, who has a budget far below them, and throw. */
export function joinCompound(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 0 || parts.length > MOST_PARTS) throw new RangeError(`${parts.length} messages are no compound`);
  const head = new Uint8Array(2 + 2 * parts.length);
  head.set([TYPE.compound, parts.length]);
  for (const [i, { length }] of parts.entries()) {
    if (length > LONGEST_PART) throw new RangeError(`${length} bytes are too long for a compound`);
    viewOf(head).setUint16(2 + 2 * i, length);
  }
  return concat(head, ...parts);
}

interface Split {
  /** Views of the parts that are there as a whole. */
  readonly parts: readonly Uint8Array[];
  /** How many parts, from the first that runs past the end, are not. */
  readonly cut: number;
}

/** The parts of a compound, whose `body` comes behind its type byte. */
export function splitCompound(body: Uint8Array): Split | DropReason {
  const count = body[0];
  if (count === undefined || body.length < 1 + 2 * count) return 'truncated';
  const parts: Uint8Array[] = [];
  let at = 1 + 2 * count;
  for (let i = 0; i < count; i++) {
    const end = at + viewOf(body).getUint16(1 + 2 * i);
    if (end > body.length) break;
    parts.push(body.subarray(at, end));
    at = end;
  }
  return { parts, cut: count - parts.length };
}
