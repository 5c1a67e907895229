/**
 * What a node is made of that is neither Kubernetes nor ours, made once and kept outside the checkout: containerd and what it runs, out of
 * Debian packages, and the image that each Pod is built around.
 */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { PAUSE_IMAGE } from '../../test/cluster/layout.js';
import { ARCHITECTURE, writeImage } from '../image/archive.js';
import { downloads, fetchPackages, run, unpackPackages } from '../image/debian.js';

const CACHE = dirname(downloads());
/** Of the nodes, and the libraries that a machine may lack. */
const PACKAGES = [
  ...['containerd', 'containernetworking-plugins', 'nftables', 'runc'],
  ...[
    'libbsd0',
    'libedit2',
    'libgmp10',
    'libjansson4',
    'libmd0',
    'libmnl0',
    'libnftables1',
    'libnftnl11',
    'libseccomp2',
    'libxtables12',
  ],
];
const PAUSE = '#include <unistd.h>\nint main(void) { for (;;) pause(); }\n';

export interface Parts {
  /** A root with the programs of nodes. */
  readonly packages: string;
  /** An archive. */
  readonly pause: string;
}

export async function provideParts(say: (line: string) => void): Promise<Parts> {
  return { packages: providePackages(say), pause: await providePause() };
}

/** One for each set of versions. */
function providePackages(say: (line: string) => void): string {
  const files = fetchPackages(PACKAGES, downloads(), say);
  const folder = join(
    CACHE,
    `node-${files
      .filter((file) => /(containerd|runc)_/.test(file))
      .map((file) => basename(file, '.deb'))
      .join('-')}`,
  );
  if (existsSync(folder)) return folder;
  const fresh = mkdtempSync(join(CACHE, '.node-'));
  try {
    unpackPackages(files, fresh);
    renameSync(fresh, folder);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return folder;
}

/** An image whose one program does nothing. */
async function providePause(): Promise<string> {
  const file = join(CACHE, 'pause.tar');
  if (existsSync(file)) return file;
  const scratch = mkdtempSync(join(tmpdir(), 'arpeggio-pause-'));
  try {
    const root = join(scratch, 'root');
    mkdirSync(root);
    writeFileSync(join(scratch, 'pause.c'), PAUSE);
    run('cc', ['-static', '-Os', '-s', '-o', join(root, 'pause'), join(scratch, 'pause.c')], scratch);
    const options = { reference: PAUSE_IMAGE, architecture: ARCHITECTURE, entrypoint: ['/pause'], labels: {} };
    await writeImage(root, file, scratch, options);
    return file;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
