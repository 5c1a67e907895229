/**
 * What a folder says, kept file by file: for each its last good objects, and what is wrong with it now. A file that is
 * malformed, half-written or unreadable changes nothing but the issues; one that is gone takes its objects along.
 */
import { createHash } from 'node:crypto';
import type { Lock } from '../../src/allocator/lock.js';
import { parseRequest } from '../../src/allocator/request.js';
import { unfold } from '../../src/api/list.js';
import { withImplied } from '../../src/api/namespace.js';
import type { Sourced } from '../../src/api/object.js';
import { type KnownServices, type Objects, readObjects } from '../../src/api/objects.js';
import type { ServiceView } from '../../src/api/views.js';
import { type Issue, issue, parsed } from '../../src/issue/issue.js';
import { isLockFile, mergeLocks, readLockFile } from './lockfiles.js';
import type { FileRead } from './manifestfiles.js';
import { decodeManifests } from './manifests.js';

export interface View {
  readonly objects: Objects;
  /** Undefined: there is a lock file, and none of its versions could be read. */
  readonly lock: Lock | undefined;
  readonly issues: readonly Issue[];
}

interface FileState {
  /** Of the bytes read last; absent while the file cannot be read. */
  readonly hash?: string;
  /** The objects of the last version without a mistake, or those without one of the first version. */
  readonly good?: readonly Sourced<unknown>[];
  readonly lock?: Lock;
  /** What is wrong with the present version. */
  readonly issues: readonly Issue[];
  /** No version of the file was without a mistake yet. */
  readonly brokenFirst?: boolean;
}

export class Contents {
  readonly #nameOf: (path: string) => string;
  /** What the Services of all files were read as: only their names are kept beside it. */
  readonly #known: KnownServices = new WeakMap();
  #files: ReadonlyMap<string, FileState> = new Map();
  /** In force as of the last view: of two lock files that differ, the one that binds already goes on doing so. */
  #lock: Lock | undefined;

  /** `nameOf` gives a relative path the name it has in issues. */
  constructor(nameOf: (path: string) => string) {
    this.#nameOf = nameOf;
  }

