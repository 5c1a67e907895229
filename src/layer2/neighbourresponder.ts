/**
 * Whether an IPv6 frame that reached an interface is answered, and if not, why not: the twin of responder.ts for Neighbor
 * Discovery. Any bytes whatever give a decision; nothing throws.
 *
 * MetalLB answers only solicitations that carry a source link-layer option (metallb-behaviour §4.8). Here probes before use
 * and reachability checks without that option are answered too.
 */
import type { AddressKey } from '../net/address.js';
import { type Mac, readMac } from '../net/mac.js';
import { isSentFrom, isSentTo } from '../packet/ethernet.js';
import { isSentToMulticast } from '../packet/ipv6.js';
import * as neighbour from '../packet/neighbour.js';
import type { Claims } from './claims.js';
import type { DropReason, Receiver } from './responder.js';

/**
 * As for ARP. `not-ndp` is a frame that is no solicitation and no advertisement, or hides it behind an extension header;
 * `malformed` one that says it is and that RFC 4861 §7.1 does not let anybody act upon.
 */
export type NeighbourDropReason = Exclude<DropReason, 'not-arp'> | 'not-ndp';
export type NeighbourDecision = { readonly answer: AddressKey } | { readonly drop: NeighbourDropReason };

/** What a frame says about who holds an address. */
export interface NeighbourClaim {
  readonly address: AddressKey;
  /** Who holds it, or is about to take it. */
  readonly mac: Mac;
  /** `probe`: the sender will take the address unless somebody objects. */
  readonly kind: 'advertisement' | 'probe';
}

/** Decides about the first `length` bytes of `frame`. */
export function decideNeighbour(
  frame: DataView,
  on: Receiver,
  claims: Claims,
  length: number = frame.byteLength,
): NeighbourDecision {
  if (!neighbour.saysNeighbour(frame, length)) return { drop: 'not-ndp' };
  if (!neighbour.isNeighbour(frame, length)) return { drop: 'malformed' };
  if (isSentFrom(frame, on.mac)) return { drop: 'own-frame' };
  if (!neighbour.isSolicitation(frame)) return { drop: 'not-a-request' };
  // A promiscuous capture also shows frames for other hosts; answering those would steal their traffic.
  if (!isSentToMulticast(frame) && !isSentTo(frame, on.mac)) return { drop: 'not-for-us' };

  const address = neighbour.targetKey(frame);
  const interfaces = claims.get(address);
  if (interfaces === undefined) return { drop: 'unknown-address' };
  if (interfaces !== 'all' && !interfaces.has(on.name)) return { drop: 'not-on-this-interface' };
  return { answer: address };
}

/**
 * Who holds an address, as the first `length` bytes of `frame` say: an advertisement's target, or what a probe asks for.
 * Undefined for any other frame and for invalid ones. Whether the sender is a stranger, a peer or ourselves is for the caller.
 */
export function claimIn(frame: DataView, length: number = frame.byteLength): NeighbourClaim | undefined {
  if (!neighbour.saysNeighbour(frame, length)) return undefined;
  const isProbe = neighbour.isSolicitation(frame) && neighbour.isProbe(frame);
  // Most frames are questions: they are told by four words, without a checksum.
  if (!(isProbe || neighbour.isAdvertisement(frame)) || !neighbour.isNeighbour(frame, length)) return undefined;
  const address = neighbour.targetKey(frame);
  if (isProbe) return { address, mac: ethernetSource(frame), kind: 'probe' };
  return { address, mac: neighbour.linkLayerAddress(frame) ?? ethernetSource(frame), kind: 'advertisement' };
}

const ethernetSource = (frame: DataView): Mac => readMac(frame, 6);
