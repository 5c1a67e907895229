/**
 * ARP for IPv4 over Ethernet (RFC 826), as it lies in an Ethernet frame.
 *
 *   0      6      12   14   16   18 19 20   22     28     32     38     42
 *   | dst  | src  |0806|0001|0800|6 |4 |oper| sha  | spa  | tha  | tpa  |
 *
 * Readers take the whole frame: nothing is copied on the receive path, and no text is made.
 */
import type { Ipv4 } from '../net/address.js';
import { BROADCAST, type Mac, readMac, writeMac } from '../net/mac.js';
import { ETHERNET_HEAD_LENGTH, ETHERNET_MINIMUM_LENGTH, etherType } from './ethernet.js';

const ARP_ETHERTYPE = 0x0806;
export const ARP_FRAME_LENGTH = 42;
/** What is sent: the packet and zeros up to Ethernet's minimum. */
const ARP_PADDED_LENGTH: number = ETHERNET_MINIMUM_LENGTH;
/** The longest frame that is read. Some senders pad further than they must; none doubles the frame. */
export const ARP_LONGEST_LENGTH = 128;

export const ArpOperation = { request: 1, reply: 2 } as const;
export type ArpOperation = (typeof ArpOperation)[keyof typeof ArpOperation];

/** Whether the first `length` bytes of `frame` say they are ARP. */
export const saysArp = (frame: DataView, length: number = frame.byteLength): boolean =>
  length >= ETHERNET_HEAD_LENGTH && etherType(frame) === ARP_ETHERTYPE;

/**
 * Whether the first `length` bytes of `frame` hold a whole ARP packet for IPv4 over Ethernet. Senders lie about lengths, so
 * every one is checked.
 */
export function isArp(frame: DataView, length: number = frame.byteLength): boolean {
  return (
    length >= ARP_FRAME_LENGTH &&
    length <= ARP_LONGEST_LENGTH &&
    etherType(frame) === ARP_ETHERTYPE &&
    frame.getUint16(14) === 1 &&
    frame.getUint16(16) === 0x0800 &&
    frame.getUint8(18) === 6 &&
    frame.getUint8(19) === 4
  );
}

export const operation = (frame: DataView): number => frame.getUint16(20);
export const senderMac = (frame: DataView): Mac => readMac(frame, 22);
export const senderAddress = (frame: DataView): Ipv4 => frame.getUint32(28);
export const targetAddress = (frame: DataView): Ipv4 => frame.getUint32(38);

/** Whether the sender says that it holds an address, as every request and reply does but a probe (RFC 5227 §1.1). */
export const isClaim = (frame: DataView): boolean => senderAddress(frame) !== 0 && operation(frame) <= ArpOperation.reply;

/**
 * Turns the request in `frame` into the reply that says `mac` holds `address`, in place, and gives the length to send.
 * `frame` is a view of the receive buffer: with room for 60 bytes the reply is padded to them with zeros.
 * The reply goes to the sender *hardware* address of the request, which RFC 826 makes the requester's, not to the
 * Ethernet source, which a bridge may have rewritten.
 */
export function turnIntoReply(frame: DataView, mac: Mac, address: Ipv4): number {
  const requester = senderMac(frame);
  writeMac(frame, 0, requester);
  writeMac(frame, 6, mac);
  frame.setUint16(20, ArpOperation.reply);
  writeMac(frame, 22, mac);
  writeMac(frame, 32, requester);
  frame.setUint32(38, senderAddress(frame));
  frame.setUint32(28, address);
  return pad(frame);
}

/**
 * Writes the broadcast frame by which `mac` says, unasked, that it holds `address`, and gives the length to send. `frame`
 * has room for 60 bytes. The target hardware address is the broadcast address, as MetalLB's is; receivers ignore it.
 */
export function writeGratuitous(frame: DataView, operation: ArpOperation, mac: Mac, address: Ipv4): number {
  writeMac(frame, 0, BROADCAST);
  writeMac(frame, 6, mac);
  frame.setUint16(12, ARP_ETHERTYPE);
  frame.setUint16(14, 1);
  frame.setUint16(16, 0x0800);
  frame.setUint8(18, 6);
  frame.setUint8(19, 4);
  frame.setUint16(20, operation);
  writeMac(frame, 22, mac);
  frame.setUint32(28, address);
  writeMac(frame, 32, BROADCAST);
  frame.setUint32(38, address);
  return pad(frame);
}

/**
 * Writes the broadcast probe by which `mac` asks who holds `address` without claiming it (RFC 5227 §2.1.1), and gives the
 * length to send. `frame` has room for 60 bytes.
 */
export function writeProbe(frame: DataView, mac: Mac, address: Ipv4): number {
  const length = writeGratuitous(frame, ArpOperation.request, mac, address);
  frame.setUint32(28, 0);
  writeMac(frame, 32, NOBODY);
  return length;
}

const NOBODY: Mac = { high: 0, low: 0 };

function pad(frame: DataView): number {
  const end = Math.min(frame.byteLength, ARP_PADDED_LENGTH);
  for (let at = ARP_FRAME_LENGTH; at < end; at++) frame.setUint8(at, 0);
  return end;
}
