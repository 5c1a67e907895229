/**
 * The cipher block of a packet or stream: AES-GCM (NIST SP 800-38D), and what it covers besides.
 *
 *   0         1       13           n − 16
 *   | version | nonce | ciphertext | tag |
 *
 * Version 0 pads the plaintext to whole blocks first (PKCS#7); 1, which every peer of this decade sends, does not. Whoever holds a
 * key is trusted fully: a block says neither who sent it nor when.
 */
import { type CipherGCMTypes, createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { concat, copyOf } from './bytes.js';

export const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;
const TEXT_AT = 1 + NONCE_LENGTH;
const BLOCK_LENGTH = 16;

/** An AES key of 16, 24 or 32 bytes. Any other length is a bug of the caller, and throws when it is used. */
export type Key = Uint8Array;

export interface Sealing {
  /** The first of the key ring. */
  readonly key: Key;
  /** Twelve random bytes. One that was used with the key before gives away both plaintexts. */
  readonly nonce: Uint8Array;
  /** @default 1 */
  readonly version?: 0 | 1;
}

/** How long the block of `length` bytes of plaintext is: known before it is sealed, because the seal of a stream covers it. */
export const sealedLength = (length: number, version: 0 | 1 = 1): number =>
  TEXT_AT + TAG_LENGTH + (version === 1 ? length : length + padding(length));

const padding = (length: number): number => BLOCK_LENGTH - (length % BLOCK_LENGTH);

export function seal(plaintext: Uint8Array, covered: Uint8Array, { key, nonce, version = 1 }: Sealing): Uint8Array {
  if (nonce.length !== NONCE_LENGTH) throw new RangeError(`a nonce of ${nonce.length} bytes`);
  const cipher = createCipheriv(algorithm(key), key, nonce, { authTagLength: TAG_LENGTH }).setAAD(covered);
  const pad = padding(plaintext.length);
  const padded = version === 1 ? plaintext : concat(plaintext, new Uint8Array(pad).fill(pad));
  return concat(Uint8Array.of(version), nonce, cipher.update(padded), cipher.final(), cipher.getAuthTag());
}

/** The plaintext of a block that one of `keys` seals, tried in their order; undefined if none does, or it is no block. */
export function unseal(block: Uint8Array, covered: Uint8Array, keys: readonly Key[]): Uint8Array | undefined {
  const version = block[0];
  if (version !== 0 && version !== 1) return undefined;
  if (block.length < sealedLength(0, version)) return undefined;
  for (const key of keys) {
    const plaintext = unsealWith(key, block, covered);
    if (plaintext !== undefined) return version === 1 ? plaintext : withoutPadding(plaintext);
  }
  return undefined;
}

function unsealWith(key: Key, block: Uint8Array, covered: Uint8Array): Uint8Array | undefined {
  const textEnd = block.length - TAG_LENGTH;
  const decipher = createDecipheriv(algorithm(key), key, block.subarray(1, TEXT_AT), { authTagLength: TAG_LENGTH });
  decipher.setAAD(covered).setAuthTag(block.subarray(textEnd));
  const plaintext = decipher.update(block.subarray(TEXT_AT, textEnd));
  try {
    decipher.final();
  } catch {
    // Another key, or a block that was changed: the cipher tells the two apart as little as we can.
    return undefined;
  }
  return copyOf(plaintext);
}

/** The version is not covered: a block of version 1 that was changed to 0 is told from a true one only by its padding. */
function withoutPadding(padded: Uint8Array): Uint8Array | undefined {
  const end = padded.length - (padded.at(-1) ?? 0);
  const pad = padded.subarray(Math.max(0, end));
  const isSound = padded.length % BLOCK_LENGTH === 0 && pad.length >= 1 && pad.length <= BLOCK_LENGTH;
  return isSound && pad.every((byte) => byte === pad.length) ? padded.subarray(0, end) : undefined;
}

function algorithm(key: Key): CipherGCMTypes {
  if (key.length === 16) return 'aes-128-gcm';
  if (key.length === 24) return 'aes-192-gcm';
  if (key.length === 32) return 'aes-256-gcm';
  throw new RangeError(`a key of ${key.length} bytes`);
}

/**
 * The key that MetalLB makes of its secret. It means to hash it, but appends the hash of nothing to it and keeps the first 32 bytes;
 * whoever wants to be in its cluster must do the same. Every byte of the secret counts, the line break at its end too.
 * An empty one is no encryption: undefined.
 */
export const keyOfPassphrase = (passphrase: Uint8Array): Key | undefined =>
  passphrase.length === 0 ? undefined : concat(passphrase, createHash('sha256').digest()).slice(0, 32);
