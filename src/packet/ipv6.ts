/**
 * The fixed IPv6 header (RFC 8200 §3), as it lies in an untagged Ethernet frame.
 *
 *   0        14             18       20     21     22       38            54
 *   | Ethernet | 6|class|flow | length | next | hops | source | destination | payload
 *
 * Readers take the whole frame and compare in place; the caller has checked that the header is there. Extension headers are
 * not walked: nothing that is read here may have one (RFC 6980 forbids the only one that would matter, fragmentation).
 */
import type { AddressKey, Words } from '../net/address.js';
import type { Mac } from '../net/mac.js';
import { etherType } from './ethernet.js';

const IPV6_ETHERTYPE = 0x86dd;
export const IPV6_SOURCE_AT = 22;
export const IPV6_DESTINATION_AT = 38;
/** Where the payload begins in the frame. */
export const IPV6_PAYLOAD_AT = 54;
export const ICMPV6 = 58;

const WORD_AT = 14;
const PAYLOAD_LENGTH_AT = 18;
const NEXT_HEADER_AT = 20;
const HOP_LIMIT_AT = 21;

/** Every node on the link (RFC 4291 §2.7.1): ff02::1. */
export const ALL_NODES: Words = [0xff020000, 0, 0, 1];

/** Whether the first `length` bytes of `frame` say they are IPv6 and hold a whole header. */
export const saysIpv6 = (frame: DataView, length: number = frame.byteLength): boolean =>
  length >= IPV6_PAYLOAD_AT && etherType(frame) === IPV6_ETHERTYPE;

export const version = (frame: DataView): number => frame.getUint8(WORD_AT) >>> 4;
/** In bytes, without the header, as the sender says. */
export const payloadLength = (frame: DataView): number => frame.getUint16(PAYLOAD_LENGTH_AT);
export const nextHeader = (frame: DataView): number => frame.getUint8(NEXT_HEADER_AT);
export const hopLimit = (frame: DataView): number => frame.getUint8(HOP_LIMIT_AT);

export const readWords = (frame: DataView, at: number): Words => [
  frame.getUint32(at),
  frame.getUint32(at + 4),
  frame.getUint32(at + 8),
  frame.getUint32(at + 12),
];

export function writeWords(frame: DataView, at: number, words: Words): void {
  frame.setUint32(at, words[0]);
  frame.setUint32(at + 4, words[1]);
  frame.setUint32(at + 8, words[2]);
  frame.setUint32(at + 12, words[3]);
}

/** What `addressKey` gives for the address at `at`, without the address between. */
export const readKey = (frame: DataView, at: number): AddressKey =>
  String.fromCharCode(
    frame.getUint16(at),
    frame.getUint16(at + 2),
    frame.getUint16(at + 4),
    frame.getUint16(at + 6),
    frame.getUint16(at + 8),
    frame.getUint16(at + 10),
    frame.getUint16(at + 12),
    frame.getUint16(at + 14),
  );

export const holdsUnspecified = (frame: DataView, at: number): boolean =>
  frame.getUint32(at) === 0 && frame.getUint32(at + 4) === 0 && frame.getUint32(at + 8) === 0 && frame.getUint32(at + 12) === 0;

/** ff00::/8. */
export const holdsMulticast = (frame: DataView, at: number): boolean => frame.getUint8(at) === 0xff;

/** ff02::1:ff00:0/104. */
export const holdsSolicitedNode = (frame: DataView, at: number): boolean =>
  frame.getUint32(at) === 0xff020000 &&
  frame.getUint32(at + 4) === 0 &&
  frame.getUint32(at + 8) === 1 &&
  frame.getUint8(at + 12) === 0xff;

/** The group that nodes listen to for questions about an address (RFC 4291 §2.7.1): ff02::1:ff and the last 24 bits of it. */
export const solicitedNodeGroup = (words: Words): Words => [0xff020000, 0, 1, (0xff000000 | (words[3] & 0xffffff)) >>> 0];

/** Where a multicast group is sent to on Ethernet (RFC 2464 §7): 33:33 and the last four bytes of the group. */
export const multicastMac = (group: Words): Mac => ({ high: (0x33330000 | (group[3] >>> 16)) >>> 0, low: group[3] & 0xffff });

/** Whether the frame goes to the Ethernet address of some IPv6 multicast group. */
export const isSentToMulticast = (frame: DataView): boolean => frame.getUint16(0) === 0x3333;

/** Writes type and header but for the addresses; class and flow are 0, the hop limit is 255. Lengths in bytes. */
export function writeIpv6Head(frame: DataView, next: number, payload: number): void {
  frame.setUint16(12, IPV6_ETHERTYPE);
  frame.setUint32(WORD_AT, 0x60000000);
  frame.setUint16(PAYLOAD_LENGTH_AT, payload);
  frame.setUint8(NEXT_HEADER_AT, next);
  frame.setUint8(HOP_LIMIT_AT, 255);
}

/**
 * The checksum of the ICMPv6 message that is the frame's payload (RFC 4443 §2.3, RFC 1071). Over a message whose checksum
 * field is 0 it is what belongs there; over a message whose field is right it is 0. The payload lies within the frame.
 *
 * The pseudo-header is both addresses, the length and the protocol (RFC 8200 §8.1). The addresses lie right before the
 * payload, so one pass reads them too.
 */
export function icmpv6Checksum(frame: DataView): number {
  const payload = payloadLength(frame);
  const end = IPV6_PAYLOAD_AT + payload;
  let sum = payload + ICMPV6;
  for (let at = IPV6_SOURCE_AT; at + 1 < end; at += 2) sum += frame.getUint16(at);
  if (payload % 2 === 1) sum += frame.getUint8(end - 1) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
