/**
 * Names that agents make of other names, cut where Kubernetes would not take them. What is cut off is told apart by a digest, so
 * that different texts have different names.
 */
import { createHash } from 'node:crypto';

/** Of an object: a DNS subdomain (RFC 1123), if `text` is one but for its length. */
export const objectName = (text: string): string => fitting(text, 253);

/** The value of a label, if `text` is one but for its length. */
export const labelValue = (text: string): string => fitting(text, 63);

const DIGEST = 16;

function fitting(text: string, longest: number): string {
  if (text.length <= longest) return text;
  // Neither ends in front of a dash or dot.
  const head = text.slice(0, longest - DIGEST - 1).replace(/[^A-Za-z0-9]+$/, '');
  return `${head}-${createHash('sha256').update(text).digest('hex').slice(0, DIGEST)}`;
}
