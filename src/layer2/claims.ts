/**
 * The addresses that this node answers for: the table of the frame path.
 */
import type { AddressKey } from '../net/address.js';
import type { On } from './ballot.js';

/** Each with the interfaces it is answered on. */
export type Claims = ReadonlyMap<AddressKey, On>;
