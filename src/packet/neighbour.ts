/**
 * Neighbor Solicitation and Advertisement of IPv6 (RFC 4861 §4.3, §4.4), as they lie in an Ethernet frame.
 *
 *   54     55   56         58      62       78
 *   | type | 0 | checksum | flags | target | options: type, length in eights of bytes, value …
 *
 * Readers take the whole frame: nothing is copied on the receive path. All but `saysNeighbour` and `isNeighbour` are for
 * frames that `isNeighbour` has found good.
 */
import type { AddressKey, Words } from '../net/address.js';
import { type Mac, readMac, writeMac } from '../net/mac.js';
import {
  ALL_NODES,
  holdsMulticast,
  holdsSolicitedNode,
  holdsUnspecified,
  hopLimit,
  ICMPV6,
  IPV6_DESTINATION_AT,
  IPV6_PAYLOAD_AT,
  IPV6_SOURCE_AT,
  icmpv6Checksum,
  multicastMac,
  nextHeader,
  payloadLength,
  readKey,
  readWords,
  saysIpv6,
  solicitedNodeGroup,
  version,
  writeIpv6Head,
  writeWords,
} from './ipv6.js';

/** The longest frame that is read: room for every option in use but the signatures of SEND (RFC 3971), which nobody sends. */
export const NEIGHBOUR_LONGEST_LENGTH = 192;
/** What is sent with the one option, and without. */
const ADVERTISEMENT_LENGTH = 86;
const PROBE_LENGTH = 78;

const SOLICITATION = 135;
const ADVERTISEMENT = 136;

const TYPE_AT: number = IPV6_PAYLOAD_AT;
const CODE_AT = 55;
const CHECKSUM_AT = 56;
const FLAGS_AT = 58;
const TARGET_AT = 62;
const OPTIONS_AT = 78;

const FIXED_LENGTH: number = OPTIONS_AT - IPV6_PAYLOAD_AT;
const SOURCE_LINK_LAYER = 1;
const TARGET_LINK_LAYER = 2;
/** Of an option with an Ethernet address; no option is shorter. */
const OPTION_LENGTH = 8;

/** The upper half of the flags: Router (never set here), Solicited, Override. */
const SOLICITED = 0x4000;
const OVERRIDE = 0x2000;

/** Who an advertisement comes from: the interface. */
export interface NeighbourSender {
  readonly mac: Mac;
  /** Its link-local address, from which it speaks unasked. */
  readonly linkLocal: Words;
}

/** Whether the first `length` bytes of `frame` say they are a solicitation or an advertisement, and no extension header first. */
export const saysNeighbour = (frame: DataView, length: number = frame.byteLength): boolean =>
  length > TYPE_AT &&
  saysIpv6(frame, length) &&
  nextHeader(frame) === ICMPV6 &&
  (isSolicitation(frame) || isAdvertisement(frame));

export const isSolicitation = (frame: DataView): boolean => frame.getUint8(TYPE_AT) === SOLICITATION;
export const isAdvertisement = (frame: DataView): boolean => frame.getUint8(TYPE_AT) === ADVERTISEMENT;

/**
 * Whether the first `length` bytes of `frame` hold a whole and valid solicitation or advertisement (RFC 4861 §7.1.1, §7.1.2).
 * What follows the payload is padding and may be anything. The hop limit of 255 is what keeps routers from passing on a
 * message from another link.
 */
export function isNeighbour(frame: DataView, length: number = frame.byteLength): boolean {
  if (!saysNeighbour(frame, length) || length > NEIGHBOUR_LONGEST_LENGTH) return false;
  const payload = payloadLength(frame);
  return (
    version(frame) === 6 &&
    hopLimit(frame) === 255 &&
    payload >= FIXED_LENGTH &&
    IPV6_PAYLOAD_AT + payload <= length &&
    frame.getUint8(CODE_AT) === 0 &&
    !holdsMulticast(frame, TARGET_AT) &&
    // RFC 4291 §2.7: never a source. An answer to one would go to everybody.
    !holdsMulticast(frame, IPV6_SOURCE_AT) &&
    hasWholeOptions(frame) &&
    (isSolicitation(frame) ? fitsItsSource(frame) : fitsItsDestination(frame)) &&
    icmpv6Checksum(frame) === 0
  );
}

/** Options fill the rest of the payload without a gap, and the one that holds a MAC has the length of one. */
function hasWholeOptions(frame: DataView): boolean {
  const type = linkLayerType(frame);
  const end = endOf(frame);
  for (let at = OPTIONS_AT; at < end; ) {
    if (at + OPTION_LENGTH > end) return false;
    const length = optionLength(frame, at);
    if (length === 0 || at + length > end) return false;
    if (frame.getUint8(at) === type && length !== OPTION_LENGTH) return false;
    at += length;
  }
  return true;
}

const fitsItsSource = (frame: DataView): boolean =>
  !isProbe(frame) || (holdsSolicitedNode(frame, IPV6_DESTINATION_AT) && linkLayerAt(frame) === 0);

const fitsItsDestination = (frame: DataView): boolean =>
  (frame.getUint16(FLAGS_AT) & SOLICITED) === 0 || !holdsMulticast(frame, IPV6_DESTINATION_AT);

/** Whether the solicitation asks before its sender takes the address itself (duplicate address detection, RFC 4862 §5.4). */
export const isProbe = (frame: DataView): boolean => holdsUnspecified(frame, IPV6_SOURCE_AT);

