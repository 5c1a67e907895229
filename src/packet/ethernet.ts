/**
 * The head of an untagged Ethernet II frame (IEEE 802.3 §3): destination, source, type. Readers take the whole frame and
 * compare in place; the caller has checked that the head is there.
 */
import type { Mac } from '../net/mac.js';

export const ETHERNET_HEAD_LENGTH = 14;
/** Ethernet's minimum payload is 46 bytes: shorter frames are padded with zeros (IEEE 802.3 §3.2.8). Without the checksum. */
export const ETHERNET_MINIMUM_LENGTH = 60;

const DESTINATION_AT = 0;
const SOURCE_AT = 6;
const TYPE_AT = 12;

export const etherType = (frame: DataView): number => frame.getUint16(TYPE_AT);
export const isSentTo = (frame: DataView, mac: Mac): boolean => holdsMac(frame, DESTINATION_AT, mac);
export const isSentFrom = (frame: DataView, mac: Mac): boolean => holdsMac(frame, SOURCE_AT, mac);

const holdsMac = (frame: DataView, at: number, mac: Mac): boolean =>
  frame.getUint32(at) === mac.high && frame.getUint16(at + 4) === mac.low;
