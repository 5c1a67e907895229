/**
 * MetalLB's own constants for memberlist: the ConfigMap `metallb-memberlist-config` as a file (metallb-behaviour §5.3). It is read once, at
 * the start.
 */
import { readFileSync } from 'node:fs';
import { issue, malformed, type Parsed, parsed } from '../../src/issue/issue.js';
import { type ConfigFile, parseConfigFile } from '../../src/membership/memberlist/configfile.js';
import { isMissing, reasonOf } from '../runtime/systemerror.js';

/** Where MetalLB's DaemonSet mounts it. */
export const MEMBERLIST_FILE = '/etc/metallb/memberlist/config.json';

/** Undefined where there is no such file. */
export function readMemberlistFile(file: string): Parsed<ConfigFile | undefined> {
  try {
    return parseConfigFile(readFileSync(file, 'utf8'), file);
  } catch (error) {
    if (isMissing(error)) return parsed(undefined);
    return malformed(issue('MEMBERLIST_CONFIG_INVALID', '', `it cannot be read: ${reasonOf(error)}`, { file }));
  }
}
