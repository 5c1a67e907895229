/**
 * When an address that is owned quietly is told of again: once in each interval, at a point of it that a hash of the address
 * names. Addresses of one pool are spread evenly, no chance is involved, and a stalled loop does not drive them together: each
 * comes back to its own point.
 *
 * The points are few, so that addresses share them: to be woken costs a host more than to send a frame.
 */
import type { AddressKey } from '../net/address.js';

/** With the default interval one each second. */
const POINTS = 60;

/** The first point of `key` later than `after`. Milliseconds of the injected clock. */
export function refreshAt(key: AddressKey, refreshMs: number, after: number): number {
  const phase = Math.floor((hashOf(key) / 2 ** 32) * POINTS) * (refreshMs / POINTS);
  return phase + (Math.floor((after - phase) / refreshMs) + 1) * refreshMs;
}

/** FNV-1a over the code units of an IPv6 key, then the finaliser of MurmurHash3, so that neighbours land far apart. */
function hashOf(key: AddressKey): number {
  let hash = typeof key === 'number' ? key : 0x811c9dc5;
  if (typeof key === 'string') for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
