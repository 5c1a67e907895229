// @ts-check
/**
 * The first process of a lab (see namespace.mjs): prepares the mounts and `lo`, starts the command, passes on the signals
 * that arrive on file descriptor 3, and leaves with the command's exit code.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants } from 'node:os';

const [program = '', ...args] = process.argv.slice(2);

// A /run of one's own: `ip netns` keeps its names there, and agents their status.
must('mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/run');
mkdirSync('/run/netns');
// Temporary files go where the kernel removes them with the lab, however it ends.
mkdirSync('/run/tmp');
// Without a new mount /sys goes on showing the machine's interfaces. A kernel may refuse; nothing here depends on it.
spawnSync('mount', ['-t', 'sysfs', 'sysfs', '/sys'], { stdio: 'ignore' });
must('ip', 'link', 'set', 'lo', 'up');

const child = spawn(program, args, { stdio: 'inherit', env: { ...process.env, TMPDIR: '/run/tmp' } });
child.on('error', (error) => {
  console.error(`lab: ${error.message}`);
  process.exit(127);
});
child.on('exit', (code, signal) => process.exit(code ?? 128 + (signal ? constants.signals[signal] : 0)));

const control = new Socket({ fd: 3, readable: true, writable: false });
control.setEncoding('utf8');
control.on('data', (text) => {
  for (const signal of String(text).trim().split('\n')) child.kill(/** @type {NodeJS.Signals} */ (signal));
});
// The caller is gone. Leaving takes every other process of the lab along.
control.on('close', () => process.exit(137));

/** @param {string} command @param {...string} rest */
function must(command, ...rest) {
  const { status, error, stderr } = spawnSync(command, rest, { encoding: 'utf8' });
  if (status === 0) return;
  console.error(`lab: ${command} ${rest.join(' ')}: ${error?.message ?? stderr.trim()}`);
  process.exit(1);
}
