/**
 * msgpack as hashicorp/go-msgpack writes it for memberlist: a struct is a map from field names to values, with its keys in byte
 * order; texts and byte strings are both of the legacy raw family (never str8 or bin), and numbers as short as they can be.
 *
 * Reading is as tolerant as the reference: any key order, unknown and missing keys, longer forms than needed, str and bin for raw,
 * nil for any value, byte strings as arrays of small numbers, and a struct as the array of its fields in the order of their
 * declaration. Nothing recurses: a value is skipped by counting how many values are still to come.
 */
import { bytesOf, concat, copyOf, textOf, viewOf } from './bytes.js';

/** How a field is written. Signed numbers (`i32`) take other forms than unsigned ones; none is ever negative. */
type Kind = 'text' | 'bytes' | 'bool' | 'u8' | 'u16' | 'u32' | 'i32';
type ValueOf<K extends Kind> = K extends 'text' ? string : K extends 'bytes' ? Uint8Array : K extends 'bool' ? boolean : number;
type Value = ValueOf<Kind>;

/** A struct: its fields in the order of their declaration. */
export type Schema = Readonly<Record<string, Kind>>;
export type Values<S extends Schema> = { readonly [Name in keyof S]: ValueOf<S[Name]> };

type Fault = 'truncated' | 'malformed';

const MOST = { u8: 0xff, u16: 0xffff, u32: 0xffffffff, i32: 0x7fffffff } as const;
const NIL = Uint8Array.of(0xc0);

/**
 * The bytes of a struct of at most 15 fields. A field that `values` lack is left out; an empty byte string is written as nil, as the
 * reference writes what it has not. A value out of bounds is a bug of the caller, and throws.
 */
export function encodeStruct<S extends Schema>(schema: S, values: Partial<Values<S>>): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const name of Object.keys(schema).sort()) {
    const [kind, value] = [schema[name], values[name]];
    if (kind !== undefined && value !== undefined) parts.push(encodeRaw(bytesOf(name)), encodeValue(kind, value));
  }
  return concat(Uint8Array.of(0x80 | (parts.length / 2)), ...parts);
}

function encodeValue(kind: Kind, value: Value): Uint8Array {
  if (typeof value === 'string') return encodeRaw(bytesOf(value));
  if (typeof value === 'boolean') return Uint8Array.of(value ? 0xc3 : 0xc2);
  if (typeof value !== 'number') return value.length === 0 ? NIL : encodeRaw(value);
  const most = kind === 'text' || kind === 'bytes' || kind === 'bool' ? 0 : MOST[kind];
  if (!Number.isInteger(value) || value < 0 || value > most) throw new RangeError(`${value} is not from 0 to ${most}`);
  if (value < 0x80) return Uint8Array.of(value);
  if (kind === 'i32') return value < 0x8000 ? headOf(0xd1, 2, value) : headOf(0xd2, 4, value);
  if (value < 0x100) return headOf(0xcc, 1, value);
  return value < 0x10000 ? headOf(0xcd, 2, value) : headOf(0xce, 4, value);
}

function encodeRaw(bytes: Uint8Array): Uint8Array {
  if (bytes.length < 32) return concat(Uint8Array.of(0xa0 | bytes.length), bytes);
  return concat(bytes.length < 0x10000 ? headOf(0xda, 2, bytes.length) : headOf(0xdb, 4, bytes.length), bytes);
}

function headOf(byte: number, width: 1 | 2 | 4, value: number): Uint8Array {
  const bytes = new Uint8Array(1 + width);
  bytes[0] = byte;
  for (let i = width, rest = value; i > 0; i--, rest = Math.floor(rest / 0x100)) bytes[i] = rest % 0x100;
  return bytes;
}

type Family = 'nil' | 'bool' | 'int' | 'raw' | 'array' | 'map' | 'other';

/** The beginning of a value: its family, and a number: the int or bool itself, the bytes that follow, or how many items do. */
interface Head {
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

function headAt(view: DataView, at: number): Head | Fault {
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

function endOf(bytes: Uint8Array, from: number): number | Fault {
  const scan = scanOn(bytes, scanFrom(from));
  if (scan === 'malformed') return scan;
  return isWhole(bytes, scan) ? scan.at : 'truncated';
}

/** The struct at the beginning of `bytes`, whatever follows it. A field that is missing or nil is empty, false or 0. */
export function decodeStruct<S extends Schema>(schema: S, bytes: Uint8Array): Values<S> | Fault {
  const end = endOf(bytes, 0);
  if (typeof end === 'string') return end;
  const view = viewOf(bytes);
  const head = headAt(view, 0);
  if (typeof head === 'string') return head;
  if (head.family !== 'map' && head.family !== 'array') return 'malformed';
  const names = Object.keys(schema);
  const found = new Map<string, Value>(Object.entries(schema).map(([name, kind]) => [name, ZERO[kind]]));
  let at = head.next;
  for (let i = 0; i < head.value; i++) {
    let name = names[i];
    if (head.family === 'map') {
      const key = rawAt(bytes, view, at);
      if (key === undefined) return 'malformed';
      name = textOf(key.raw);
      at = key.next;
    }
    const kind = name !== undefined && Object.hasOwn(schema, name) ? schema[name] : undefined;
    if (name !== undefined && kind !== undefined) {
      const value = valueAt(kind, bytes, view, at);
      if (value === undefined) return 'malformed';
      found.set(name, value);
    }
    const next = endOf(bytes, at);
    if (typeof next === 'string') return next;
    at = next;
  }
  // Every field of the schema is there, with a value of its kind: that of valueAt or that of ZERO.
  return Object.fromEntries(found) as Values<S>;
}

const ZERO = { text: '', bytes: new Uint8Array(0), bool: false, u8: 0, u16: 0, u32: 0, i32: 0 } as const;

/** A field's value of the kind, in any form that stands for it; undefined if it is none. */
function valueAt(kind: Kind, bytes: Uint8Array, view: DataView, at: number): Value | undefined {
  const head = headAt(view, at);
  if (typeof head === 'string') return undefined;
  const { family, value } = head;
  if (family === 'nil') return ZERO[kind];
  if (kind === 'bool') return family === 'bool' ? value === 1 : undefined;
  if (kind === 'text' || kind === 'bytes') {
    const raw = family === 'array' ? smallNumbers(view, head) : rawAt(bytes, view, at)?.raw;
    if (raw === undefined) return undefined;
    return kind === 'text' ? textOf(raw) : copyOf(raw);
  }
  return family === 'int' && value >= 0 && value <= MOST[kind] ? value : undefined;
}

/** A view of the raw value at `at`, which is known to be there as a whole. */
function rawAt(bytes: Uint8Array, view: DataView, at: number): { readonly raw: Uint8Array; readonly next: number } | undefined {
  const head = headAt(view, at);
  if (typeof head === 'string' || head.family !== 'raw') return undefined;
  const next = head.next + head.value;
  return { raw: bytes.subarray(head.next, next), next };
}

/** The items of an array that is known to be there as a whole, so that it has no more of them than bytes. */
function smallNumbers(view: DataView, { value: count, next }: Head): Uint8Array | undefined {
  const bytes = new Uint8Array(count);
  let at = next;
  for (let i = 0; i < count; i++) {
    const item = headAt(view, at);
    if (typeof item === 'string' || item.family !== 'int' || item.value < 0 || item.value > 0xff) return undefined;
    bytes[i] = item.value;
    at = item.next;
  }
  return bytes;
}
