// @ts-check
/**
 * The lab: runs a command in fresh network, mount and process namespaces, so that bridges, addresses and ARP never touch the
 * machine's own network. Whatever ends the caller, SIGKILL included, ends the lab: the first process in it dies with its
 * parent, and the kernel kills the rest of a process namespace when its first process goes.
 */
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const INIT = fileURLToPath(new URL('lab-init.mjs', import.meta.url));
/** How long a command may take to end after a signal. */
const GRACE_MS = 3000;

/**
 * Runs `argv` in a new lab and gives its exit code (128 + number when a signal ended it). SIGINT, SIGTERM and SIGHUP of this
 * process reach the command; a second one, or a command that takes too long, ends everything at once.
 *
 * @param {readonly string[]} argv
 * @param {{ env?: NodeJS.ProcessEnv, cwd?: string }} [options]
 * @returns {Promise<number>}
 */
export async function enterLab(argv, { env = {}, cwd = process.cwd() } = {}) {
  const unshare = unshareCommand();
  const refusal = probe(unshare);
  if (refusal !== undefined) {
    console.error(`lab: this kernel refuses new namespaces (${refusal}); run as root or allow unprivileged user namespaces.`);
    return 1;
  }
  const [program = '', ...args] = ['setpriv', '--pdeathsig', 'KILL', ...unshare, process.execPath, INIT, ...argv];
  // In a session of its own, so that Ctrl-C reaches the command once, through us, and not also from the terminal.
  const child = spawn(program, args, {
    cwd,
    detached: true,
    env: { ...process.env, ...env, ARPEGGIO_LAB: '1' },
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
  });
  const control = /** @type {import('node:net').Socket} */ (child.stdio[3]);
  control.on('error', () => {});

  /** @type {NodeJS.Timeout | undefined} */
  let impatience;
  /** @param {NodeJS.Signals} signal */
  const forward = (signal) => {
    if (impatience) child.kill('SIGKILL');
    else {
      control.write(`${signal}\n`);
      impatience = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
    }
  };
  /** @type {NodeJS.Signals[]} */
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, forward);
  try {
    return await new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code) => resolve(code ?? 137));
    });
  } finally {
    clearTimeout(impatience);
    control.destroy();
    for (const signal of signals) process.off(signal, forward);
  }
}

function unshareCommand() {
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  return ['unshare', ...user, '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
}

/** @param {readonly string[]} unshare @returns {string | undefined} */
function probe([program = '', ...args]) {
  const { status, error, stderr } = spawnSync(program, [...args, 'true'], { encoding: 'utf8' });
  return status === 0 ? undefined : (error?.message ?? stderr.trim().split('\n')[0]);
}
