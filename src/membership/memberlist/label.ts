/**
 * The label of a cluster, by which several share a network: before every packet, and before what the initiator of a stream says,
 * never before the answer. It is sent in the clear; where packets are sealed, the seal covers it.
 *
 *   0    1        2
 *   | f4 | length | label | rest
 */
import { bytesOf, concat, textOf } from './bytes.js';
import type { DropReason } from './drop.js';
import { TYPE } from './wire.js';

const HEADER_LENGTH = 2;
const LONGEST_LABEL = 255;

/** `rest` behind the header; as it is if the label is empty, which is none. Too long a label is a bug of the caller, and throws. */
export function addLabel(label: string, rest: Uint8Array): Uint8Array {
  if (label.length > LONGEST_LABEL) throw new RangeError(`a label has at most ${LONGEST_LABEL} bytes`);
  return label === '' ? rest : concat(Uint8Array.of(TYPE.label, label.length), bytesOf(label), rest);
}

interface Labelled {
  /** Empty: none. */
  readonly label: string;
  readonly headerLength: number;
}

/** The label that `bytes` begin with. */
export function readLabel(bytes: Uint8Array): Labelled | DropReason {
  if (bytes.length === 0) return 'truncated';
  if (bytes[0] !== TYPE.label) return { label: '', headerLength: 0 };
  const length = bytes[1];
  if (length === 0) return 'malformed';
  const headerLength = HEADER_LENGTH + (length ?? 0);
  if (length === undefined || bytes.length < headerLength) return 'truncated';
  return { label: textOf(bytes.subarray(HEADER_LENGTH, headerLength)), headerLength };
}
