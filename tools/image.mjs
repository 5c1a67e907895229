// @ts-check
/** `npm run image`: the image of both agents as an OCI archive, without a container engine. Prints where it is. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';
import { ROOT, setup } from './setup.mjs';

/** Builds it from what build/ holds; the path of the archive, or undefined after saying why there is none. */
export function assembleImage() {
  const args = ['--import', 'tsx', 'tools/image/main.ts'];
  const { status, stdout } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return status === 0 ? stdout.trim() : undefined;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  setup();
  await build();
  const file = assembleImage();
  if (file === undefined) process.exitCode = 1;
  else console.log(file);
}
