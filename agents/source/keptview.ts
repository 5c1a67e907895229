/**
 * The last view of a cluster, kept in a folder of this host: a speaker that is started again while the API server is away goes on
 * with it.
 */
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EMPTY_LOCK } from '../../src/allocator/lock.js';
import type { Objects } from '../../src/api/objects.js';
import { isRecord } from '../../src/api/value.js';
import { makeFolder } from './makefolder.js';
import type { Snapshot } from './source.js';

export interface Kept {
  readonly snapshot: Snapshot;
  /** Hosts of the speakers. */
  readonly peers: readonly string[];
  /** When it was written, on the wall's clock: it may have been true for longer. */
  readonly keptAtMs: number;
}

const FILE = 'view.json';
/** Another program reads it otherwise. */
const VERSION = 1;
/** At most so often: a view of thousands of Services has megabytes. */
const EVERY_MS = 10_000;

export class KeptView {
  readonly #folder: string;
  #latest: { readonly objects: Objects; readonly peers: readonly string[] } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #nextAtMs = Number.NEGATIVE_INFINITY;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Undefined when there is none that can be used. */
  async read(): Promise<Kept | undefined> {
    try {
      const path = join(this.#folder, FILE);
      const kept: unknown = JSON.parse(await readFile(path, 'utf8'));
      if (!isRecord(kept) || kept['version'] !== VERSION || !isRecord(kept['objects'])) return undefined;
      const objects = kept['objects'] as unknown as Objects;
      const placeless = <T>({ object }: { object: T }) => ({ object, locate: () => undefined });
      return {
        peers: kept['peers'] as readonly string[],
        keptAtMs: (await stat(path)).mtimeMs,
        snapshot: {
          objects: { ...objects, pools: objects.pools.map(placeless), advertisements: objects.advertisements.map(placeless) },
          lock: EMPTY_LOCK,
          issues: [],
          stale: true,
          revision: 0,
        },
      };
    } catch {
      return undefined;
    }
  }

  /** Writes soon. That it cannot is no trouble until it would be needed. */
  keep(objects: Objects, peers: readonly string[]): void {
    this.#latest = { objects, peers };
    if (this.#timer !== undefined) return;
    const wait = Math.max(0, this.#nextAtMs - performance.now());
    this.#timer = setTimeout(() => void this.#write(), wait);
    this.#timer.unref();
  }

  async #write(): Promise<void> {
    const path = join(this.#folder, FILE);
    const text = JSON.stringify({ version: VERSION, ...this.#latest });
    this.#nextAtMs = performance.now() + EVERY_MS;
    this.#timer = undefined;
    try {
      await makeFolder(this.#folder);
      await writeFile(`${path}.new`, text, { mode: 0o600 });
      await rename(`${path}.new`, path);
    } catch {
      // The next view is tried again.
    }
  }
}
