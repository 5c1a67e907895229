/**
 * Why received bytes were dropped, in whole or in part. The reason decided is the reason counted and logged: no caller derives it again.
 */
export type DropReason =
  /** Ends before what it says it holds. */
  | 'truncated'
  /** Is not what its type says. */
  | 'malformed'
  /** Has no type, or none that may stand where it stands. */
  | 'unknown-type'
  /** Carries another label than ours, one where we have none, or none where we have one. */
  | 'label-mismatch'
  /** Is sealed with no key of ours, or with any where we have none, or not at all where it must be. */
  | 'not-decrypted'
  | 'bad-crc'
  /** Is compressed by something other than LZW. */
  | 'unknown-compression'
  /** Says that it is, or turned out to be, more than we take. */
  | 'too-large'
  /** Has more layers in layers than we open. */
  | 'too-deep'
  /** A node whose versions are not exactly six bytes: reference peers up to 0.6.0 crash when they hear of one. */
  | 'bad-versions';

/** What a decoder of any layer gives: what it read, or why not. */
export const isDrop = <T extends object>(read: T | DropReason): read is DropReason => typeof read === 'string';