  /** Takes in everything the folder has now, and tells whether anything is different. */
  update(reads: readonly FileRead[]): boolean {
    const before = this.#files;
    const after = new Map<string, FileState>();
    for (const read of reads) {
      if ('bytes' in read) after.set(read.path, this.#read(read.path, read.bytes, before.get(read.path)));
      else for (const [path, state] of this.#kept(read.path, read.unreadable, before)) after.set(path, state);
    }
    this.#keepVanished(before, after);
    this.#files = after;
    return after.size !== before.size || [...after].some(([path, state]) => before.get(path) !== state);
  }

  /** Files in the order of their paths, so that the same folder always gives the same view. */
  view(): View {
    const files = [...this.#files].sort(([a], [b]) => (a < b ? -1 : 1));
    const { objects: read, issues } = readObjects(
      files.flatMap(([, { good }]) => good ?? []),
      this.#known,
    );
    const objects = { ...read, namespaces: withImplied(read.namespaces, read.services) };
    const locks = files.filter(([path]) => isLockFile(path)).map(([, state]) => state);
    const merged = mergeLocks(
      locks.map(({ lock }) => lock),
      this.#lock,
    );
    this.#lock = merged.lock ?? this.#lock;
    return { objects, lock: merged.lock, issues: [...files.flatMap(([, state]) => state.issues), ...issues, ...merged.issues] };
  }

  /**
   * A file that was renamed and broken at once is a file that vanished beside one that was never good. What vanished stays in
   * force until that one is mended; likewise when every file vanished, as when a share is not mounted or a checkout begins.
   */
  #keepVanished(before: ReadonlyMap<string, FileState>, after: Map<string, FileState>): void {
    const vanished = [...before].filter(
      ([path, { good, lock }]) => !after.has(path) && (good !== undefined || lock !== undefined),
    );
    if (vanished.length === 0) return;
    const neverGood = [...after].filter(([path, { brokenFirst }]) => brokenFirst === true && !isLockFile(path));
    if (after.size > 0 && neverGood.length === 0) return;
    const why = after.size === 0 ? 'every file of the folder is gone' : `${this.#nameOf(neverGood[0]?.[0] ?? '')} is broken`;
    for (const [path, { hash: _, ...state }] of vanished) {
      const message = `the file is gone while ${why}; what it said stays in force until that is mended`;
      const known = state.issues[0]?.message === message ? before.get(path) : undefined;
      after.set(path, known ?? { ...state, issues: [issue('FILE_UNREADABLE', '', message, { file: this.#nameOf(path) })] });
    }
    // What the broken one does say, the vanished ones said too: twice would be once too often.
    for (const [path, state] of neverGood) if ((state.good?.length ?? 0) > 0) after.set(path, { ...state, good: [] });
  }

  #read(path: string, bytes: Uint8Array, before: FileState | undefined): FileState {
    const hash = createHash('sha256').update(bytes).digest('base64');
    if (before?.hash === hash) return before;
    const read = this.#parse(path, bytes, before);
    const isBroken = read.issues.some(({ severity }) => severity === 'error');
    const brokenFirst = isBroken && (before === undefined || before.brokenFirst === true);
    const lastGood = {
      ...(before?.good === undefined ? {} : { good: before.good }),
      ...(before?.lock === undefined ? {} : { lock: before.lock }),
    };
    return { hash, ...lastGood, ...read, ...(brokenFirst ? { brokenFirst } : {}) };
  }

  #parse(path: string, bytes: Uint8Array, before: FileState | undefined): Pick<FileState, 'good' | 'lock' | 'issues'> {
    const file = this.#nameOf(path);
    const { documents, issues } = decodeManifests(bytes, file);
    if (issues.length > 0) return { issues };
    if (documents.length === 0 && (before?.good?.length ?? 0) + (before?.lock?.services.size ?? 0) > 0) {
      const message = 'the file suddenly says nothing; what it said before stays in force until it says something or is deleted';
      return { issues: [issue('YAML_MALFORMED', '', message, { file })] };
    }
    if (!isLockFile(path)) return readObjectsOf(documents, before?.good !== undefined, this.#known);
    const lock = readLockFile(documents, file);
    return lock.ok ? { lock: lock.value, issues: [] } : { issues: lock.issues };
  }

  /** `path` is a file or a folder that cannot be read now: what was known of it, and the issue with the first of them. */
  #kept(path: string, why: string, before: ReadonlyMap<string, FileState>): [string, FileState][] {
    const message = `cannot be read: ${why}`;
    const issues = [issue('FILE_UNREADABLE', '', message, { file: this.#nameOf(path) })];
    const inside = [...before].filter(([known]) => known.startsWith(`${path}/`));
    const own = before.get(path);
    // The same trouble as before is no change.
    const same = own?.hash === undefined && own?.issues[0]?.message === message;
    return [[path, own !== undefined && same ? own : { ...withoutHash(own), issues }], ...inside];
  }
}

function withoutHash(state: FileState | undefined): Pick<FileState, 'good' | 'lock'> {
  if (state === undefined) return {};
  const { hash: _, issues: __, ...lastGood } = state;
  return lastGood;
}

/**
 * The objects of a file, when all of them can be read. Else a file that was good before keeps what it said as a whole: one that
 * was cut short is often still YAML, and a Service left out would lose its address. At first sight there is nothing to keep,
 * and the readable objects are taken.
 */
function readObjectsOf(
  documents: readonly Sourced<unknown>[],
  wasGood: boolean,
  known: KnownServices,
): Pick<FileState, 'good' | 'issues'> {
  const issues: Issue[] = [];
  const good: Sourced<unknown>[] = [];
  for (const object of unfold(documents)) {
    const { objects, issues: found } = readObjects([object]);
    const errors = found.filter(({ severity }) => severity === 'error');
    if (wasGood) errors.push(...objects.services.flatMap(requestErrors));
    if (errors.length === 0) good.push(inShort(object, objects, known));
    issues.push(...errors);
  }
  return issues.length > 0 && wasGood ? { issues } : { good, issues };
}

/** Of a Service, what it was read as is kept instead of what was written: half as much, and it need not be read again. */
function inShort(sourced: Sourced<unknown>, { services: [service] }: Objects, known: KnownServices): Sourced<unknown> {
  if (service === undefined) return sourced;
  const object = { apiVersion: 'v1', kind: 'Service', metadata: service };
  known.set(object, parsed(service));
  return { object, locate: sourced.locate };
}

/** A request that cannot be read is as good as none: the Service would lose its address, and others would move up. */
function requestErrors(service: ServiceView): readonly Issue[] {
  const request = service.type === 'LoadBalancer' ? parseRequest(service) : undefined;
  return request === undefined || request.ok ? [] : request.issues;
}
