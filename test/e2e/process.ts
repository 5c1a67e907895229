/**
 * An `arpeggio` process of a test: what it logs, and its end with the test's.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ROOT } from '../constructs/support.js';
import type { Host } from '../lab/network.js';

export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface ArpeggioProcess {
  readonly lines: readonly LogLine[];
  readonly stderr: () => string;
  readonly pid: number;
  /** Undefined while it runs. */
  readonly exitCode: () => number | undefined;
  /** Ends it, and gives its exit code. */
  end(signal?: NodeJS.Signals): Promise<number | undefined>;
}

/** `host`: in whose network; absent: that of the test. */
export function startArpeggio(args: readonly string[], env: NodeJS.ProcessEnv = {}, host?: Host): ArpeggioProcess {
  const lines: LogLine[] = [];
  let [stderr, rest] = ['', ''];
  const options: SpawnOptions = { env: { PATH: process.env['PATH'], ...env }, stdio: ['ignore', 'pipe', 'pipe'] };
  const words = [join(ROOT, 'build/arpeggio.js'), ...args];
  const child: ChildProcess =
    host === undefined ? spawn(process.execPath, words, options) : host.spawn(process.execPath, words, options);
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) lines.push(JSON.parse(part));
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return {
    lines,
    stderr: () => stderr,
    pid: child.pid ?? 0,
    exitCode: () => child.exitCode ?? undefined,
    end: async (signal = 'SIGTERM') => {
      if (child.exitCode === null && child.signalCode === null) {
        const exit = once(child, 'exit');
        child.kill(signal);
        await exit;
      }
      return child.exitCode ?? undefined;
    },
  };
}
