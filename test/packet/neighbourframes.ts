/**
 * Neighbour messages written down the way people say them, and read again by a second reader that shares nothing with ours:
 * it follows RFC 4861 sentence by sentence, on texts of hexadecimal digits.
 */
import { parseAddress, type Words } from '../../src/net/address.js';

export function v6(text: string): Words {
  const read = parseAddress(text);
  if (!read.ok || read.value.family !== 'IPv6') throw new Error(`${text} is not IPv6`);
  return read.value.words;
}

export interface NeighbourText {
  readonly target: string;
  readonly source?: string;
  /** Without it, the solicited-node group of the target. */
  readonly destination?: string;
  readonly from?: string;
  readonly to?: string;
  readonly type?: number;
  readonly code?: number;
  /** Hexadecimal: R, S, O and what is reserved. */
  readonly flags?: string;
  /** Hexadecimal, one after the other. */
  readonly options?: readonly string[];
  readonly hopLimit?: number;
  readonly nextHeader?: number;
  readonly version?: number;
  readonly etherType?: number;
  /** In the header; else what the message has. */
  readonly payload?: number;
  /** Added to the right one. */
  readonly checksumError?: number;
  /** Of the whole frame: longer is padded with ee, shorter is cut. */
  readonly length?: number;
}

const MAC_OF_SENDER = '0a0b0c0d0e0f';
/** The source link-layer option of a solicitation from that address. */
export const ITS_MAC: string = `0101${MAC_OF_SENDER}`;

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(/[ :]/g, ''), 'hex');
const hexOfAddress = (text: string): string =>
  v6(text)
    .map((word) => word.toString(16).padStart(8, '0'))
    .join('');
const number = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/** In a buffer with room for an answer, whatever the frame's length. */
export function neighbourFrame(text: NeighbourText): DataView {
  const target = hexOfAddress(text.target);
  const options = text.options ?? [ITS_MAC];
  const message = `${number(text.type ?? 135, 2)}${number(text.code ?? 0, 2)}0000${text.flags ?? '00000000'}${target}${options.join('')}`;
  const destination =
    text.destination === undefined ? `ff0200000000000000000001ff${target.slice(26)}` : hexOfAddress(text.destination);
  const frame = bytesOf(
    [
      text.to ?? `3333${destination.slice(24)}`,
      text.from ?? MAC_OF_SENDER,
      number(text.etherType ?? 0x86dd, 4),
      `${number(text.version ?? 6, 1)}0000000`,
      number(text.payload ?? message.length / 2, 4),
      number(text.nextHeader ?? 58, 2),
      number(text.hopLimit ?? 255, 2),
      hexOfAddress(text.source ?? '2001:db8::35'),
      destination,
      message,
    ].join(''),
  );
  const length = text.length ?? frame.length;
  const buffer = Buffer.alloc(Math.max(256, length), 0xee);
  frame.copy(buffer);
  repairChecksum(buffer, frame.length, text.checksumError);
  return new DataView(buffer.buffer, buffer.byteOffset, length);
}

/** Makes the checksum right, or wrong by `error`, where the first `length` bytes hold the payload that the header tells of. */
export function repairChecksum(bytes: Buffer, length: number, error = 0): void {
  const payload = bytes.readUInt16BE(18);
  if (payload < 4 || 54 + payload > length) return;
  bytes.writeUInt16BE(0, 56);
  bytes.writeUInt16BE((checksumOf(bytes) + error) & 0xffff, 56);
}

/**
 * RFC 4443 §2.3 by division: 16-bit words added with end-around carry are a number in base 2^16 modulo 2^16 - 1, and the
 * pseudo-header is written out as RFC 8200 §8.1 draws it.
 */
export function checksumOf(bytes: Buffer): number {
  const payload = bytes.readUInt16BE(18);
  const parts = [bytes.subarray(22, 38), bytes.subarray(38, 54), bytesOf(`0000${number(payload, 4)}0000003a`)];
  const message = bytes.subarray(54, 54 + payload);
  const all = Buffer.concat([...parts, message, Buffer.alloc(message.length % 2)]).toString('hex');
  const sum = Number(BigInt(`0x${all}`) % 0xffffn);
  return 0xffff - (sum === 0 ? 0xffff : sum);
}

export interface NaiveMessage {
  readonly kind: 'solicitation' | 'advertisement';
  /** All as hexadecimal digits. */
  readonly source: string;
  readonly target: string;
  readonly linkLayer: string | undefined;
}

/** RFC 4861 §7.1.1 and §7.1.2, one check a line. */
export function readNaively(frame: Uint8Array): NaiveMessage | undefined {
  const bytes = Buffer.from(frame);
  const hex = bytes.toString('hex');
  const cut = (from: number, to: number): string => hex.slice(from * 2, to * 2);
  if (bytes.length < 78 || bytes.length > 192) return undefined;
  if (cut(12, 14) !== '86dd' || hex[28] !== '6' || cut(20, 21) !== '3a') return undefined;
  const kind = { '87': 'solicitation', '88': 'advertisement' }[cut(54, 55)] as NaiveMessage['kind'] | undefined;
  if (kind === undefined || cut(55, 56) !== '00' || cut(21, 22) !== 'ff') return undefined;
  const payload = Number.parseInt(cut(18, 20), 16);
  if (payload < 24 || bytes.length < 54 + payload) return undefined;
  const [source, destination, target] = [cut(22, 38), cut(38, 54), cut(62, 78)];
  if (source.startsWith('ff') || target.startsWith('ff')) return undefined;

  let rest = cut(78, 54 + payload);
  const addresses: string[] = [];
  while (rest !== '') {
    const digits = Number.parseInt(rest.slice(2, 4) || '00', 16) * 16;
    if (digits === 0 || digits > rest.length) return undefined;
    if (rest.startsWith(kind === 'solicitation' ? '01' : '02')) addresses.push(rest.slice(4, digits));
    rest = rest.slice(digits);
  }
  if (addresses.some((address) => address.length !== 12)) return undefined;

  const isProbe = kind === 'solicitation' && /^0{32}$/.test(source);
  if (isProbe && (!destination.startsWith('ff0200000000000000000001ff') || addresses.length > 0)) return undefined;
  const isSolicited = (Number.parseInt(cut(58, 59), 16) & 0x40) !== 0;
  if (kind === 'advertisement' && isSolicited && destination.startsWith('ff')) return undefined;
  if (checksumOf(bytes) !== 0) return undefined;
  return { kind, source, target, linkLayer: addresses[0] };
}
