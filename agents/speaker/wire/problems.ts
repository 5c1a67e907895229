/**
 * What is wrong with this node's interfaces: each problem is said once, and those of captures are told as a whole whenever they
 * are others than before, since one that cannot be opened beside a working one would otherwise be a line in the log and no more.
 */
import { type Issue, issue } from '../../../src/issue/issue.js';
import type { ToView } from '../messages.js';

/** Between two reports of the same interface's send errors. */
const REPORT_EVERY_MS = 10_000;

export class Problems {
  readonly #post: (message: ToView) => void;
  /** By interface: what was last said, and still stands. */
  readonly #said = new Map<string, Issue>();
  readonly #sendErrorAt = new Map<string, number>();
  /** As they were told last. */
  #captures: readonly Issue[] = [];

  constructor(post: (message: ToView) => void) {
    this.#post = post;
  }

  say(name: string, problem: Issue): void {
    if (this.#said.get(name)?.message === problem.message) return;
    this.#said.set(name, problem);
    this.#post({ type: 'issues', issues: [problem] });
    this.#tellCaptures();
  }

  /** Nothing is wrong with it any more. */
  settle(name: string): void {
    if (this.#said.delete(name)) this.#tellCaptures();
  }

  /** Forgets interfaces that are not there any more. */
  keepOnly(names: { has(name: string): boolean }): void {
    for (const known of [this.#said, this.#sendErrorAt])
      for (const name of known.keys()) if (!names.has(name)) known.delete(name);
    this.#tellCaptures();
  }

  /** A frame could not be sent: that passes, or the interface goes down. */
  sendError(name: string, text: string): void {
    const now = performance.now();
    if (now - (this.#sendErrorAt.get(name) ?? Number.NEGATIVE_INFINITY) < REPORT_EVERY_MS) return;
    this.#sendErrorAt.set(name, now);
    this.#post({ type: 'issues', issues: [issue('CAPTURE_FAILED', name, `frames cannot be sent on ${name}: ${text}`)] });
  }

  #tellCaptures(): void {
    const captures = [...this.#said.values()].filter(({ code }) => code === 'CAPTURE_FAILED' || code === 'CAPTURE_DENIED');
    if (captures.length === this.#captures.length && captures.every((one, i) => one === this.#captures[i])) return;
    this.#captures = captures;
    this.#post({ type: 'captures', failed: captures });
  }
}
