/**
 * This node's network interfaces: a full list at once, after each change and now and then.
 *
 * The monitor's events are no more than ticks, so that nothing depends on its text: what counts is the list after them.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type Issue, issue } from '../../../src/issue/issue.js';
import type { NetworkInterface } from '../../../src/layer2/interface.js';
import type { SelectionRule } from '../../../src/layer2/selection.js';
import { Bell } from './bell.js';
import { Followed } from './followed.js';
import { listInterfaces } from './interfacelist.js';
import { runLinkMonitor } from './linkmonitor.js';

export interface FollowOptions {
  /** Changes of interfaces that are left out are no reason for a list: hundreds of them come and go with Pods. */
  readonly rule: SelectionRule;
  /** All interfaces, those left out too; also when nothing changed, so that what failed can be tried again. */
  readonly onList: (interfaces: readonly NetworkInterface[]) => void;
  readonly report: (one: Issue) => void;
  /** How `ip` is called. @default ['ip'] */
  readonly command?: readonly string[];
}

/** Between the beginnings of two lists, at least. */
const GAP_MS = 20;
/** Between two lists, changed or not, as MetalLB's scan. */
const SCAN_MS = 10_000;
/** After the monitor was started, when it sees changes for certain. What came before it did is in the list made then. */
const SETTLE_MS = 500;

/** Follows the interfaces until `signal` aborts; resolves when everything it started has ended. */
export async function followInterfaces(options: FollowOptions, signal: AbortSignal): Promise<void> {
  const { command = ['ip'] } = options;
  const bell = new Bell();
  const followed = new Followed(options.rule);
  const said = new Said(options.report);
  const monitored = runLinkMonitor(
    {
      command,
      onLine: (line) => {
        if (followed.take(line)) bell.ring();
      },
      onStart: (isGap) => {
        bell.ring();
        const settle = (): void => {
          if (isGap) followed.generations.interruptedAll();
          bell.ring();
        };
        void pause(SETTLE_MS, undefined, { signal }).then(settle, () => undefined);
      },
      onLoss: () => {
        followed.generations.interruptedAll();
        bell.ring();
      },
      onDeath: (why) => said.monitorEnded(why),
    },
    signal,
  );
  while (!signal.aborted) {
    const startedAt = performance.now();
    bell.clear();
    const mark = followed.generations.mark;
    const list = await listInterfaces(command).then(
      (found) => followed.taken(found, mark),
      (error: Error) => error.message,
    );
    if (signal.aborted) break;
    if (typeof list === 'string') said.listFailed(list);
    else {
      said.listed();
      options.onList(list);
    }
    await bell.heard(SCAN_MS, signal);
    await pause(Math.max(0, startedAt + GAP_MS - performance.now()), undefined, { signal }).catch(() => undefined);
  }
  await monitored;
}

/** What was reported, so that each is said once: a missing `ip` fails the lists and the monitor alike. */
class Said {
  readonly #report: (one: Issue) => void;
  #listFailure: string | undefined;

  constructor(report: (one: Issue) => void) {
    this.#report = report;
  }

  listed(): void {
    this.#listFailure = undefined;
  }

  listFailed(why: string): void {
    if (this.#listFailure === why) return;
    this.#listFailure = why;
    this.#say(`the interfaces of this host cannot be listed with "ip -json link show": ${why}`);
  }

  monitorEnded(why: string): void {
    if (this.#listFailure !== undefined) return;
    this.#say(`"ip monitor" ended (${why}): until it runs again, changes are noticed each ${SCAN_MS / 1000} s`);
  }

  #say(message: string): void {
    this.#report(issue('INTERFACE_WATCH_FAILED', '', message));
  }
}
