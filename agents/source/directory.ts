/**
 * A folder of manifests as a source of state. It is watched, read whole after every change, and never written.
 *
 * The last view stays in force whatever happens to the folder: what is wrong is told beside it. A watch can miss things, so
 * the folder is also looked at now and then; that it was replaced (a link that now leads elsewhere) is noticed in a second.
 */
import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import { formatIssue, type Issue, issue, malformed, type Parsed, parsed } from '../../src/issue/issue.js';
import { reasonOf } from '../runtime/systemerror.js';
import { Contents } from './contents.js';
import { readManifestFiles } from './manifestfiles.js';
import type { Snapshot, StateSource } from './source.js';

export interface DirectoryOptions {
  /** As the user typed it: issues begin with it. */
  readonly path: string;
  /** Quiet time after a change before the folder is read. @default 50 */
  readonly debounceMs?: number;
  /** @default 30_000 */
  readonly rescanMs?: number;
  /** How often it is made sure that the path still leads to the folder that is watched. @default 1000 */
  readonly rootCheckMs?: number;
  now?(): number;
}

/** However busy the folder is, it is read after this time. */
const LONGEST_DEBOUNCE_MS = 1000;

/** Reads the folder and follows it until `signal` aborts. STATE_DIR_UNUSABLE when it cannot be read at all. */
export async function openDirectory(options: DirectoryOptions, signal: AbortSignal): Promise<Parsed<Directory>> {
  const directory = new Directory(options);
  const failed = await directory.start(signal);
  return failed === undefined ? parsed(directory) : malformed(failed);
}

export class Directory implements StateSource {
  readonly #path: string;
  readonly #debounceMs: number;
  readonly #rescanMs: number;
  readonly #rootCheckMs: number;
  readonly #now: () => number;
  readonly #contents: Contents;
  readonly #listeners = new Set<(snapshot: Snapshot) => void>();
  #snapshot: Snapshot | undefined;
  #readAtMs = 0;
  #watcher: FSWatcher | undefined;
  #watched = '';
  #watchProblem: Issue | undefined;
  #debounce: NodeJS.Timeout | undefined;
  #pokedAtMs: number | undefined;
  #reading: Promise<void> | undefined;
  #stopped = false;

  constructor({ path, debounceMs = 50, rescanMs = 30_000, rootCheckMs = 1000, now = Date.now }: DirectoryOptions) {
    this.#path = path;
    this.#debounceMs = debounceMs;
    this.#rescanMs = rescanMs;
    this.#rootCheckMs = rootCheckMs;
    this.#now = now;
    this.#contents = new Contents((relative) => join(path, relative));
  }

  /** Fulfilled once the folder was read: with an issue when it could not be, and then nothing was started. */
  async start(signal: AbortSignal): Promise<Issue | undefined> {
    const failed = await this.#read();
    if (failed !== undefined) return failed;
    const timers = [
      setInterval(() => this.#poke(), this.#rescanMs),
      setInterval(() => void this.#checkRoot(), this.#rootCheckMs),
    ];
    await this.#checkRoot();
    const stop = (): void => {
      this.#stopped = true;
      for (const timer of timers) clearInterval(timer);
      clearTimeout(this.#debounce);
      void this.#watcher?.close();
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    return undefined;
  }

  snapshot(): Snapshot {
    if (this.#snapshot === undefined) throw new Error('a Directory has a snapshot once it was started');
    return this.#snapshot;
  }

  subscribe(listener: (snapshot: Snapshot) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** When the folder was last read, changed or not. */
  get readAtMs(): number {
    return this.#readAtMs;
  }

  /** Something may have changed: reads the folder when it has been quiet for a moment. */
  #poke(): void {
    if (this.#stopped) return;
    const now = this.#now();
    this.#pokedAtMs ??= now;
    const wait = Math.min(this.#debounceMs, Math.max(0, this.#pokedAtMs + LONGEST_DEBOUNCE_MS - now));
    clearTimeout(this.#debounce);
    this.#debounce = setTimeout(() => {
      // A read in progress may have passed the file that changed: it is read again afterwards.
      if (this.#reading !== undefined) return this.#poke();
      this.#pokedAtMs = undefined;
      this.#reading = this.#read().then(() => {
        this.#reading = undefined;
      });
    }, wait);
  }

  async #read(): Promise<Issue | undefined> {
    try {
      const changed = this.#contents.update(await readManifestFiles(this.#path));
      this.#readAtMs = this.#now();
      this.#publish(changed || this.#snapshot === undefined, this.#watchProblem);
      return undefined;
    } catch (error) {
      const failed = issue('STATE_DIR_UNUSABLE', '', `the state folder cannot be read: ${reasonOf(error)}`, { file: this.#path });
      if (this.#snapshot !== undefined) this.#publish(false, failed);
      return failed;
    }
  }

  /** A new snapshot, if the contents changed or there is something else to say about them. */
  #publish(changed: boolean, trouble: Issue | undefined): void {
    if (this.#stopped) return;
    const before = this.#snapshot;
    const view = changed || before === undefined ? this.#contents.view() : { ...before, issues: this.#ownIssues };
    const issues = trouble === undefined ? view.issues : [trouble, ...view.issues];
    this.#ownIssues = view.issues;
    if (!changed && before !== undefined && sameIssues(before.issues, issues)) return;
    const snapshot = { objects: view.objects, lock: view.lock, issues, revision: (before?.revision ?? 0) + 1 };
    this.#snapshot = snapshot;
    for (const listener of this.#listeners) listener(snapshot);
  }

  /** The issues of the contents, without what is wrong with the folder. */
  #ownIssues: readonly Issue[] = [];

  /** Watches what the path leads to now; called again and again, because that can change without any event. */
  async #checkRoot(): Promise<void> {
    const root = await stat(this.#path).then(
      ({ dev, ino }) => `${dev}:${ino}`,
      () => 'missing',
    );
    if (root === this.#watched || this.#stopped) return;
    this.#watched = root;
    void this.#watcher?.close();
    this.#watcher = undefined;
    this.#watchProblem = undefined;
    if (root !== 'missing') this.#watch();
    this.#poke();
  }

  #watch(): void {
    const root = resolve(this.#path);
    this.#watcher = watch(root, {
      ignoreInitial: true,
      ignorePermissionErrors: true,
      ignored: (path) => path !== root && /^\.[^.]/.test(basename(path)),
    });
    const poke = (): void => this.#poke();
    // `raw` also tells of the link `..data`, which chokidar does not count among the files.
    this.#watcher.on('ready', poke).on('all', poke).on('raw', poke);
    this.#watcher.on('error', (error) => {
      const message = `changes may be seen only after ${this.#rescanMs / 1000} s: ${reasonOf(error)}`;
      this.#watchProblem = issue('STATE_DIR_UNUSABLE', '', message, { file: this.#path });
      this.#poke();
    });
  }
}

const sameIssues = (a: readonly Issue[], b: readonly Issue[]): boolean =>
  a.length === b.length && a.every((one, i) => b[i] !== undefined && formatIssue(one) === formatIssue(b[i]));
