/** An OCI archive of a root file system, written so that the same files are the same bytes. */
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run } from './debian.js';
import { blobPath, type ImageOptions, imageDocuments } from './oci.js';

/** No name, no time, no order but the alphabet's. */
const REPRODUCIBLE = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--format=gnu'];

/** As Go names this machine's. */
export const ARCHITECTURE: string = process.arch === 'x64' ? 'amd64' : process.arch;

export interface WrittenImage {
  readonly digest: string;
  /** Of its layer, in bytes. */
  readonly size: number;
}

/** `scratch` is a folder on the same disk; what it is used for is gone after. */
export async function writeImage(root: string, file: string, scratch: string, options: ImageOptions): Promise<WrittenImage> {
  const archive = join(scratch, 'archive');
  mkdirSync(join(archive, 'blobs/sha256'), { recursive: true });
  const tar = join(scratch, 'layer.tar');
  run('tar', ['-cf', tar, ...REPRODUCIBLE, '-C', root, '.'], root);
  const hash = createHash('sha256');
  await pipeline(createReadStream(tar), hash);
  const layer = { digest: `sha256:${hash.digest('hex')}`, size: statSync(tar).size };
  renameSync(tar, join(archive, blobPath(layer.digest)));
  const { digest, files } = imageDocuments(layer, options);
  for (const [path, text] of Object.entries(files)) writeFileSync(join(archive, path), text);
  mkdirSync(dirname(file), { recursive: true });
  // Beside it first: a reader finds a whole archive or none.
  run('tar', ['-cf', `${file}.new`, ...REPRODUCIBLE, '-C', archive, '.'], scratch);
  renameSync(`${file}.new`, file);
  rmSync(archive, { recursive: true });
  return { digest, size: layer.size };
}
