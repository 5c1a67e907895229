/**
 * msgpack as hashicorp/go-msgpack writes it for memberlist: a struct is a map from field names to values, with its keys in byte
 * order; texts and byte strings are both of the legacy raw family (never str8 or bin), and numbers as short as they can be.
 *
 * Reading is as tolerant as the reference: any key order, unknown and missing keys, longer forms than needed, str and bin for raw,
 * nil for any value, byte strings as arrays of small numbers, and a struct as the array of its fields in the order of their
 * declaration.
 */
import { bytesOf, concat, copyOf, textOf, viewOf } from './bytes.js';
import { endOf, type Fault, type Head, headAt } from './value.js';

/** How a field is written. Signed numbers (`i32`) take other forms than unsigned ones; none is ever negative. */
type Kind = 'text' | 'bytes' | 'bool' | 'u8' | 'u16' | 'u32' | 'i32';
type ValueOf<K extends Kind> = K extends 'text' ? string : K extends 'bytes' ? Uint8Array : K extends 'bool' ? boolean : number;
type Value = ValueOf<Kind>;

/** A struct: its fields in the order of their declaration. */
export type Schema = Readonly<Record<string, Kind>>;
export type Values<S extends Schema> = { readonly [Name in keyof S]: ValueOf<S[Name]> };

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
