/**
 * What two nodes say to each other about addresses: one datagram on the port of the heartbeats, big-endian, of exactly the length
 * that its contents give it.
 *
 *   0      4         5      6       8         16       20       21      22       24
 *   | ARPW | version | kind | zero  | boot id | number | length | zero  | count4 | count6 | name (ASCII) | keys |
 *
 * Keys are 4 bytes for IPv4, then 16 each for IPv6. A word is no more authenticated than a beat.
 */

import { type BootId, isBootId, isNodeName } from '../membership/beat.js';
import { type AddressKey, addressKey, addressOfKey, ipv6 } from '../net/address.js';

/**
 * `take`: the sender should own these, and asks the owner for them. `give`: take them; I answer until I hear you. `free`: take
 * them; I do not answer for them. `held`: I do not, but somebody else does, as far as I know. `claim`: I answer for these now. `decline`: these would be mine, and I cannot announce them. `resume`: now I can. `received`: the answer to any other.
 */
export const WORD_KINDS = ['received', 'take', 'give', 'free', 'claim', 'decline', 'resume', 'held'] as const;
export type WordKind = (typeof WORD_KINDS)[number];

export interface Word {
  readonly kind: WordKind;
  /** Who says it. */
  readonly node: string;
  /** Of the sender; in `received` of the node whose word was received. */
  readonly bootId: BootId;
  /** 1 for the first word to this receiver, and one more with each: unsigned 32 bits. */
  readonly number: number;
  /** At most {@link MOST_KEYS4} of IPv4 and {@link MOST_KEYS6} of IPv6. */
  readonly keys: readonly AddressKey[];
}

/**
 * Whether the life of its sender says it that `peers` know by their beats, whose numbers only rise. What an earlier life said is not
 * so any more, whoever sends it again.
 */
export const isOfPresentLife = (
  { kind, node, bootId }: Word,
  peers: ReadonlyMap<string, { readonly bootId: BootId }>,
): boolean => {
  const peer = peers.get(node);
  return peer !== undefined && (kind === 'received' || peer.bootId === bootId);
};

/** A full word stays below 1,200 bytes, so that it fits a datagram however it is wrapped. */
export const MOST_KEYS4 = 128;
export const MOST_KEYS6 = 24;

const MAGIC = 0x41525057;
const VERSION = 1;
const HEAD_LENGTH = 26;

/** The bytes of a word. A name, boot id or number out of bounds is a bug of the caller, and throws. */
export function encodeWord({ kind, node, bootId, number, keys }: Word): Uint8Array {
  if (!isNodeName(node) || !isBootId(bootId)) throw new RangeError(`"${node}" ${bootId} cannot say a word`);
  const four = keys.filter((key) => typeof key === 'number');
  const six = keys.filter((key) => typeof key === 'string');
  if (four.length > MOST_KEYS4 || six.length > MOST_KEYS6) throw new RangeError(`${keys.length} addresses are too many`);
  const bytes = new Uint8Array(HEAD_LENGTH + node.length + 4 * four.length + 16 * six.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  view.setUint8(4, VERSION);
  view.setUint8(5, WORD_KINDS.indexOf(kind));
  view.setUint32(8, Number.parseInt(bootId.slice(0, 8), 16));
  view.setUint32(12, Number.parseInt(bootId.slice(8), 16));
  view.setUint32(16, number);
  view.setUint8(20, node.length);
  view.setUint16(22, four.length);
  view.setUint16(24, six.length);
  for (let i = 0; i < node.length; i++) view.setUint8(HEAD_LENGTH + i, node.charCodeAt(i));
  let at = HEAD_LENGTH + node.length;
  for (const key of four) {
    view.setUint32(at, key);
    at += 4;
  }
  for (const key of six) {
    const address = addressOfKey(key);
    if (address.family === 'IPv6') for (const [i, word] of address.words.entries()) view.setUint32(at + 4 * i, word);
    at += 16;
  }
  return bytes;
}

/** The word that `bytes` hold; undefined if they hold none. */
export function decodeWord(bytes: Uint8Array): Word | undefined {
  if (bytes.length <= HEAD_LENGTH) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = WORD_KINDS[view.getUint8(5)];
  if (view.getUint32(0) !== MAGIC || view.getUint8(4) !== VERSION || kind === undefined) return undefined;
  if (view.getUint16(6) !== 0 || view.getUint8(21) !== 0) return undefined;
  const [length, four, six, number] = [view.getUint8(20), view.getUint16(22), view.getUint16(24), view.getUint32(16)];
  const keysAt = HEAD_LENGTH + length;
  if (number === 0 || four > MOST_KEYS4 || six > MOST_KEYS6) return undefined;
  if (bytes.length !== keysAt + 4 * four + 16 * six) return undefined;
  const node = String.fromCharCode(...bytes.subarray(HEAD_LENGTH, keysAt));
  if (!isNodeName(node)) return undefined;
  const keys: AddressKey[] = Array.from({ length: four }, (_, i) => view.getUint32(keysAt + 4 * i));
  for (let at = keysAt + 4 * four; at < bytes.length; at += 16)
    keys.push(addressKey(ipv6([view.getUint32(at), view.getUint32(at + 4), view.getUint32(at + 8), view.getUint32(at + 12)])));
  const bootId = hexadecimal(view.getUint32(8)) + hexadecimal(view.getUint32(12));
  return { kind, node, bootId, number, keys };
}

const hexadecimal = (word: number): string => word.toString(16).padStart(8, '0');
