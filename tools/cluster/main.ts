/** `npm run cluster up|down|shell`, after set-up; `fetch` brings what nodes are made of, for a place without a network. See docs/cluster.md. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cgroupHierarchies } from '../../test/cluster/layout.js';
import { CLUSTER_FOLDER, THERE_IS_ONE } from '../clusterfolder.mjs';
import { ROOT } from '../setup.mjs';
import { ENTER, REMOVE_GROUPS } from './namespaces.js';
import { provideParts } from './parts.js';
import { parseHolder, startOf } from './state.js';

const LONGEST_UP_MS = 300_000;
const LONGEST_DOWN_MS = 30_000;

const say = (line: string): void => console.error(`cluster: ${line}`);
const inFolder = (name: string): string => join(CLUSTER_FOLDER, name);
const hierarchies = cgroupHierarchies(readFileSync('/proc/cgroups', 'utf8')).join(' ');

/** `more`: archives of images besides ours. */
async function up(count: string, more: readonly string[]): Promise<void> {
  const [assets, image] = [process.env['KUBEBUILDER_ASSETS'] ?? '', process.env['ARPEGGIO_IMAGE'] ?? ''];
  const { packages, pause } = await provideParts(say);
  if (interrupted) throw new Error('interrupted');
  claimFolder();
  try {
    const child = start([assets, packages, count, pause, image, ...more]);
    await waitUntilReady(() => child.exitCode ?? child.signalCode);
    child.unref();
  } catch (error) {
    say(read('log')?.trim() ?? 'it did not start');
    await down();
    throw error;
  }
  say(read('log')?.trim().split('\n').at(-1) ?? '');
  say('npm run cluster shell');
}

/** Of two that begin at the same time, one has it. */
function claimFolder(): void {
  mkdirSync(dirname(CLUSTER_FOLDER), { recursive: true });
  try {
    mkdirSync(CLUSTER_FOLDER);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new Error(THERE_IS_ONE);
  }
}

/** The process that all of it dies with. It writes its own number, before it makes anything: whatever ends this one, `down` finds it. */
function start(args: readonly string[]): ChildProcess {
  const log = openSync(inFolder('log'), 'w');
  const inner = [process.execPath, '--import', 'tsx', 'test/cluster/main.ts', CLUSTER_FOLDER, ...args];
  const group = `arpeggio-${process.pid}-${Date.now().toString(36)}`;
  writeFileSync(inFolder('group'), group);
  const enter = ['--mount', '--propagation', 'private', 'sh', '-ec', ENTER, inFolder('cgroup'), group, hierarchies, ...inner];
  const env = { ...process.env, ARPEGGIO_LAB: '1', PATH: `${process.env['PATH']}:/usr/sbin:/sbin` };
  const child = spawn('unshare', enter, { cwd: ROOT, env, detached: true, stdio: ['ignore', log, log] });
  // Its exit code says so as well.
  child.once('error', () => undefined);
  closeSync(log);
  return child;
}

async function waitUntilReady(ended: () => number | string | null): Promise<void> {
  for (const deadline = Date.now() + LONGEST_UP_MS; !existsSync(inFolder('ready')); await sleep(50)) {
    if (ended() !== null) throw new Error('it ended while it started');
    if (interrupted) throw new Error('interrupted');
    if (Date.now() > deadline) throw new Error(`it is not ready after ${LONGEST_UP_MS / 1000} s`);
  }
}

let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupted = true;
  });
}

/** Ends the one process that everything dies with, then removes its cgroups and files. Whatever an earlier try left is no hindrance. */
async function down(): Promise<void> {
  if (!existsSync(CLUSTER_FOLDER)) return say('there is none');
  for (const deadline = Date.now() + LONGEST_DOWN_MS; ; await sleep(50)) {
    end(holder());
    const problem = removeGroups();
    if (problem === undefined) break;
    if (Date.now() > deadline) throw new Error(`its cgroups stay: ${problem}`);
  }
  rmSync(CLUSTER_FOLDER, { recursive: true, force: true });
  say('nothing is left of it');
}

function end(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It ended by itself meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** What went wrong: a process is left in one of them. */
function removeGroups(): string | undefined {
  const group = read('group');
  if (group === undefined) return undefined;
  const args = ['--mount', '--propagation', 'private', 'sh', '-ec', REMOVE_GROUPS, inFolder('cgroup'), group, hierarchies];
  const { status, stderr, error } = spawnSync('unshare', args, { encoding: 'utf8' });
  return status === 0 ? undefined : `${error?.message ?? stderr}`;
}

/** Undefined before it has begun, and once it has ended. */
function holder(): number | undefined {
  const found = parseHolder(read('holder') ?? '');
  if (found === undefined) return undefined;
  const stat = readIfThere(`/proc/${found.pid}/stat`);
  return stat !== undefined && startOf(stat) === found.started ? found.pid : undefined;
}

const read = (name: string): string | undefined => readIfThere(inFolder(name));

/** What is there now may be gone a moment later. */
function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    // A process that ended between opening and reading is ESRCH.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** A command in the cluster, or a shell. */
function shell(command: readonly string[]): void {
  const pid = holder();
  if (pid === undefined || !existsSync(inFolder('ready'))) throw new Error('there is none: npm run cluster up');
  const inner = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0] ?? '';
  const env = {
    ...process.env,
    KUBECONFIG: inFolder('administrator'),
    // What kubectl remembers of an API server it finds by its address, which every cluster has.
    KUBECACHEDIR: inFolder('kubectl-cache'),
    PATH: `${inFolder('bin')}:${process.env['KUBEBUILDER_ASSETS']}:${process.env['PATH']}:/usr/sbin:/sbin`,
  };
  const what = command.length > 0 ? command : [process.env['SHELL'] ?? 'sh'];
  const args = ['--target', inner, '--net', '--mount', '--pid', '--cgroup', `--wd=${process.cwd()}`, ...what];
  process.exitCode = spawnSync('nsenter', args, { env, stdio: 'inherit' }).status ?? 1;
}

const [verb, ...rest] = process.argv.slice(2);
const verbs: Readonly<Record<string, () => void | Promise<void>>> = {
  up: () => up(rest[0] ?? '3', rest.slice(1)),
  down,
  fetch: async () => void (await provideParts(say)),
  shell: () => shell(rest),
};
try {
  await (verbs[verb ?? ''] ?? (() => Promise.reject(new Error('up [NODES [IMAGE…]], down or shell [COMMAND…]'))))();
} catch (error) {
  say((error as Error).message);
  process.exitCode = 1;
}
