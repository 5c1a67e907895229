/**
 * What a node says of itself in memberlist's metadata, once and for ever: that it is one of ours.
 *
 *   0          8
 *   | arpeggio | 01 |
 *
 * It never changes while the node lives, because each change makes stock speakers reload everything; what does change is told in
 * beats. Behind the version other bytes may follow one day: whoever begins with the word is one of ours.
 */
import { bytesOf } from './memberlist/bytes.js';

const WORD = bytesOf('arpeggio');

export const OUR_META: Uint8Array = Uint8Array.of(...WORD, 1);

export const isOurs = (meta: Uint8Array): boolean => meta.length > WORD.length && WORD.every((byte, i) => meta[i] === byte);
