/**
 * The image that has both agents, where nobody names another: that of this version, from wherever a cluster's nodes have it.
 */
import packageJson from '../package.json' with { type: 'json' };

export const DEFAULT_IMAGE: string = `arpeggio:${packageJson.version}`;
