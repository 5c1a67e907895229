/**
 * A heartbeat on the wire: a user message of memberlist's, big-endian, of exactly the length that its name and its MACs give it.
 *
 *   0       4         5       6            8         16         20       21        22
 *   | ARPB  | version | flags | intervalMs | boot id | sequence | length | MACs    | name (ASCII) | 6 bytes a MAC |
 *
 * Anything else, of whatever bytes, is not a beat. Whoever holds the cluster's key can speak for any node, and without a key whoever
 * can send to the port, as with MetalLB's memberlist.
 */
import { type Mac, readMac, writeMac } from '../net/mac.js';

/** 64 bits as 16 lower-case hexadecimal digits: drawn once when a process starts, so that two lives of one node differ. */
export type BootId = string;

export interface Beat {
  /** See {@link isNodeName}. */
  readonly node: string;
  readonly bootId: BootId;
  /** 1 for the first beat of a boot id, and more with each: unsigned 32 bits, thirteen years of ten beats a second. */
  readonly sequence: number;
  /** How long until the next beat comes, 1 to 65,535 ms: the receiver counts the misses of each sender by its own word. */
  readonly intervalMs: number;
  readonly ready: boolean;
  readonly leaving: boolean;
  /** It came back a short time ago, and wants only what nobody else may own. */
  readonly returning: boolean;
  /** Its view of the cluster is old, and it knows that. */
  readonly stale: boolean;
  /** It was started to spread addresses over the nodes. */
  readonly spreads: boolean;
  /** Of the interfaces on which the node claims addresses, so that its claims are told from a stranger's. At most {@link MOST_MACS}. */
  readonly macs: readonly Mac[];
}

/** Interfaces beyond that are answered on all the same, but peers take their claims for a stranger's. */
export const MOST_MACS = 64;

/** What its 16 bits can tell. */
export const LONGEST_INTERVAL_MS = 0xffff;

const MAGIC = 0x41525042;
export const BEAT_VERSION = 4;
const READY = 1;
const LEAVING = 2;
const RETURNING = 4;
const STALE = 8;
const SPREADS = 16;
const HEAD_LENGTH = 22;
const MAC_LENGTH = 6;
/** A DNS subdomain has at most 253 characters, and node names are such. */
const LONGEST_NAME = 253;
const LONGEST_BEAT = HEAD_LENGTH + LONGEST_NAME + MOST_MACS * MAC_LENGTH;

const NODE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/;
const BOOT_ID = /^[0-9a-f]{16}$/;

/** Whether `text` can name a node in a beat: a DNS subdomain as Kubernetes has, or what is written like one. */
export const isNodeName = (text: string): boolean => NODE_NAME.test(text);
export const isBootId = (text: string): boolean => BOOT_ID.test(text);

/** The bytes of a beat. A name, boot id or number out of bounds is a bug of the caller, and throws. */
export function encodeBeat(beat: Beat): Uint8Array {
  const { node, bootId, sequence, intervalMs, macs } = beat;
  if (!isNodeName(node)) throw new RangeError(`"${node}" cannot name a node in a beat`);
  if (!isBootId(bootId)) throw new RangeError(`"${bootId}" is not a boot id`);
  if (macs.length > MOST_MACS) throw new RangeError(`${macs.length} MACs are more than ${MOST_MACS}`);
  const bytes = new Uint8Array(HEAD_LENGTH + node.length + macs.length * MAC_LENGTH);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  view.setUint8(4, BEAT_VERSION);
  view.setUint8(5, flagsOf(beat));
  view.setUint16(6, inBounds(intervalMs, LONGEST_INTERVAL_MS));
  view.setUint32(8, Number.parseInt(bootId.slice(0, 8), 16));
  view.setUint32(12, Number.parseInt(bootId.slice(8), 16));
  view.setUint32(16, inBounds(sequence, 0xffffffff));
  view.setUint8(20, node.length);
  view.setUint8(21, macs.length);
  for (let i = 0; i < node.length; i++) view.setUint8(HEAD_LENGTH + i, node.charCodeAt(i));
  for (const [i, mac] of macs.entries()) writeMac(view, HEAD_LENGTH + node.length + i * MAC_LENGTH, mac);
  return bytes;
}

const flagsOf = ({ ready, leaving, returning, stale, spreads }: Beat): number =>
  (ready ? READY : 0) | (leaving ? LEAVING : 0) | (returning ? RETURNING : 0) | (stale ? STALE : 0) | (spreads ? SPREADS : 0);

function inBounds(value: number, highest: number): number {
  if (!Number.isInteger(value) || value < 1 || value > highest) throw new RangeError(`${value} is not from 1 to ${highest}`);
  return value;
}

/** The version of the beat that `bytes` want to be, decodable or not; undefined if they want to be none. */
export function beatVersion(bytes: Uint8Array): number | undefined {
  if (bytes.length <= 4) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint32(0) === MAGIC ? view.getUint8(4) : undefined;
}

/** The beat that `bytes` hold; undefined if they hold none. */
export function decodeBeat(bytes: Uint8Array): Beat | undefined {
  if (bytes.length <= HEAD_LENGTH || bytes.length > LONGEST_BEAT) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) !== MAGIC || view.getUint8(4) !== BEAT_VERSION) return undefined;
  const flags = view.getUint8(5);
  const intervalMs = view.getUint16(6);
  const sequence = view.getUint32(16);
  if ((flags & ~(READY | LEAVING | RETURNING | STALE | SPREADS)) !== 0 || intervalMs === 0 || sequence === 0) return undefined;
  const [nameLength, count] = [view.getUint8(20), view.getUint8(21)];
  const macsAt = HEAD_LENGTH + nameLength;
  if (count > MOST_MACS || bytes.length !== macsAt + count * MAC_LENGTH) return undefined;
  let node = '';
  for (let i = HEAD_LENGTH; i < macsAt; i++) node += String.fromCharCode(view.getUint8(i));
  if (!isNodeName(node)) return undefined;
  const bootId = hexadecimal(view.getUint32(8)) + hexadecimal(view.getUint32(12));
  const macs: Mac[] = [];
  for (let at = macsAt; at < bytes.length; at += MAC_LENGTH) macs.push(readMac(view, at));
  return {
    node,
    bootId,
    sequence,
    intervalMs,
    ready: (flags & READY) !== 0,
    leaving: (flags & LEAVING) !== 0,
    returning: (flags & RETURNING) !== 0,
    stale: (flags & STALE) !== 0,
    spreads: (flags & SPREADS) !== 0,
    macs,
  };
}

const hexadecimal = (word: number): string => word.toString(16).padStart(8, '0');
