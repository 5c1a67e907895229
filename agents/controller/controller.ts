/**
 * The controller: decides after each change of the state who has which address, and tells people: in the log, in events, in status
 * and in metrics. What was told and still holds is not told again.
 */
import { formatIssue, type Issue } from '../../src/issue/issue.js';
import { fingerprint } from '../runtime/fingerprint.js';
import { issueRecord, type Log } from '../runtime/log.js';
import type { Metrics } from '../runtime/metrics.js';
import type { Snapshot, StatusSink } from '../source/source.js';
import { type Allocator, IN_A_FOLDER, type Outcomes } from './allocator.js';
import { changesBetween } from './changes.js';
import { type InForce, NOTHING, reconcile } from './reconcile.js';
import { controllerStatus } from './status.js';

export interface ControllerOptions {
  readonly sink: StatusSink;
  readonly log: Log;
  readonly metrics: Metrics;
  /** @default IN_A_FOLDER */
  readonly allocator?: Allocator;
}

export class Controller {
  readonly #options: ControllerOptions;
  #inForce: InForce = NOTHING;
  #told: Outcomes = new Map();
  /** Fingerprints of what was logged of the issues that still stand, so that each is logged once. */
  #knownIssues: ReadonlySet<string> = new Set();

  constructor(options: ControllerOptions) {
    this.#options = options;
  }

  get inForce(): InForce {
    return this.#inForce;
  }

  /** What is in force from now on. People hear of it by {@link tell}: a slow reader of the log must not hold up what others wait for. */
  decide(snapshot: Snapshot): InForce {
    this.#inForce = reconcile(this.#inForce, snapshot, this.#options.allocator ?? IN_A_FOLDER);
    return this.#inForce;
  }

  tell(): void {
    const { metrics, sink, allocator = IN_A_FOLDER } = this.#options;
    const inForce = this.#inForce;
    if (allocator.gives) {
      sink.writeStatus(
        'controller',
        lazily(() => controllerStatus(inForce)),
      );
      metrics.setPools(inForce.usage);
    }
    this.#logIssues(inForce.issues);
    if (allocator.gives) this.#tellChanges();
    metrics.setConfig({ loaded: inForce.config !== undefined, stale: inForce.stale });
    metrics.countUpdate(inForce.stale ? 'failed' : 'done');
  }

  #tellChanges(): void {
    const { log, sink } = this.#options;
    const [before, after] = [this.#told, this.#inForce.outcomes];
    this.#told = after;
    for (const { record, event } of changesBetween(before, after, this.#inForce.objects.services)) {
      log(record);
      if (event !== undefined) sink.recordEvent(event);
    }
  }

  #logIssues(issues: readonly Issue[]): void {
    const found = new Set<string>();
    for (const one of issues) {
      const known = fingerprint(formatIssue(one));
      if (!this.#knownIssues.has(known) && !found.has(known)) this.#options.log(issueRecord(one));
      found.add(known);
    }
    if (this.#knownIssues.size > 0 && found.size === 0) {
      this.#options.log({ level: 'info', event: 'configValid', msg: 'nothing is wrong with the state any more' });
    }
    this.#knownIssues = found;
  }
}

/** Made anew each time somebody goes through it. */
export const lazily = <T>(make: () => Iterable<T>): Iterable<T> => ({ [Symbol.iterator]: () => make()[Symbol.iterator]() });
