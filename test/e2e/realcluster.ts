/**
 * The cluster of `npm run cluster` for a test, in a folder of its own, so that several can be at once.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../constructs/support.js';
import { type Finished, output } from '../support/output.js';
import { type Probe, until } from '../support/until.js';

/** More than any one step takes on a busy machine, and less than a test may: so whoever waits in vain can say for what. */
const PATIENCE_MS = 120_000;
/** Beyond the timeouts of `kubectl rollout status` and `kubectl wait`, so that these say themselves what is missing. */
const LONGEST_COMMAND_MS = 200_000;
const LOOKS = [
  'get nodes,pods -A -o wide --no-headers',
  'get events -A --sort-by=.lastTimestamp --no-headers | tail -n 12',
  'logs -n metallb-system -l component=speaker --tail=4 --prefix',
];

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
  #outer: string | undefined;

  /** With other variables of the environment than this process has. */
  constructor(env: NodeJS.ProcessEnv = {}) {
    this.#env = env;
  }

  /** Not below /run, where the lab has its temporary files: each host of the cluster has a /run of its own. */
  get folder(): string {
    this.#outer ??= mkdtempSync('/var/tmp/arpeggio-cluster-');
    return join(this.#outer, 'cluster');
  }

  /** `images`: archives that each Node has besides ours. */
  async up(images: readonly string[] = []): Promise<void> {
    const { code, stderr } = await this.command(['up', '3', ...images]);
    if (code !== 0) throw new Error(stderr);
  }

  /** `npm run cluster` with these arguments, ended if it does not end. */
  async command(args: readonly string[], input = ''): Promise<Finished> {
    const { child, finished } = this.start(args, input);
    const hanging = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), LONGEST_COMMAND_MS);
    const { code, stdout, stderr } = await finished.finally(() => clearTimeout(hanging));
    return { code, stdout, stderr: code === null ? `${stderr}no end after ${LONGEST_COMMAND_MS / 1000} s` : stderr };
  }

  start(args: readonly string[], input = ''): { readonly child: ChildProcess; readonly finished: Promise<Finished> } {
    const child = spawn(process.execPath, ['tools/cluster.mjs', ...args], {
      cwd: ROOT,
      env: { ...process.env, ...this.#env, ARPEGGIO_CLUSTER: this.folder },
      // A session of its own, whose processes a test can end all at once.
      detached: true,
    });
    child.stdin.end(input);
    return { child, finished: output(child) };
  }

  kubectl(words: string, input?: string): Promise<string> {
    return this.run(['kubectl', ...words.split(' ')], input);
  }

  /** A command in the cluster that succeeds, and what it wrote. */
  async run(command: readonly string[], input?: string): Promise<string> {
    const { code, stdout, stderr } = await this.command(['shell', ...command], input);
    if (code === 0) return stdout;
    const state = code === null ? `\n${await this.#state()}` : '';
    throw new Error(`${command.join(' ')}: ${stdout}${stderr}${state}`);
  }

  /** As `until`; one that waits in vain is told how the cluster is. */
  async until<T>(what: string, probe: Probe<T>): Promise<T> {
    try {
      return await until(what, probe, PATIENCE_MS);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${await this.#state()}`);
    }
  }

  async #state(): Promise<string> {
    const { stdout, stderr } = await this.command(['shell', 'sh', '-c', LOOKS.map((one) => `kubectl ${one}`).join('; ')]);
    return `${stdout}${stderr}`;
  }

  async down(): Promise<Finished> {
    const finished = await this.command(['down']);
    if (this.#outer !== undefined) rmSync(this.#outer, { recursive: true, force: true });
    return finished;
  }
}
