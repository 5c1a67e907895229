// @ts-check
/**
 * Makes a fresh checkout runnable: system tools, then npm packages, then the native packet library. Uses nothing but Node
 * itself, because it runs before `npm ci`. When nothing is missing it says nothing and starts neither apt nor npm.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

const MODULES = join(ROOT, 'node_modules');
const LOCK = join(ROOT, 'package-lock.json');
const STAMP = join(MODULES, '.arpeggio-setup');
const CAP = join(MODULES, 'cap', 'build', 'Release', 'cap.node');
export const CAP_FLAGS = `-DNDEBUG -include '${join(ROOT, 'agents', 'speaker', 'wire', 'cap.h')}'`;

/** @typedef {{ what: string, present: () => boolean, apt: string, dnf: string, apk: string, pacman: string }} Need */

/** @type {readonly Need[]} */
const NEEDS = [
  { what: 'a C compiler', present: () => onPath('cc'), apt: 'gcc libc6-dev', dnf: 'gcc', apk: 'gcc musl-dev', pacman: 'gcc' },
  {
    what: 'a C++ compiler',
    present: () => onPath('g++', 'c++', 'clang++'),
    apt: 'g++',
    dnf: 'gcc-c++',
    apk: 'g++',
    pacman: 'gcc',
  },
  { what: 'make', present: () => onPath('make'), apt: 'make', dnf: 'make', apk: 'make', pacman: 'make' },
  { what: 'python3', present: () => onPath('python3'), apt: 'python3', dnf: 'python3', apk: 'python3', pacman: 'python' },
  { what: 'pcap.h', present: hasPcapHeader, apt: 'libpcap-dev', dnf: 'libpcap-devel', apk: 'libpcap-dev', pacman: 'libpcap' },
  {
    what: 'kernel headers',
    present: hasKernelHeaders,
    apt: 'linux-libc-dev',
    dnf: 'kernel-headers',
    apk: 'linux-headers',
    pacman: 'linux-api-headers',
  },
  { what: 'ip', present: () => onPath('ip'), apt: 'iproute2', dnf: 'iproute', apk: 'iproute2', pacman: 'iproute2' },
  { what: "arping (Thomas Habets')", present: hasArping, apt: 'arping', dnf: 'arping', apk: 'arping', pacman: 'arping' },
  { what: 'ndisc6', present: () => onPath('ndisc6'), apt: 'ndisc6', dnf: 'ndisc6', apk: 'ndisc6', pacman: 'ndisc6' },
  { what: 'ping', present: () => onPath('ping'), apt: 'iputils-ping', dnf: 'iputils', apk: 'iputils-ping', pacman: 'iputils' },
  { what: 'tcpdump', present: () => onPath('tcpdump'), apt: 'tcpdump', dnf: 'tcpdump', apk: 'tcpdump', pacman: 'tcpdump' },
  { what: 'curl', present: () => onPath('curl'), apt: 'curl', dnf: 'curl', apk: 'curl', pacman: 'curl' },
  {
    what: 'unshare',
    present: () => onPath('unshare'),
    apt: 'util-linux',
    dnf: 'util-linux',
    apk: 'util-linux',
    pacman: 'util-linux',
  },
  {
    what: 'nsenter',
    present: () => onPath('nsenter'),
    apt: 'util-linux',
    dnf: 'util-linux',
    apk: 'util-linux',
    pacman: 'util-linux',
  },
  {
    what: 'setpriv',
    present: () => onPath('setpriv'),
    apt: 'util-linux',
    dnf: 'util-linux',
    apk: 'setpriv',
    pacman: 'util-linux',
  },
];

/** @type {readonly Need[]} */
const BENCH_NEEDS = [
  { what: 'iperf3', present: () => onPath('iperf3'), apt: 'iperf3', dnf: 'iperf3', apk: 'iperf3', pacman: 'iperf3' },
];

