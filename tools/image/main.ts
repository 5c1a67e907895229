/** Assembles the image into build/image/ and prints the archive's path. Run by `npm run image`, after set-up and build. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CAP_FLAGS, ROOT } from '../setup.mjs';
import { ARCHITECTURE, writeImage } from './archive.js';
import { downloads } from './debian.js';
import { ENTRYPOINT, makeRoot } from './root.js';

const say = (line: string): void => console.error(`image: ${line}`);

async function main(): Promise<void> {
  process.umask(0o022);
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const scratch = mkdtempSync(join(tmpdir(), 'arpeggio-image-'));
  try {
    const root = join(scratch, 'root');
    mkdirSync(root);
    makeRoot({ root, scratch, cache: downloads(), source: ROOT, capFlags: CAP_FLAGS, say });
    const file = join(ROOT, 'build', 'image', `arpeggio-${version}-${ARCHITECTURE}.tar`);
    const { size, digest } = await writeImage(root, file, scratch, {
      reference: `docker.io/library/arpeggio:${version}`,
      architecture: ARCHITECTURE,
      entrypoint: ENTRYPOINT,
      labels: { 'org.opencontainers.image.title': 'arpeggio', 'org.opencontainers.image.version': version },
    });
    say(`arpeggio:${version}, ${Math.round(size / 1e6)} MB, ${digest}`);
    console.log(file);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

main().catch((error: Error) => {
  say(error.message);
  process.exitCode = 1;
});
