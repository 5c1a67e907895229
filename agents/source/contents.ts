/**
 * What a folder says, kept file by file: for each its last good objects, and what is wrong with it now. A file that is
 * malformed, half-written or unreadable changes nothing but the issues; one that is gone takes its objects along.
 */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { EMPTY_LOCK, LOCK_FILE, type Lock, type LockEntry, parseLock, sameAddresses } from '../../src/allocator/lock.js';
import { parseRequest } from '../../src/allocator/request.js';
import { unfold } from '../../src/api/list.js';
import type { Sourced } from '../../src/api/object.js';
import { type Objects, readObjects } from '../../src/api/objects.js';
import type { ServiceView } from '../../src/api/views.js';
import { type Issue, issue } from '../../src/issue/issue.js';
import type { FileRead } from './manifestfiles.js';
import { readManifests } from './manifests.js';

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
    const { objects: read, issues } = readObjects(files.flatMap(([, { good }]) => good ?? []));
    const objects = { ...read, namespaces: withImplied(read) };
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
    const text = decode(bytes);
    if (text === undefined) return { issues: [issue('YAML_MALFORMED', '', 'the file is not UTF-8 text', { file })] };
    const { documents, issues } = readManifests(text, file);
    if (issues.length > 0) return { issues };
    if (documents.length === 0 && (before?.good?.length ?? 0) + (before?.lock?.services.size ?? 0) > 0) {
      const message = 'the file suddenly says nothing; what it said before stays in force until it says something or is deleted';
      return { issues: [issue('YAML_MALFORMED', '', message, { file })] };
    }
    return isLockFile(path) ? readLock(documents, file) : readObjectsOf(documents, before?.good !== undefined);
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

/** A cluster has no Service in a namespace that does not exist; a folder need not mention the namespace to have one. */
function withImplied({ namespaces, services }: Objects): Objects['namespaces'] {
  const known = new Set(namespaces.map(({ name }) => name));
  const implied = new Set(services.map(({ namespace }) => namespace).filter((name) => !known.has(name)));
  return [...namespaces, ...[...implied].sort().map((name) => ({ name, labels: {} }))];
}

const isLockFile = (path: string): boolean => basename(path) === LOCK_FILE;

function withoutHash(state: FileState | undefined): Pick<FileState, 'good' | 'lock'> {
  if (state === undefined) return {};
  const { hash: _, issues: __, ...lastGood } = state;
  return lastGood;
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * The objects of a file, when all of them can be read. Else a file that was good before keeps what it said as a whole: one that
 * was cut short is often still YAML, and a Service left out would lose its address. At first sight there is nothing to keep,
 * and the readable objects are taken.
 */
function readObjectsOf(documents: readonly Sourced<unknown>[], wasGood: boolean): Pick<FileState, 'good' | 'issues'> {
  const issues: Issue[] = [];
  const good: Sourced<unknown>[] = [];
  for (const object of documents.flatMap((document) => [...unfold(document)])) {
    const { objects, issues: found } = readObjects([object]);
    const errors = found.filter(({ severity }) => severity === 'error');
    if (wasGood) errors.push(...objects.services.flatMap(requestErrors));
    if (errors.length === 0) good.push(object);
    issues.push(...errors);
  }
  return issues.length > 0 && wasGood ? { issues } : { good, issues };
}

/** A request that cannot be read is as good as none: the Service would lose its address, and others would move up. */
function requestErrors(service: ServiceView): readonly Issue[] {
  const request = service.type === 'LoadBalancer' ? parseRequest(service) : undefined;
  return request === undefined || request.ok ? [] : request.issues;
}

function readLock(documents: readonly Sourced<unknown>[], file: string): Pick<FileState, 'lock' | 'issues'> {
  const [first = { object: undefined, locate: () => ({ file }) }, second] = documents;
  if (second !== undefined) {
    return { issues: [issue('LOCK_MALFORMED', '', 'a lock file has one document, and here a second begins', second.locate(''))] };
  }
  const lock = parseLock(first);
  return lock.ok ? { lock: lock.value, issues: [] } : { issues: lock.issues };
}

/** Every lock file's entries. Two that promise one Service different addresses are LOCK_CONFLICT, and the one that is `binding` stays. */
function mergeLocks(
  locks: readonly (Lock | undefined)[],
  binding: Lock | undefined,
): {
  readonly lock: Lock | undefined;
  readonly issues: readonly Issue[];
} {
  const [only, ...more] = locks;
  if (more.length === 0) return { lock: locks.length === 0 ? EMPTY_LOCK : only, issues: [] };
  const services = new Map<string, LockEntry>();
  const issues: Issue[] = [];
  for (const lock of locks) {
    if (lock === undefined) return { lock: undefined, issues };
    for (const [service, entry] of lock.services) {
      const earlier = services.get(service);
      if (earlier === undefined) services.set(service, entry);
      else if (!sameAddresses(earlier.addresses, entry.addresses)) {
        const bound = binding?.services.get(service);
        const winner = bound !== undefined && sameAddresses(bound.addresses, entry.addresses) ? entry : earlier;
        const loser = winner === entry ? earlier : entry;
        services.set(service, winner);
        const message = `${service} is locked to other addresses in ${winner.source?.file ?? 'another lock file'}, which binds`;
        issues.push(issue('LOCK_CONFLICT', '', message, loser.source));
      }
    }
  }
  return { lock: { services: new Map([...services].sort(([a], [b]) => (a < b ? -1 : 1))) }, issues };
}
