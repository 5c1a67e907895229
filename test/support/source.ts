/**
 * A source in memory: the test says what the state is, and reads what was written.
 */

import type { Component, ServiceEvent, Snapshot, Source } from '../../agents/source/source.js';
import { EMPTY_LOCK, parseLock } from '../../src/allocator/lock.js';
import type { KubeObject } from '../../src/api/object.js';
import { readObjects } from '../../src/api/objects.js';

export class MemorySource implements Source {
  readonly events: ServiceEvent[] = [];
  readonly status: Map<Component, readonly KubeObject[]> = new Map();
  readonly #listeners = new Set<(snapshot: Snapshot) => void>();
  #snapshot: Snapshot;

  constructor(objects: readonly unknown[] = [], lock?: unknown) {
    this.#snapshot = snapshotOf(objects, lock, 1);
  }

  /** Replaces the state, as an edit of the folder would. */
  set(objects: readonly unknown[], lock?: unknown): void {
    this.#snapshot = snapshotOf(objects, lock, this.#snapshot.revision + 1);
    for (const listener of this.#listeners) listener(this.#snapshot);
  }

  snapshot(): Snapshot {
    return this.#snapshot;
  }

  subscribe(listener: (snapshot: Snapshot) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  writeStatus(component: Component, objects: Iterable<KubeObject>): void {
    this.status.set(component, [...objects]);
  }

  recordEvent(event: ServiceEvent): void {
    this.events.push(event);
  }
}

/** The snapshot that a source with these objects, as JSON would have them, gives. */
export function snapshotOf(objects: readonly unknown[], lock: unknown = undefined, revision = 1): Snapshot {
  const read = readObjects(objects.map((object) => ({ object, locate: () => undefined })));
  if (lock === undefined) return { ...read, lock: EMPTY_LOCK, revision };
  const parsed = parseLock({ object: lock, locate: () => undefined });
  if (parsed.ok) return { ...read, lock: parsed.value, revision };
  return { ...read, lock: undefined, issues: [...read.issues, ...parsed.issues], revision };
}
