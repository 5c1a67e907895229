/**
 * The manifest files of a folder, as bytes: `*.yaml`, `*.yml` and `*.json` at any depth, links followed. Names that begin
 * with a dot are passed over: editors' and git's own, and the generations (`..data`) behind a mounted ConfigMap, whose files
 * are reached by the links beside them.
 *
 * What cannot be read is a value too: whoever keeps the last good contents must tell it from what is gone.
 */
import type { Stats } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { codeOf, reasonOf } from '../runtime/systemerror.js';
import { MAX_FILE_BYTES } from './manifests.js';

export type FileRead =
  /** `path` is relative to the folder, with slashes. */
  | { readonly path: string; readonly bytes: Uint8Array }
  /** A file, or a folder with everything in it. */
  | { readonly path: string; readonly unreadable: string };

const MANIFEST = /\.(ya?ml|json)$/i;
/** Reads at a time: enough to keep a disk busy, few enough for any limit on open files. */
const AT_ONCE = 32;

const isManifestName = (name: string): boolean => MANIFEST.test(name) && !name.startsWith('.');

/** Sorted by path. Rejects when `root` itself cannot be read. */
export async function readManifestFiles(root: string, maxBytes: number = MAX_FILE_BYTES): Promise<readonly FileRead[]> {
  const found: string[] = [];
  const unreadable: FileRead[] = [];
  await walk(root, '', [identityOf(await stat(root))], found, unreadable);
  const reads: (FileRead | undefined)[] = [];
  for (let at = 0; at < found.length; at += AT_ONCE) {
    reads.push(...(await Promise.all(found.slice(at, at + AT_ONCE).map((path) => readOne(root, path, maxBytes)))));
  }
  const all = [...unreadable, ...reads.filter((read) => read !== undefined)];
  return all.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** `above` are the folders on the way, so that a link to one of them ends the walk. */
async function walk(
  root: string,
  folder: string,
  above: readonly string[],
  found: string[],
  unreadable: FileRead[],
): Promise<void> {
  for (const entry of await readdir(`${root}/${folder}`, { withFileTypes: true })) {
    if (entry.name.startsWith('.')) continue;
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (!entry.isDirectory() && !entry.isSymbolicLink()) {
      if (isManifestName(entry.name)) found.push(path);
      continue;
    }
    try {
      const status = await stat(`${root}/${path}`);
      if (!status.isDirectory()) {
        if (isManifestName(entry.name)) found.push(path);
      } else if (!above.includes(identityOf(status))) {
        await walk(root, path, [...above, identityOf(status)], found, unreadable);
      }
    } catch (error) {
      const why = reasonOf(error);
      // A link to nothing is only our business when it has the name of a manifest.
      if (entry.isDirectory() || isManifestName(entry.name)) unreadable.push({ path, unreadable: why });
    }
  }
}

const identityOf = ({ dev, ino }: Stats): string => `${dev}:${ino}`;

/** Undefined for a file that was removed since the folder was listed. */
async function readOne(root: string, path: string, maxBytes: number): Promise<FileRead | undefined> {
  try {
    return { ...(await readManifestFile(`${root}/${path}`, maxBytes)), path };
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? undefined : { path, unreadable: reasonOf(error) };
  }
}

/** One file, whatever its name. Rejects when the system does not let it be read. */
export async function readManifestFile(path: string, maxBytes: number): Promise<FileRead> {
  const status = await stat(path);
  if (!status.isFile()) return { path, unreadable: 'it is not a regular file' };
  if (status.size > maxBytes) {
    return { path, unreadable: `it has ${status.size} bytes, and more than ${maxBytes} are not read` };
  }
  return { path, bytes: await readFile(path) };
}
