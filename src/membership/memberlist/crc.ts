/**
 * CRC-32 as in Ethernet and zlib (IEEE 802.3 §3.2.9), and the packet header that carries one:
 *
 *   0    1       5
 *   | 0c | CRC   | payload
 *
 * By table, since `src/` computes and asks no other library for it.
 */
import { concat, viewOf } from './bytes.js';
import type { DropReason } from './drop.js';
import { TYPE } from './wire.js';

const HEADER_LENGTH = 5;

/**
 * What half a byte does to the remainder, for the polynomial with its bits reversed. Of whole bytes it would be made by so long a loop
 * that V8 optimises it, which costs each agent 4 MB of compiler, before any checksum has come.
 */
const TABLE = Uint32Array.from({ length: 16 }, (_, half) => {
  let remainder = half;
  for (let bit = 0; bit < 4; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
  return remainder;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc = (crc >>> 4) ^ (TABLE[(crc ^ byte) & 0xf] ?? 0);
    crc = (crc >>> 4) ^ (TABLE[(crc ^ (byte >>> 4)) & 0xf] ?? 0);
  }
  return ~crc >>> 0;
}

export function addCrc(payload: Uint8Array): Uint8Array {
  const bytes = concat(new Uint8Array(HEADER_LENGTH), payload);
  bytes[0] = TYPE.crc;
  viewOf(bytes).setUint32(1, crc32(payload));
  return bytes;
}

/** The payload behind the header that `bytes` begins with. */
export function checkCrc(bytes: Uint8Array): Uint8Array | DropReason {
  if (bytes.length < HEADER_LENGTH) return 'truncated';
  const payload = bytes.subarray(HEADER_LENGTH);
  return viewOf(bytes).getUint32(1) === crc32(payload) ? payload : 'bad-crc';
}