/** How each package manager is told to install. */
const MANAGERS = {
  apt: { program: 'apt-get', line: 'apt-get update && apt-get install -y --no-install-recommends' },
  dnf: { program: 'dnf', line: 'dnf install -y' },
  apk: { program: 'apk', line: 'apk add' },
  pacman: { program: 'pacman', line: 'pacman -S --needed' },
};
/** @typedef {keyof typeof MANAGERS} Manager */
const MANAGER_NAMES = /** @type {Manager[]} */ (Object.keys(MANAGERS));

/** Brings everything that is missing, or ends the process with code 1 after saying what a person has to do. */
export function setup() {
  checkNode();
  // Where Debian keeps `ip` and `arping`, and an ordinary user's PATH does not look.
  process.env['PATH'] = `${process.env['PATH'] ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`;
  provideTools();
  providePackages();
  provideCap();
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) fail(`Node 20.19 or newer is needed; this is ${process.versions.node}.`);
}

function provideTools() {
  const missing = NEEDS.filter((need) => !need.present());
  if (missing.length === 0) return;
  if (process.getuid?.() === 0 && onPath('apt-get')) {
    installWithApt(missing);
    const still = NEEDS.filter((need) => !need.present());
    if (still.length > 0) fail(`Still missing after the installation: ${still.map((need) => need.what).join(', ')}.`);
    return;
  }
  fail(`Missing: ${missing.map((need) => need.what).join(', ')}. Install with\n${installLines(missing).join('\n')}`);
}

/** Brings what only some benches use. They go on without it, so whatever goes wrong is said and ends nothing. */
export function provideBenchTools() {
  const missing = BENCH_NEEDS.filter((need) => !need.present());
  if (missing.length === 0) return;
  if (process.getuid?.() === 0 && onPath('apt-get')) {
    const failed = tryApt(missing);
    if (failed !== undefined) say(failed);
  } else {
    say(`for all figures, install ${missing.map((need) => need.what).join(', ')} with\n${installLines(missing).join('\n')}`);
  }
}

/** @param {readonly Need[]} missing */
function installWithApt(missing) {
  const failed = tryApt(missing);
  if (failed !== undefined) fail(failed);
}

/** What went wrong, if anything. @param {readonly Need[]} missing */
function tryApt(missing) {
  const packages = packagesFor('apt', missing);
  say(`installing with apt-get: ${packages.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return (
    attempt('apt-get', ['update', '-qq'], env) ??
    attempt('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], env)
  );
}

/**
 * One line for each package manager; that of this system first.
 * @param {readonly Need[]} missing
 */
function installLines(missing) {
  const here = MANAGER_NAMES.filter((name) => onPath(MANAGERS[name].program));
  const order = [...here, ...MANAGER_NAMES.filter((name) => !here.includes(name))];
  const sudo = process.getuid?.() === 0 ? '' : 'sudo ';
  return order.map((name) => `  ${MANAGERS[name].line.replace(/(^|&& )/g, `$1${sudo}`)} ${packagesFor(name, missing).join(' ')}`);
}

/** @param {Manager} manager @param {readonly Need[]} missing */
function packagesFor(manager, missing) {
  return [...new Set(missing.flatMap((need) => need[manager].split(' ')))];
}

function providePackages() {
  const made = existsSync(STAMP) ? readFileSync(STAMP, 'utf8') : undefined;
  if (made === stamp()) return;
  const sameNode = made === undefined || made.endsWith(` ${process.versions.modules}\n`);
  if (sameNode && matchesLock()) writeFileSync(STAMP, stamp());
  else installPackages();
}

function installPackages() {
  say('installing the npm packages: npm ci');
  run('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], buildEnvironment());
  writeFileSync(STAMP, stamp());
}

/** What node_modules was made from: the lock file, and the binary interface of the Node that native code was built for. */
function stamp() {
  return `${createHash('sha256').update(readFileSync(LOCK)).digest('hex')} ${process.versions.modules}\n`;
}

/**
 * Whether node_modules holds what the lock file says, by npm's own record: someone may have run `npm ci` by hand. Optional
 * packages are often those of other platforms and may be absent.
 */
function matchesLock() {
  const record = join(MODULES, '.package-lock.json');
  if (!existsSync(record)) return false;
  const have = readPackages(record);
  return Object.entries(readPackages(LOCK)).every(([path, wanted]) => {
    const found = have[path];
    return path === '' || (found ? found.version === wanted.version : wanted.optional === true);
  });
}

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, optional?: boolean }>}
 */
function readPackages(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
}

/**
 * `cap` is an optional dependency, so npm hides a failed build. Built without NDEBUG it aborts the process when an interface
 * goes down; built without cap.h it lacks what an agent needs.
 */
function provideCap() {
  if (!existsSync(CAP)) rebuildCap('the packet library is not built');
  if (!isBuiltWell()) rebuildCap('the packet library was built in another way');
  if (!existsSync(CAP)) fail('The packet library `cap` did not build. See why with: npm ci --foreground-scripts');
  if (!isBuiltWell()) fail(`The packet library \`cap\` is not built as it must be: CXXFLAGS="${CAP_FLAGS}" had no effect.`);
}

