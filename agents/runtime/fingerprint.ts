/**
 * A short stand-in for a long text that is only compared with others: thousands of them are remembered for as long as an agent
 * runs.
 */
import { createHash } from 'node:crypto';

/** Equal for equal texts, and for no others that anybody could find by accident. */
export const fingerprint = (text: string): string => createHash('sha256').update(text).digest().toString('base64', 0, BYTES);

/** Of a hash. They are written as 20 characters; a slice of a longer text would keep all of it. */
const BYTES = 15;