/** The address that is asked for, or told of. */
export const targetKey = (frame: DataView): AddressKey => readKey(frame, TARGET_AT);
export const targetWords = (frame: DataView): Words => readWords(frame, TARGET_AT);

/**
 * The address in the link-layer option that belongs to the message: its sender's in a solicitation, the target's in an
 * advertisement. The first one if there are several; undefined if there is none.
 */
export function linkLayerAddress(frame: DataView): Mac | undefined {
  const at = linkLayerAt(frame);
  return at === 0 ? undefined : readMac(frame, at + 2);
}

/** Where that option begins; 0 if there is none. */
function linkLayerAt(frame: DataView): number {
  const type = linkLayerType(frame);
  const end = endOf(frame);
  for (let at = OPTIONS_AT; at < end; at += optionLength(frame, at)) if (frame.getUint8(at) === type) return at;
  return 0;
}

const linkLayerType = (frame: DataView): number => (isSolicitation(frame) ? SOURCE_LINK_LAYER : TARGET_LINK_LAYER);
const optionLength = (frame: DataView, at: number): number => frame.getUint8(at + 1) * 8;
const endOf = (frame: DataView): number => IPV6_PAYLOAD_AT + payloadLength(frame);

/**
 * Turns the solicitation in `frame` into the advertisement that says `from` holds its target, in place, and gives the length
 * to send. `frame` is a view of the receive buffer with room for 86 bytes, however short the solicitation is.
 *
 * The answer goes to the link-layer address the sender gave, else to the Ethernet source. A probe has no address to answer
 * to: the answer goes to all nodes, unsolicited (RFC 4861 §7.2.4), and ends the duplicate before it begins.
 */
export function turnIntoAdvertisement(frame: DataView, from: NeighbourSender): number {
  if (isProbe(frame)) return writeUnsolicited(frame, from, targetWords(frame));
  writeMac(frame, 0, linkLayerAddress(frame) ?? readMac(frame, 6));
  writeWords(frame, IPV6_DESTINATION_AT, readWords(frame, IPV6_SOURCE_AT));
  // From the address itself, as a kernel answers for its own: ndisc6 and others like it hear no answer from another scope.
  return writeAdvertisement(frame, from.mac, targetWords(frame), SOLICITED);
}

/** Writes the advertisement by which `from` says, unasked, to all nodes, that it holds `address`; 86 bytes. */
export function writeUnsolicited(frame: DataView, from: NeighbourSender, address: Words): number {
  writeMac(frame, 0, multicastMac(ALL_NODES));
  writeWords(frame, IPV6_DESTINATION_AT, ALL_NODES);
  writeWords(frame, TARGET_AT, address);
  return writeAdvertisement(frame, from.mac, from.linkLocal, OVERRIDE);
}

/** Writes what does not depend on who it goes to: destinations and target are there already. */
function writeAdvertisement(frame: DataView, mac: Mac, source: Words, flags: number): number {
  frame.setUint8(OPTIONS_AT, TARGET_LINK_LAYER);
  frame.setUint8(OPTIONS_AT + 1, OPTION_LENGTH / 8);
  writeMac(frame, OPTIONS_AT + 2, mac);
  return finish(frame, ADVERTISEMENT, flags, mac, source, ADVERTISEMENT_LENGTH);
}

/**
 * Writes the solicitation of duplicate address detection (RFC 4862 §5.4.2), by which `mac` asks whether anybody holds
 * `address`; 78 bytes. It comes from no address, so nobody learns anything from it.
 */
export function writeProbe(frame: DataView, mac: Mac, address: Words): number {
  const group = solicitedNodeGroup(address);
  writeMac(frame, 0, multicastMac(group));
  writeWords(frame, IPV6_DESTINATION_AT, group);
  writeWords(frame, TARGET_AT, address);
  return finish(frame, SOLICITATION, 0, mac, UNSPECIFIED, PROBE_LENGTH);
}

/** Writes the solicitation by which `from` asks who holds `address`; 86 bytes. The answer comes to him alone. */
export function writeSolicitation(frame: DataView, from: NeighbourSender, address: Words): number {
  const group = solicitedNodeGroup(address);
  writeMac(frame, 0, multicastMac(group));
  writeWords(frame, IPV6_DESTINATION_AT, group);
  writeWords(frame, TARGET_AT, address);
  frame.setUint8(OPTIONS_AT, SOURCE_LINK_LAYER);
  frame.setUint8(OPTIONS_AT + 1, OPTION_LENGTH / 8);
  writeMac(frame, OPTIONS_AT + 2, from.mac);
  return finish(frame, SOLICITATION, 0, from.mac, from.linkLocal, ADVERTISEMENT_LENGTH);
}

const UNSPECIFIED: Words = [0, 0, 0, 0];

/** The rest of a frame, and the checksum of all of it. */
function finish(frame: DataView, type: number, flags: number, mac: Mac, source: Words, length: number): number {
  writeMac(frame, 6, mac);
  writeIpv6Head(frame, ICMPV6, length - IPV6_PAYLOAD_AT);
  writeWords(frame, IPV6_SOURCE_AT, source);
  frame.setUint8(TYPE_AT, type);
  frame.setUint8(CODE_AT, 0);
  frame.setUint16(CHECKSUM_AT, 0);
  frame.setUint16(FLAGS_AT, flags);
  frame.setUint16(FLAGS_AT + 2, 0);
  frame.setUint16(CHECKSUM_AT, icmpv6Checksum(frame));
  return length;
}
