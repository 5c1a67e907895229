/**
 * The secret of a gossip cluster, from a file: as MetalLB makes a key of it, so that both kinds of speakers have the same one.
 */
import { readFileSync } from 'node:fs';
import { type Issue, issue, malformed, type Parsed, parsed } from '../../src/issue/issue.js';
import { type Key, keyOfPassphrase } from '../../src/membership/memberlist/seal.js';
import { reasonOf } from '../runtime/systemerror.js';

/** MetalLB's file in the folder that METALLB_ML_SECRET_KEY_PATH names. */
export const SECRET_FILE = 'secretkey';

/**
 * GOSSIP_KEY_UNUSABLE where MetalLB would start without encryption, too: whoever names a file wants it, and an empty one is most likely
 * a mistake.
 */
export function readGossipKey(file: string): Parsed<Key> {
  try {
    const key = keyOfPassphrase(readFileSync(file));
    return key === undefined ? malformed(unusable(file, 'is empty')) : parsed(key);
  } catch (error) {
    return malformed(unusable(file, `cannot be read: ${reasonOf(error)}`));
  }
}

const unusable = (file: string, why: string): Issue =>
  issue('GOSSIP_KEY_UNUSABLE', '--gossip-key-file', `${file} ${why}; nothing is sent unencrypted instead`);
