/**
 * The bytes of a stream so far, and readings of them: generators that yield for as long as they need more, so that what is read of
 * a stream is written down as if all of it were there. No byte is looked at twice however the bytes are cut, but for the copy
 * when their room doubles and once more when a value that is there as a whole is decoded.
 */
import { copyOf, GrowingBytes } from './bytes.js';
import { type DropReason, isDrop } from './drop.js';
import { decodeStruct, type Schema, type Values } from './msgpack.js';
import { isWhole, scanFrom, scanOn } from './value.js';

/** Ends with what was read, after yielding each time that more bytes are needed. */
export type Reading<T> = Generator<undefined, T, undefined>;

export interface Incoming {
  readonly bytes: GrowingBytes;
  /** How far it was read. */
  at: number;
  /** How far it may go: whatever says that it goes farther is too large, before it has come. */
  most: number;
  /** How many msgpack values it may still have. They cost time that bytes do not, and a few of which LZW makes millions. */
  values: number;
}

/** Bytes that are there as a whole: what goes beyond them is cut, see {@link readWhole}. */
export function incomingOf(whole: Uint8Array, values: number): Incoming {
  const bytes = new GrowingBytes();
  bytes.append(whole);
  return { bytes, at: 0, most: Number.POSITIVE_INFINITY, values };
}

/** Reads what is there as a whole: needing more means that it is cut. */
export function readWhole<T>(reading: Reading<T>): T | DropReason {
  const step = reading.next();
  return step.done === true ? step.value : 'truncated';
}

/** Waits until `length` bytes are there, and gives them without passing them. A view, until more bytes come. */
export function* peek(input: Incoming, length: number): Reading<Uint8Array> {
  while (input.bytes.length - input.at < length) yield;
  return input.bytes.bytes.subarray(input.at, input.at + length);
}

/** A copy of the next `length` bytes. */
export function* readBytes(input: Incoming, length: number): Reading<Uint8Array | DropReason> {
  if (input.at + length > input.most) return 'too-large';
  const bytes = copyOf(yield* peek(input, length));
  input.at += length;
  return bytes;
}

/** The bytes of the next msgpack value. A view, until more bytes come. */
export function* readValue(input: Incoming): Reading<Uint8Array | DropReason> {
  let scan = scanFrom(input.at);
  for (;;) {
    const next = scanOn(input.bytes.bytes, scan);
    if (next === 'malformed') return next;
    scan = next;
    if (scan.at + scan.pending > input.most || scan.values > input.values) return 'too-large';
    if (isWhole(input.bytes.bytes, scan)) break;
    yield;
  }
  const value = input.bytes.bytes.subarray(input.at, scan.at);
  input.at = scan.at;
  input.values -= scan.values;
  return value;
}

export function* readStruct<S extends Schema>(input: Incoming, schema: S): Reading<Values<S> | DropReason> {
  const value = yield* readValue(input);
  return isDrop(value) ? value : decodeStruct(schema, value);
}
