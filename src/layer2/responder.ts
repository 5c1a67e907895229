/**
 * Whether a frame that reached an interface is answered, and if not, why not.
 *
 * The reason is the single source of what is counted, logged and tested: no caller re-derives it. Any bytes whatever give a
 * decision; nothing throws.
 */
import type { Ipv4 } from '../net/address.js';
import { BROADCAST, type Mac } from '../net/mac.js';
import * as arp from '../packet/arp.js';
import { isSentFrom, isSentTo } from '../packet/ethernet.js';
import type { Claims } from './claims.js';

/**
 * `malformed` is a frame that says it is ARP and is not a whole ARP packet for IPv4 over Ethernet; `own-frame` is one that we
 * sent and heard ourselves.
 */
export type DropReason =
  | 'not-arp'
  | 'malformed'
  | 'own-frame'
  | 'not-a-request'
  | 'not-for-us'
  | 'unknown-address'
  | 'not-on-this-interface';
export type Decision = { readonly answer: Ipv4 } | { readonly drop: DropReason };

export interface Receiver {
  readonly name: string;
  readonly mac: Mac;
}

/** Decides about the first `length` bytes of `frame`. */
export function decide(frame: DataView, on: Receiver, claims: Claims, length: number = frame.byteLength): Decision {
  if (!arp.saysArp(frame, length)) return { drop: 'not-arp' };
  if (!arp.isArp(frame, length)) return { drop: 'malformed' };
  if (isSentFrom(frame, on.mac)) return { drop: 'own-frame' };
  if (arp.operation(frame) !== arp.ArpOperation.request) return { drop: 'not-a-request' };
  // A promiscuous capture also shows frames for other hosts; answering those would steal their traffic.
  if (!isSentTo(frame, BROADCAST) && !isSentTo(frame, on.mac)) return { drop: 'not-for-us' };

  const address = arp.targetAddress(frame);
  const interfaces = claims.get(address);
  if (interfaces === undefined) return { drop: 'unknown-address' };
  if (interfaces !== 'all' && !interfaces.has(on.name)) return { drop: 'not-on-this-interface' };
  return { answer: address };
}
