/**
 * Values of msgpack by their beginnings: of what family one is, and where it ends. Nothing recurses, however deep values are nested:
 * a value is passed by counting how many are still to come.
 */
import { viewOf } from './bytes.js';

export type Fault = 'truncated' | 'malformed';

type Family = 'nil' | 'bool' | 'int' | 'raw' | 'array' | 'map' | 'other';

/** The beginning of a value: its family, and a number: the int or bool itself, the bytes that follow, or how many items do. */
export interface Head {
  readonly family: Family;
  readonly value: number;
  readonly next: number;
}

/**
 * The forms from 0xc0 to 0xdf: family, bytes of the number (signed if below 0), and what to add to it. Floats and extensions are
 * skipped where nobody asks for them.
 */
const FORMS: readonly (readonly [family: Family, width: number, plus: number] | undefined)[] = [
  ['nil', 0, 0],
  undefined,
  ['bool', 0, 0],
  ['bool', 0, 1],
  ['raw', 1, 0],
  ['raw', 2, 0],
  ['raw', 4, 0],
  ['other', 1, 1],
  ['other', 2, 1],
  ['other', 4, 1],
  ['other', 0, 4],
  ['other', 0, 8],
  ['int', 1, 0],
  ['int', 2, 0],
  ['int', 4, 0],
  ['int', 8, 0],
  ['int', -1, 0],
  ['int', -2, 0],
  ['int', -4, 0],
  ['int', -8, 0],
  ['other', 0, 2],
  ['other', 0, 3],
  ['other', 0, 5],
  ['other', 0, 9],
  ['other', 0, 17],
  ['raw', 1, 0],
  ['raw', 2, 0],
  ['raw', 4, 0],
  ['array', 2, 0],
  ['array', 4, 0],
  ['map', 2, 0],
  ['map', 4, 0],
];

/** The beginning of the value at `at`. */
export function headAt(view: DataView, at: number): Head | Fault {
  if (at >= view.byteLength) return 'truncated';
  const byte = view.getUint8(at);
  if (byte < 0x80) return { family: 'int', value: byte, next: at + 1 };
  if (byte < 0x90) return { family: 'map', value: byte & 0x0f, next: at + 1 };
  if (byte < 0xa0) return { family: 'array', value: byte & 0x0f, next: at + 1 };
  if (byte < 0xc0) return { family: 'raw', value: byte & 0x1f, next: at + 1 };
  if (byte >= 0xe0) return { family: 'int', value: byte - 0x100, next: at + 1 };
  const form = FORMS[byte - 0xc0];
  if (form === undefined) return 'malformed';
  const [family, width, plus] = form;
  const next = at + 1 + Math.abs(width);
  if (next > view.byteLength) return 'truncated';
  return { family, value: plus + numberAt(view, at + 1, width), next };
}

/** Inexact beyond 2⁵³, where every number is out of bounds anyway. */
function numberAt(view: DataView, at: number, width: number): number {
  if (width === 0) return 0;
  if (width === 8) return view.getUint32(at) * 0x100000000 + view.getUint32(at + 4);
  if (width === -8) return view.getInt32(at) * 0x100000000 + view.getUint32(at + 4);
  if (width === 1) return view.getUint8(at);
  if (width === -1) return view.getInt8(at);
  if (width === 2) return view.getUint16(at);
  if (width === -2) return view.getInt16(at);
  return width === 4 ? view.getUint32(at) : view.getInt32(at);
}

/**
 * How far the end of a value was sought: at least `pending` bytes must follow the position `at`, which may lie behind those that
 * are there. Done when nothing is pending, and `at` is there. `values` were found up to it: the work that it was, and will be to decode.
 */
export interface Scan {
  readonly at: number;
  readonly pending: number;
  readonly values: number;
}

export const scanFrom = (at: number): Scan => ({ at, pending: 1, values: 0 });
export const isWhole = (bytes: Uint8Array, { at, pending }: Scan): boolean => pending === 0 && at <= bytes.length;

/** Goes on where `scan` ended: with more bytes at the end of `bytes`, what was scanned is not scanned again. */
export function scanOn(bytes: Uint8Array, scan: Scan): Scan | 'malformed' {
  const view = viewOf(bytes);
  let { at, pending, values } = scan;
  while (pending > 0) {
    const head = headAt(view, at);
    if (head === 'truncated') break;
    if (head === 'malformed') return head;
    const { family, value, next } = head;
    values++;
    pending += family === 'map' ? 2 * value - 1 : family === 'array' ? value - 1 : -1;
    at = family === 'raw' || family === 'other' ? next + value : next;
  }
  return { at, pending, values };
}

/** Where the value at `from` ends. */
export function endOf(bytes: Uint8Array, from: number): number | Fault {
  const scan = scanOn(bytes, scanFrom(from));
  if (scan === 'malformed') return scan;
  return isWhole(bytes, scan) ? scan.at : 'truncated';
}
