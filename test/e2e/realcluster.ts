/**
 * The cluster of `npm run cluster` for a test, in a folder of its own, so that several can be at once.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../constructs/support.js';

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Cgroups belong to the machine's root, not to that of a user namespace. */
const isRoot = (): boolean => /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'));

/** Whether tests in one run here. Where they don't, it says once what is missing; with `CI=true` they run, and fail. */
export function canHaveRealCluster(): boolean {
  const hasPrograms = existsSync(join(process.env['KUBEBUILDER_ASSETS'] ?? '', 'kubelet'));
  const lacks = [process.env['ARPEGGIO_IMAGE'] ? '' : 'the image', hasPrograms ? '' : 'a kubelet', isRoot() ? '' : 'root'];
  const missing = lacks.filter((one) => one !== '');
  if (missing.length > 0) console.error(`no cluster of real Nodes, for lack of ${missing.join(', ')}`);
  return missing.length === 0 || process.env['CI'] === 'true';
}

export class RealCluster {
  readonly #env: NodeJS.ProcessEnv;
  /** Not below /run, where the lab has its temporary files: each host of the cluster has a /run of its own. */
  readonly #outer: string = mkdtempSync('/var/tmp/arpeggio-cluster-');
  readonly folder: string = join(this.#outer, 'cluster');

  /** With other variables of the environment than this process has. */
  constructor(env: NodeJS.ProcessEnv = {}) {
    this.#env = env;
  }

  async up(): Promise<void> {
    const { code, stderr } = await this.command(['up', '3']);
    if (code !== 0) throw new Error(stderr);
  }

  /** `npm run cluster` with these arguments. */
  command(args: readonly string[], input = ''): Promise<Finished> {
    return this.start(args, input).finished;
  }

  start(args: readonly string[], input = ''): { readonly child: ChildProcess; readonly finished: Promise<Finished> } {
    const child = spawn(process.execPath, ['tools/cluster.mjs', ...args], {
      cwd: ROOT,
      env: { ...process.env, ...this.#env, ARPEGGIO_CLUSTER: this.folder },
      // A session of its own, whose processes a test can end all at once.
      detached: true,
    });
    const finished = new Promise<Finished>((resolve) => {
      const said = { stdout: '', stderr: '' };
      for (const name of ['stdout', 'stderr'] as const) {
        child[name].on('data', (text) => {
          said[name] += text;
        });
      }
      child.on('close', (code) => resolve({ code, ...said }));
    });
    child.stdin.end(input);
    return { child, finished };
  }

  async kubectl(words: string, input?: string): Promise<string> {
    const { code, stdout, stderr } = await this.command(['shell', 'kubectl', ...words.split(' ')], input);
    if (code !== 0) throw new Error(`kubectl ${words}: ${stderr}`);
    return stdout;
  }

  async down(): Promise<Finished> {
    const finished = await this.command(['down']);
    rmSync(this.#outer, { recursive: true, force: true });
    return finished;
  }
}
