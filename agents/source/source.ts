/**
 * Where state comes from and where status goes: the one seam between what is decided and the world it is decided for.
 * A folder stands behind it today, a Kubernetes API server tomorrow; both follow list and watch.
 *
 * A snapshot is whole and never changes. The next one has a higher revision and replaces all of it.
 */

import type { Lock } from '../../src/allocator/lock.js';
import type { KubeObject } from '../../src/api/object.js';
import type { Objects } from '../../src/api/objects.js';
import type { Issue } from '../../src/issue/issue.js';

export interface Snapshot {
  readonly objects: Objects;
  /** Undefined when there is a lock file that could never be read: whoever allocates without it may renumber. */
  readonly lock: Lock | undefined;
  /** Everything that is wrong with what was read; the objects named here are the last good ones, or absent. */
  readonly issues: readonly Issue[];
  /** Some pool or advertisement cannot be read: none of the newest may come into force. */
  readonly refused?: true;
  /** It was kept from a former run, and others may know more. */
  readonly stale?: true;
  /** Begins at 1 and increases with every change. */
  readonly revision: number;
}

/** What happened to a Service, as `kubectl describe` shows it (core/v1 Event). */
export interface ServiceEvent {
  readonly type: 'Normal' | 'Warning';
  /** MetalLB's reasons where MetalLB has one: `IPAllocated`, `AllocationFailed`, `nodeAssigned`, … */
  readonly reason: string;
  readonly message: string;
  /** `namespace/name`. */
  readonly service: string;
  /** `metallb-controller` or `metallb-speaker`. */
  readonly component: string;
}

/** Whose status objects they are. Each replaces its own set and never touches the other's. */
export type Component = 'controller' | 'speaker';

export interface Source {
  snapshot(): Snapshot;
  /** Calls `listener` with every later snapshot, until the function it returns is called. */
  subscribe(listener: (snapshot: Snapshot) => void): () => void;
  /**
   * The whole set of status objects that `component` wants to be seen; what it wrote before and leaves out goes away. They are
   * gone through whenever files may have to be written, and must be the same each time.
   */
  writeStatus(component: Component, objects: Iterable<KubeObject>): void;
  recordEvent(event: ServiceEvent): void;
}

/** The reading half, which decisions follow. */
export type StateSource = Pick<Source, 'snapshot' | 'subscribe'>;
/** The writing half, which decisions are shown through. */
export type StatusSink = Pick<Source, 'writeStatus' | 'recordEvent'>;

/** One source from a half that reads and a half that writes. */
export const joined = (state: StateSource, sink: StatusSink): Source => ({
  snapshot: () => state.snapshot(),
  subscribe: (listener) => state.subscribe(listener),
  writeStatus: (component, objects) => sink.writeStatus(component, objects),
  recordEvent: (event) => sink.recordEvent(event),
});
