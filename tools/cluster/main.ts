/** `npm run cluster up|down|shell`, after set-up. See docs/cluster.md. */
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cgroupHierarchies, PAUSE_IMAGE } from '../../test/cluster/layout.js';
import { ARCHITECTURE, writeImage } from '../image/archive.js';
import { downloads, fetchPackages, run, unpackPackages } from '../image/debian.js';
import { ROOT } from '../setup.mjs';
import { ENTER, REMOVE_GROUPS } from './namespaces.js';
import { formatHolder, parseHolder, startOf } from './state.js';

const FOLDER =
  process.env['ARPEGGIO_CLUSTER'] || join(process.env['XDG_STATE_HOME'] || join(homedir(), '.local/state'), 'arpeggio/cluster');
const CACHE = dirname(downloads());
/** Of the nodes, and the libraries that a machine may lack. */
const PACKAGES = [
  ...['containerd', 'containernetworking-plugins', 'nftables', 'runc'],
  ...[
    'libbsd0',
    'libedit2',
    'libgmp10',
    'libjansson4',
    'libmd0',
    'libmnl0',
    'libnftables1',
    'libnftnl11',
    'libseccomp2',
    'libxtables12',
  ],
];
const PAUSE = '#include <unistd.h>\nint main(void) { for (;;) pause(); }\n';
const LONGEST_UP_MS = 300_000;
const LONGEST_DOWN_MS = 30_000;

const say = (line: string): void => console.error(`cluster: ${line}`);
const inFolder = (name: string): string => join(FOLDER, name);
const hierarchies = cgroupHierarchies(readFileSync('/proc/cgroups', 'utf8')).join(' ');

/** `more`: archives of images besides ours. */
async function up(count: string, more: readonly string[]): Promise<void> {
  if (existsSync(FOLDER)) throw new Error(`there is one already, or what is left of one: npm run cluster down`);
  const [assets, image] = [process.env['KUBEBUILDER_ASSETS'] ?? '', process.env['ARPEGGIO_IMAGE'] ?? ''];
  const packages = providePackages();
  const pause = await providePause();
  mkdirSync(FOLDER, { recursive: true });
  try {
    const log = openSync(inFolder('log'), 'w');
    const inner = [
      process.execPath,
      '--import',
      'tsx',
      'test/cluster/main.ts',
      FOLDER,
      assets,
      packages,
      count,
      pause,
      image,
      ...more,
    ];
    const group = `arpeggio-${process.pid}-${Date.now().toString(36)}`;
    writeFileSync(inFolder('group'), group);
    const args = ['--mount', '--propagation', 'private', 'sh', '-ec', ENTER, inFolder('cgroup'), group, hierarchies, ...inner];
    const env = { ...process.env, ARPEGGIO_LAB: '1', PATH: `${process.env['PATH']}:/usr/sbin:/sbin` };
    const child = spawn('unshare', args, { cwd: ROOT, env, detached: true, stdio: ['ignore', log, log] });
    closeSync(log);
    if (child.pid === undefined) throw new Error('unshare did not start');
    const started = startOf(readFileSync(`/proc/${child.pid}/stat`, 'utf8')) ?? '';
    writeFileSync(inFolder('holder'), formatHolder({ pid: child.pid, started }));
    await waitUntilReady(() => child.exitCode ?? child.signalCode);
    child.unref();
  } catch (error) {
    say(existsSync(inFolder('log')) ? readFileSync(inFolder('log'), 'utf8').trim() : 'it did not start');
    await down();
    throw error;
  }
  say(readFileSync(inFolder('log'), 'utf8').trim().split('\n').at(-1) ?? '');
  say('npm run cluster shell');
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
  if (!existsSync(FOLDER)) return say('there is none');
  const pid = holder();
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
  if (existsSync(inFolder('group'))) {
    const group = readFileSync(inFolder('group'), 'utf8');
    const args = ['--mount', '--propagation', 'private', 'sh', '-ec', REMOVE_GROUPS, inFolder('cgroup'), group, hierarchies];
    for (const deadline = Date.now() + LONGEST_DOWN_MS; ; await sleep(50)) {
      const { status, stderr } = spawnSync('unshare', args, { encoding: 'utf8' });
      if (status === 0) break;
      if (Date.now() > deadline) throw new Error(`its cgroups ${group} stay: ${stderr}`);
    }
  }
  rmSync(FOLDER, { recursive: true, force: true });
  say('nothing is left of it');
}

/** Undefined once it has ended. */
function holder(): number | undefined {
  if (!existsSync(inFolder('holder'))) return undefined;
  const found = parseHolder(readFileSync(inFolder('holder'), 'utf8'));
  if (found === undefined || !existsSync(`/proc/${found.pid}/stat`)) return undefined;
  return startOf(readFileSync(`/proc/${found.pid}/stat`, 'utf8')) === found.started ? found.pid : undefined;
}

/** A command in the cluster, or a shell. */
function shell(command: readonly string[]): void {
  const pid = holder();
  if (pid === undefined || !existsSync(inFolder('ready'))) throw new Error('there is none: npm run cluster up');
  const inner = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0] ?? '';
  const env = {
    ...process.env,
    KUBECONFIG: inFolder('administrator'),
    PATH: `${inFolder('bin')}:${process.env['KUBEBUILDER_ASSETS']}:${process.env['PATH']}:/usr/sbin:/sbin`,
  };
  const what = command.length > 0 ? command : [process.env['SHELL'] ?? 'sh'];
  const args = ['--target', inner, '--net', '--mount', '--pid', '--cgroup', `--wd=${process.cwd()}`, ...what];
  process.exitCode = spawnSync('nsenter', args, { env, stdio: 'inherit' }).status ?? 1;
}

/** A root with the programs of nodes, made once for each set of versions. */
function providePackages(): string {
  const files = fetchPackages(PACKAGES, downloads(), say);
  const folder = join(
    CACHE,
    `node-${files
      .filter((file) => /(containerd|runc)_/.test(file))
      .map((file) => basename(file, '.deb'))
      .join('-')}`,
  );
  if (existsSync(folder)) return folder;
  const fresh = mkdtempSync(join(CACHE, '.node-'));
  unpackPackages(files, fresh);
  renameSync(fresh, folder);
  return folder;
}

/** An image whose one program does nothing, for what Kubernetes runs beside the containers of each Pod. */
async function providePause(): Promise<string> {
  const file = join(CACHE, 'pause.tar');
  if (existsSync(file)) return file;
  const scratch = mkdtempSync(join(tmpdir(), 'arpeggio-pause-'));
  try {
    const root = join(scratch, 'root');
    mkdirSync(root);
    writeFileSync(join(scratch, 'pause.c'), PAUSE);
    run('cc', ['-static', '-Os', '-s', '-o', join(root, 'pause'), join(scratch, 'pause.c')], scratch);
    const options = { reference: PAUSE_IMAGE, architecture: ARCHITECTURE, entrypoint: ['/pause'], labels: {} };
    await writeImage(root, file, scratch, options);
    return file;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const [verb, ...rest] = process.argv.slice(2);
const verbs: Readonly<Record<string, () => void | Promise<void>>> = {
  up: () => up(rest[0] ?? '3', rest.slice(1)),
  down,
  shell: () => shell(rest),
};
try {
  await (verbs[verb ?? ''] ?? (() => Promise.reject(new Error('up [NODES [IMAGE…]], down or shell [COMMAND…]'))))();
} catch (error) {
  say((error as Error).message);
  process.exitCode = 1;
}