/** @param {string} why */
function rebuildCap(why) {
  if (existsSync(join(MODULES, 'cap', 'package.json'))) {
    say(`${why}: npm rebuild cap`);
    run('npm', ['rebuild', 'cap', '--loglevel=error'], buildEnvironment());
  } else {
    // After a failed build npm removes an optional package altogether, and `npm rebuild` no longer knows it.
    installPackages();
  }
}

/** The module says so itself: see agents/speaker/wire/link.ts. */
function isBuiltWell() {
  const module = existsSync(CAP) ? readFileSync(CAP) : Buffer.alloc(0);
  return !module.includes('__assert_fail') && module.includes("arpeggio's build of cap: 2");
}

/** Where Node's own headers are installed, node-gyp needs no download. */
function buildEnvironment() {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  const headers = existsSync(join(prefix, 'include', 'node', 'node.h')) ? { npm_config_nodedir: prefix } : {};
  return { ...process.env, ...headers, CXXFLAGS: `${process.env['CXXFLAGS'] ?? ''} ${CAP_FLAGS}`.trim() };
}

/** @param {...string} programs */
function onPath(...programs) {
  const folders = `${process.env['PATH'] ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`.split(delimiter);
  return programs.some((program) => folders.some((folder) => isProgram(join(folder, program))));
}

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function hasPcapHeader() {
  return compiles('#include <pcap.h>');
}

function hasKernelHeaders() {
  return compiles('#include <linux/if_packet.h>');
}

/** @param {string} source */
function compiles(source) {
  return (
    onPath('cc') && spawnSync('cc', ['-E', '-x', 'c', '-'], { input: source, stdio: ['pipe', 'ignore', 'ignore'] }).status === 0
  );
}

/** The binary of the same name in iputils has other options and another output. */
function hasArping() {
  if (!onPath('arping')) return false;
  const { stdout, stderr } = spawnSync('arping', ['--help'], { encoding: 'utf8' });
  return `${stdout}${stderr}`.includes('Habets');
}

/** @param {string} program @param {string[]} args @param {NodeJS.ProcessEnv} env */
function run(program, args, env) {
  const failed = attempt(program, args, env);
  if (failed !== undefined) fail(failed);
}

/** What went wrong, if anything. @param {string} program @param {string[]} args @param {NodeJS.ProcessEnv} env */
function attempt(program, args, env) {
  const { status, error } = spawnSync(program, args, { cwd: ROOT, env, stdio: ['ignore', 2, 2] });
  return status === 0 ? undefined : `\`${program} ${args.join(' ')}\` failed${error ? `: ${error.message}` : ''}.`;
}

/** @param {string} line */
function say(line) {
  console.error(`setup: ${line}`);
}

/** @param {string} message @returns {never} */
function fail(message) {
  console.error(`setup: ${message}`);
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setup();
