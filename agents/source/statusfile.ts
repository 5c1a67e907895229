/**
 * Which file a status object is written to, and which component's it is. Names come from manifests that anybody wrote: they
 * never lead out of the folder, and always fit into a file name.
 */
import { createHash } from 'node:crypto';
import type { KubeObject } from '../../src/api/object.js';
import type { Component } from './source.js';

const FOLDERS: Readonly<Record<string, string>> = {
  Service: 'services',
  IPAddressPool: 'ipaddresspools',
  L2Advertisement: 'l2advertisements',
  ServiceL2Status: 'servicel2statuses',
  ConfigurationState: 'configurationstates',
};

export const STATUS_FOLDERS: readonly string[] = Object.values(FOLDERS);

/** `services/default/web.yaml`. */
export function statusFile({ kind, metadata: { namespace, name } }: KubeObject): string {
  const folders = [FOLDERS[kind] ?? `${kind.toLowerCase()}s`, ...(namespace === undefined ? [] : [namespace])];
  return [...folders.map(safe), `${safe(name)}.yaml`].join('/');
}

/** A file of a former run belongs to the component that would write it today. */
export function componentOf(file: string): Component {
  if (file.startsWith('servicel2statuses/')) return 'speaker';
  return /^configurationstates\/[^/]+\/speaker-/.test(file) ? 'speaker' : 'controller';
}

/** File systems allow 255 bytes; this leaves room for endings. */
const LONGEST = 200;

/** One step of a path: no slash, no leading dot, not too long. */
function safe(name: string): string {
  // Half a surrogate pair, which no encoding bears, becomes U+FFFD.
  const encoded = encodeURIComponent(Buffer.from(name).toString()).replace(/^\./, '%2E');
  if (encoded.length <= LONGEST) return encoded;
  return `${encoded.slice(0, LONGEST / 2)}-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
}
