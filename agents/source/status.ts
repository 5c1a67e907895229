/**
 * A folder as the place where status goes, as the objects Kubernetes would show: one file an object, and `events.jsonl`.
 *
 * Output, never input. A file is whole at every moment (written beside and renamed), is touched only when it says something
 * else, and is removed when its object is gone. One agent writes it: see folderlock.ts.
 */
import { readdir, readFile, rename, rm, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { KubeObject } from '../../src/api/object.js';
import { type Issue, issue, malformed, type Parsed, parsed } from '../../src/issue/issue.js';
import { fingerprint } from '../runtime/fingerprint.js';
import { codeOf, reasonOf } from '../runtime/systemerror.js';
import { EventFile } from './eventfile.js';
import { type FolderLock, lockFolder } from './folderlock.js';
import { makeFolder } from './makefolder.js';
import type { Component, ServiceEvent, StatusSink } from './source.js';
import { componentOf, STATUS_FOLDERS, statusFile } from './statusfile.js';
import { formatYaml } from './yamlwriter.js';

export interface StatusFolderOptions {
  readonly path: string;
  /** Named in events as their host. */
  readonly node: string;
  now?(): number;
  /** Told when a file cannot be written, once until it can; the agent goes on and tries again. */
  report?(issue: Issue): void;
}

const RETRY_MS = 5000;
/** Files written at a time. */
const AT_ONCE = 16;

/**
 * Takes the folder, which is made if it is missing, until `signal` aborts. STATUS_DIR_UNUSABLE when it cannot be written,
 * STATUS_DIR_BUSY when another agent has it.
 */
export async function openStatusFolder(options: StatusFolderOptions, signal: AbortSignal): Promise<Parsed<StatusFolder>> {
  const { path } = options;
  try {
    await makeFolder(path);
    await writeFile(join(path, `.probe-${process.pid}`), '');
    await unlink(join(path, `.probe-${process.pid}`));
  } catch (error) {
    return malformed(issue('STATUS_DIR_UNUSABLE', '', `the status folder cannot be written: ${reasonOf(error)}`, { file: path }));
  }
  const lock = await lockFolder(path);
  if (!lock.ok) return lock;
  const folder = new StatusFolder(options, await filesOf(path), lock.value);
  folder.follow(signal);
  return parsed(folder);
}

export class StatusFolder implements StatusSink {
  readonly #path: string;
  readonly #report: (issue: Issue) => void;
  readonly #lock: FolderLock;
  readonly #events: EventFile;
  /** Not as files: of thousands of Services those are several megabytes, and looked at only when something changed. */
  readonly #wanted = new Map<Component, Iterable<KubeObject>>();
  /** The {@link fingerprint} of what each file on disk says; undefined for one of a former run that nobody has looked at. */
  readonly #onDisk: Map<string, string | undefined>;
  #work: Promise<void> = Promise.resolve();
  #scheduled = false;
  #retry: NodeJS.Timeout | undefined;
  #failing = false;
  #released = false;
  #close: (() => void) | undefined;
  /** Fulfilled once everything is written and the folder given back, after the signal's abort. */
  readonly closed: Promise<void>;

  constructor({ path, node, now = Date.now, report = () => undefined }: StatusFolderOptions, files: string[], lock: FolderLock) {
    this.#path = path;
    this.#report = report;
    this.#lock = lock;
    this.#events = new EventFile(join(path, 'events.jsonl'), node, now);
    this.#onDisk = new Map(files.map((file) => [file, undefined]));
    this.closed = new Promise((resolve) => {
      this.#close = resolve;
    });
  }

  follow(signal: AbortSignal): void {
    const stop = (): void => void this.#stop();
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  }

  writeStatus(component: Component, objects: Iterable<KubeObject>): void {
    this.#wanted.set(component, objects);
    this.#schedule();
  }

  recordEvent(event: ServiceEvent): void {
    this.#events.add(event);
    this.#schedule();
  }

  /** Fulfilled once everything asked for until now is on disk, or was tried. */
  async idle(): Promise<void> {
    await this.#work;
  }

  /** One pass at a time; a request during a pass means one more, which sees the newest wishes only. */
  #schedule(): void {
    if (this.#scheduled || this.#released) return;
    this.#scheduled = true;
    this.#work = this.#work.then(async () => {
      this.#scheduled = false;
      await this.#flush();
    });
  }

  async #flush(): Promise<void> {
    clearTimeout(this.#retry);
    try {
      await this.#ensureFolder();
      await this.#events.flush();
      for (const [component, objects] of [...this.#wanted]) await this.#bringAbout(component, filesFor(objects));
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) {
        const message = `status cannot be written: ${reasonOf(error)}; it is tried again every ${RETRY_MS / 1000} s`;
        this.#report(issue('STATUS_DIR_UNUSABLE', '', message, { file: this.#path }));
      }
      this.#failing = true;
      this.#retry = setTimeout(() => this.#schedule(), RETRY_MS).unref();
    }
  }

  /** Somebody may have deleted the folder, and everything that was written with it. */
  async #ensureFolder(): Promise<void> {
    const isThere = await stat(this.#path).then(
      () => true,
      () => false,
    );
    if (isThere) return;
    await makeFolder(this.#path);
    this.#onDisk.clear();
  }

  async #bringAbout(component: Component, wanted: ReadonlyMap<string, Wanted>): Promise<void> {
    for (const file of [...this.#onDisk.keys()]) {
      if (wanted.has(file) || componentOf(file) !== component) continue;
      await rm(join(this.#path, file), { force: true });
      this.#onDisk.delete(file);
      // Fails, as it should, while another file is in there.
      await rmdir(join(this.#path, dirname(file))).catch(() => undefined);
    }
    const different = [...wanted].filter(([file, { key }]) => this.#onDisk.get(file) !== key);
    for (let at = 0; at < different.length; at += AT_ONCE) {
      await Promise.all(different.slice(at, at + AT_ONCE).map(([file, one]) => this.#write(file, one)));
    }
  }

  async #write(file: string, { object, key }: Wanted): Promise<void> {
    const path = join(this.#path, file);
    const text = formatYaml(object);
    const isThere = this.#onDisk.has(file) && (await readFile(path, 'utf8').catch(() => undefined)) === text;
    if (!isThere) await replaceFile(path, text);
    this.#onDisk.set(file, key);
  }

  async #stop(): Promise<void> {
    this.#schedule();
    await this.#work;
    this.#released = true;
    clearTimeout(this.#retry);
    await this.#lock.release();
    this.#close?.();
  }
}

interface Wanted {
  readonly object: KubeObject;
  readonly key: string;
}

const filesFor = (objects: Iterable<KubeObject>): ReadonlyMap<string, Wanted> =>
  new Map([...objects].map((object) => [statusFile(object), { object, key: keyOf(object) }]));

/** The file has its old text or the new one, at every moment. */
async function replaceFile(path: string, text: string): Promise<void> {
  const beside = join(dirname(path), `.${basename(path)}.new`);
  try {
    await writeFile(beside, text);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    await makeFolder(dirname(path));
    await writeFile(beside, text);
  }
  await rename(beside, path);
}

/** Of its JSON, in which an int64 keeps its digits. */
const keyOf = (object: KubeObject): string =>
  fingerprint(JSON.stringify(object, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)));

/** The status files of a former run. What it left half-written is removed. */
async function filesOf(path: string): Promise<string[]> {
  const files: string[] = [];
  for (const folder of STATUS_FOLDERS) {
    const names = await readdir(join(path, folder), { recursive: true }).catch(() => []);
    for (const name of names) {
      if (basename(name).startsWith('.')) await rm(join(path, folder, name), { force: true });
      else if (name.endsWith('.yaml')) files.push(`${folder}/${name}`);
    }
  }
  return files;
}
