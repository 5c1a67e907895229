/**
 * The lab's small C programs (test/bench/native/NAME.c), compiled into build/native/ when their source is newer.
 */
import { execFile } from 'node:child_process';
import { mkdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDER = join(ROOT, 'build', 'native');

export type NativeName = 'arpload' | 'arpwatch' | 'holdthreads' | 'httpd' | 'inject' | 'tape' | 'tcploop';

const compiled = new Map<NativeName, Promise<string>>();

/** The path of the compiled program. Two who ask at once wait for one compiler: they would write one file. */
export function compileNative(name: NativeName): Promise<string> {
  const known = compiled.get(name) ?? compile(name);
  compiled.set(name, known);
  return known;
}

async function compile(name: NativeName): Promise<string> {
  const source = join(ROOT, 'test', 'bench', 'native', `${name}.c`);
  const program = join(FOLDER, name);
  if ((await modifiedMs(program)) > (await modifiedMs(source))) return program;
  await mkdir(FOLDER, { recursive: true });
  // Test files run side by side: each compiles under a name of its own, and the last rename wins.
  const fresh = `${program}.${process.pid}`;
  await promisify(execFile)('cc', ['-O2', '-Wall', '-Wextra', '-o', fresh, source]);
  await rename(fresh, program);
  return program;
}

async function modifiedMs(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return 0;
  }
}
