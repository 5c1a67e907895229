/**
 * An agent process as a Pod has it: with the files of its ServiceAccount where a kubelet mounts them, the API server's address in
 * its environment, and a log that goes into a file.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LogLine } from '../../e2e/process.js';
import type { Host } from '../../lab/network.js';
import type { PodFiles } from '../../support/access.js';
import { nowMs } from './failovers.js';

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
/** In a mount namespace of its own, so that each process finds its own account there. */
const MOUNTED = `mount --bind "$0" ${SERVICE_ACCOUNT} && exec "$@"`;

export interface PodOptions {
  readonly files: PodFiles;
  /** Of `arpeggio`. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Where it runs. @default in the lab itself, beside the API server */
  readonly host?: Host;
}

export interface AgentPod {
  readonly pid: number | undefined;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
  /** What it has logged so far. */
  lines(): readonly LogLine[];
  end(signal?: NodeJS.Signals): Promise<void>;
}

let pods = 0;

export function startPod({ files, args, env, host }: PodOptions): AgentPod {
  mkdirSync(SERVICE_ACCOUNT, { recursive: true });
  const log = join(files.root, `log-${++pods}`);
  const file = openSync(log, 'w');
  const options: SpawnOptions = {
    stdio: ['ignore', file, 'inherit'],
    env: { PATH: process.env['PATH'], ...files.env, ...env },
  };
  const run = ['sh', '-c', MOUNTED, files.account, process.execPath, 'build/arpeggio.js', ...args] as const;
  const startedAtMs = nowMs();
  // Each turns into the next: the pid is the agent's own.
  const child: ChildProcess =
    host === undefined ? spawn('unshare', ['--mount', ...run], options) : host.spawn(run[0], run.slice(1), options);
  return {
    pid: child.pid,
    startedAtMs,
    lines: () =>
      readFileSync(log, 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line)),
    end: async (signal = 'SIGTERM') => {
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`an agent ended with ${child.exitCode ?? child.signalCode}:\n${readFileSync(log, 'utf8').slice(-4000)}`);
      }
      const exit = once(child, 'exit');
      child.kill(signal);
      await exit;
    },
  };
}
