/**
 * The lock files among the files of a folder: which are, what one says, and what several say together.
 */
import { basename } from 'node:path';
import { EMPTY_LOCK, LOCK_FILE, type Lock, type LockEntry, parseLock, sameAddresses } from '../../src/allocator/lock.js';
import type { Sourced } from '../../src/api/object.js';
import { type Issue, issue, malformed, type Parsed } from '../../src/issue/issue.js';

export const isLockFile = (path: string): boolean => basename(path) === LOCK_FILE;

/** The lock of one file from its documents. LOCK_MALFORMED names every mistake. */
export function readLockFile(documents: readonly Sourced<unknown>[], file: string): Parsed<Lock> {
  const [first = { object: undefined, locate: () => ({ file }) }, second] = documents;
  if (second !== undefined) {
    return malformed(issue('LOCK_MALFORMED', '', 'a lock file has one document, and here a second begins', second.locate('')));
  }
  return parseLock(first);
}

export interface MergedLock {
  /** Undefined when one of several could not be read. */
  readonly lock: Lock | undefined;
  readonly issues: readonly Issue[];
}

/** Every lock file's entries. Two that promise one Service different addresses are LOCK_CONFLICT, and the one that is `binding` stays. */
export function mergeLocks(locks: readonly (Lock | undefined)[], binding: Lock | undefined): MergedLock {
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
