/**
 * Frames written down the way people say them, for tables.
 */
import { parseAddress } from '../../src/net/address.js';
import { type Mac, parseMac, writeMac } from '../../src/net/mac.js';

export function v4(text: string): number {
  const read = parseAddress(text);
  if (!read.ok || read.value.family !== 'IPv4') throw new Error(`${text} is not IPv4`);
  return read.value.value;
}

export function mac(text: string): Mac {
  const read = parseMac(text);
  if (read === undefined) throw new Error(`${text} is not a MAC`);
  return read;
}

export interface ArpText {
  readonly target: string;
  readonly sender?: string;
  readonly senderMac?: string;
  readonly from?: string;
  readonly to?: string;
  readonly operation?: number;
  readonly etherType?: number;
  readonly hardwareLength?: number;
  readonly protocolLength?: number;
  /** Of the whole frame: longer is zero-padded, shorter is cut. */
  readonly length?: number;
}

export function arpFrame(text: ArpText): DataView {
  const frame = new DataView(new ArrayBuffer(Math.max(60, text.length ?? 60)));
  const senderMac = mac(text.senderMac ?? '0a:0b:0c:0d:0e:0f');
  writeMac(frame, 0, mac(text.to ?? 'ff:ff:ff:ff:ff:ff'));
  writeMac(frame, 6, text.from === undefined ? senderMac : mac(text.from));
  frame.setUint16(12, text.etherType ?? 0x0806);
  frame.setUint16(14, 1);
  frame.setUint16(16, 0x0800);
  frame.setUint8(18, text.hardwareLength ?? 6);
  frame.setUint8(19, text.protocolLength ?? 4);
  frame.setUint16(20, text.operation ?? 1);
  writeMac(frame, 22, senderMac);
  frame.setUint32(28, v4(text.sender ?? '192.168.1.35'));
  frame.setUint32(38, v4(text.target));
  return new DataView(frame.buffer, 0, text.length ?? 60);
}

export const hex = (frame: DataView): string => Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString('hex');
