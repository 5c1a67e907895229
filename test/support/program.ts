/**
 * A server program of a test, which can be killed and started again. It dies with this process, however that ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { until } from './until.js';

export interface ProgramOptions {
  readonly file: string;
  readonly flags: readonly string[];
  /** Where its output goes, of this start only. */
  readonly log: string;
  readonly isReady: () => Promise<boolean>;
}

/** A machine that runs other tests too may take long; without any, 3 seconds. */
const LONGEST_MS = 50_000;
const SCRIPT = 'exec "$@" > "$0" 2>&1';

export class Program {
  readonly #options: ProgramOptions;
  #child: ChildProcess | undefined;

  constructor(options: ProgramOptions) {
    this.#options = options;
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.#isRunning ? this.#child?.pid : undefined;
  }

  /** Ends when it is ready. */
  async start(): Promise<void> {
    const { file, flags, log, isReady } = this.#options;
    if (this.#isRunning) throw new Error(`${basename(file)} runs already`);
    const args = ['--pdeathsig', 'KILL', 'sh', '-c', SCRIPT, log, file, ...flags];
    // In a session of its own: Ctrl-C is for whoever started it.
    this.#child = spawn('setpriv', args, { stdio: 'ignore', detached: true });
    const ready = async (): Promise<boolean> => {
      if (!this.#isRunning) throw new Error(`${basename(file)} has ended:\n${readFileSync(log, 'utf8').slice(-2000)}`);
      return isReady().catch(() => false);
    };
    await until(`${basename(file)} is ready`, ready, LONGEST_MS);
  }

  /** SIGKILL: nothing is written or said any more. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.#isRunning) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  get #isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }
}
