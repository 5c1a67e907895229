/**
 * Objects as commands read them: from files, folders at any depth and standard input, as `kubectl -f` does.
 *
 * Every mistake of every path is told at once. What is wrong is left out; everything else is there.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { EMPTY_LOCK, type Lock } from '../../src/allocator/lock.js';
import { unfold } from '../../src/api/list.js';
import type { Sourced } from '../../src/api/object.js';
import { readObjects } from '../../src/api/objects.js';
import { type Issue, issue } from '../../src/issue/issue.js';
import type { Written } from '../../src/plan/lint.js';
import { reasonOf } from '../runtime/systemerror.js';
import { isLockFile, mergeLocks, readLockFile } from '../source/lockfiles.js';
import { type FileRead, readManifestFile, readManifestFiles } from '../source/manifestfiles.js';
import { decodeManifests } from '../source/manifests.js';
import type { DocumentCache } from '../source/quickmanifests.js';

/** What standard input is called in issues. */
const STDIN = '<stdin>';

/** What kubectl prints of a large cluster has tens of megabytes; an agent, which reads again and again, takes less. */
const MAX_BYTES = 256 * 1024 * 1024;

/** What files hold, before anything is made of it. */
export interface ReadSources extends Pick<Written, 'lock' | 'issues' | 'sourced' | 'files'> {}

/** FILE_UNREADABLE for what cannot be read at all. `standardInput` is read when a path is `-`. */
export async function readPaths(
  paths: readonly string[],
  standardInput: AsyncIterable<Uint8Array> = process.stdin,
): Promise<Written> {
  const { issues, ...read } = await readSources(paths, { standardInput });
  const { objects, salvaged, issues: wrong } = readObjects(read.sourced);
  return { ...read, objects, salvaged, issues: [...issues, ...wrong] };
}

export interface SourceOptions {
  /** @default that of the process */
  readonly standardInput?: AsyncIterable<Uint8Array>;
  /** For whoever reads nearly the same files again. */
  readonly cache?: DocumentCache;
  /** Places are files without lines: a line inside a list of thousands of objects takes seconds to find. */
  readonly withoutLines?: boolean;
}

/** The issues are those of files, YAML and lock files. */
export async function readSources(
  paths: readonly string[],
  { standardInput = process.stdin, cache, withoutLines = false }: SourceOptions = {},
): Promise<ReadSources> {
  const reads = await readAll(paths, standardInput);
  const options = { maxBytes: MAX_BYTES, ...(cache === undefined ? {} : { cache }) };
  const sourced: Sourced<unknown>[] = [];
  const issues: Issue[] = [];
  const locks: (Lock | undefined)[] = [];
  for (const read of reads) {
    if ('unreadable' in read) {
      issues.push(issue('FILE_UNREADABLE', '', `cannot be read: ${read.unreadable}`, { file: read.path }));
      continue;
    }
    const { documents, issues: found } = decodeManifests(read.bytes, read.path, options);
    issues.push(...found);
    if (!isLockFile(read.path)) {
      const placed = withoutLines ? documents.map(({ object }) => ({ object, locate: () => ({ file: read.path }) })) : documents;
      for (const one of unfold(placed)) sourced.push(one);
    } else if (found.length === 0) {
      const lock = readLockFile(documents, read.path);
      locks.push(lock.ok ? lock.value : undefined);
      if (!lock.ok) issues.push(...lock.issues);
    } else locks.push(undefined);
  }
  const merged = mergeLocks(locks, undefined);
  return {
    lock: locks.length === 0 ? undefined : (merged.lock ?? EMPTY_LOCK),
    issues: [...issues, ...merged.issues],
    sourced,
    files: reads.map(({ path }) => path),
  };
}

/** Every file once, however many of the paths lead to it. */
async function readAll(paths: readonly string[], standardInput: AsyncIterable<Uint8Array>): Promise<readonly FileRead[]> {
  const reads = new Map<string, FileRead>();
  for (const path of paths) {
    const found = path === '-' ? [await readStream(standardInput, STDIN)] : await readPath(path);
    for (const read of found) {
      const place = read.path === STDIN ? STDIN : resolve(read.path);
      if (!reads.has(place)) reads.set(place, read);
    }
  }
  return [...reads.values()];
}

async function readPath(path: string): Promise<readonly FileRead[]> {
  try {
    const status = await stat(path);
    // What a shell makes of `<(command)`.
    if (status.isFIFO()) return [await readStream(createReadStream(path), path)];
    if (!status.isDirectory()) return [await readManifestFile(path, MAX_BYTES)];
    return (await readManifestFiles(path, MAX_BYTES)).map((read) => ({ ...read, path: join(path, read.path) }));
  } catch (error) {
    return [{ path, unreadable: reasonOf(error) }];
  }
}

async function readStream(stream: AsyncIterable<Uint8Array>, path: string): Promise<FileRead> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > MAX_BYTES) return { path, unreadable: `it has more than ${MAX_BYTES} bytes` };
    chunks.push(chunk);
  }
  return { path, bytes: Buffer.concat(chunks) };
}
