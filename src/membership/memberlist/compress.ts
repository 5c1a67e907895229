/**
 * A message wrapped in a compressed one. Peers compress every stream unless told otherwise, so that whoever listens must inflate.
 */
import { type DropReason, isDrop } from './drop.js';
import { deflateLzw, inflateLzw } from './lzw.js';
import { decodeStruct, encodeStruct } from './msgpack.js';
import { typed } from './single.js';
import { COMPRESS, TYPE } from './wire.js';

const LZW = 0;

/** The compressed message, with its type byte. */
export const compress = (message: Uint8Array): Uint8Array =>
  typed(TYPE.compress, encodeStruct(COMPRESS, { Algo: LZW, Buf: deflateLzw(message) }));

/** The message in the struct of a compressed one: at least its type byte, and at most `limit` bytes. */
export function decompress(body: Uint8Array, limit: number): Uint8Array | DropReason {
  const fields = decodeStruct(COMPRESS, body);
  if (isDrop(fields)) return fields;
  if (fields.Algo !== LZW) return 'unknown-compression';
  const message = inflateLzw(fields.Buf, limit);
  return isDrop(message) || message.length > 0 ? message : 'malformed';
}
