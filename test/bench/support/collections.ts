/**
 * What a process holds: its heap after collections. What is resident says little of that: a thread that is busy leaves tens of
 * megabytes to be collected, and V8 keeps pages that it once needed.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PRELOADED = fileURLToPath(new URL('./collections.cjs', import.meta.url));

/** With this in its environment a process writes down its collections. */
export const writingCollections = (file: string): Readonly<Record<string, string>> => ({
  NODE_OPTIONS: `--require ${PRELOADED}`,
  COLLECTIONS: file,
});

export interface Collection {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** What was left. */
  readonly heapMb: number;
}

/** By thread; 0 is the main one. */
export function readCollections(file: string): ReadonlyMap<number, readonly Collection[]> {
  const threads = new Map<number, Collection[]>();
  for (const line of existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []) {
    const [thread = 0, atMs = 0, bytes = 0] = line.split(' ').map(Number);
    const known = threads.get(thread);
    const one = { atMs, heapMb: bytes / 2 ** 20 };
    if (known === undefined) threads.set(thread, [one]);
    else known.push(one);
  }
  return threads;
}
