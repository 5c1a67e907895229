// @ts-check
/** Where the cluster of `npm run cluster` keeps its files. There is one as long as this folder is there. */
import { homedir } from 'node:os';
import { join } from 'node:path';

export const CLUSTER_FOLDER =
  process.env['ARPEGGIO_CLUSTER'] || join(process.env['XDG_STATE_HOME'] || join(homedir(), '.local/state'), 'arpeggio/cluster');

export const THERE_IS_ONE = 'there is one already, or what is left of one: npm run cluster down';
