// @ts-check
/**
 * The real etcd, kube-apiserver and kubectl for the tests against Kubernetes: those of $KUBEBUILDER_ASSETS (envtest's convention),
 * or built once from their Go modules into a folder outside the checkout. `node tools/kube.mjs` prints the folder.
 *
 * Each program appears in that folder whole or not at all: it is built beside it and renamed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const MODULE = fileURLToPath(new URL('kube/', import.meta.url));

/** The package of each program. */
const PROGRAMS = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
};
const NAMES = /** @type {(keyof typeof PROGRAMS)[]} */ (Object.keys(PROGRAMS));

const WAYS = `set KUBEBUILDER_ASSETS to a folder with ${NAMES.join(', ')}, or put Go 1.24 or newer on the PATH`;

/** The folder with the programs. Undefined where they cannot be had: then one line has said so. */
export function provideKube() {
  const given = process.env['KUBEBUILDER_ASSETS'];
  if (given) return fromAssets(resolve(given));
  const version = pinnedVersion();
  const folder = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'arpeggio', `kube-${version}`);
  const missing = NAMES.filter((name) => !existsSync(join(folder, name)));
  if (missing.length === 0) return folder;
  if (spawnSync('go', ['version'], { stdio: 'ignore' }).status !== 0) return without('there is no Go');
  say(`building Kubernetes ${version} (${missing.join(', ')}) from its Go modules, once: 5 minutes on two cores, into ${folder}`);
  const problem = buildAll(missing, version, folder);
  return problem === undefined ? folder : without(problem);
}

/** @param {string} folder */
function fromAssets(folder) {
  const missing = NAMES.filter((name) => !existsSync(join(folder, name)));
  return missing.length === 0 ? folder : without(`KUBEBUILDER_ASSETS is ${folder}, which has no ${missing.join(', ')}`);
}

function pinnedVersion() {
  const [, version] = /^\s*k8s\.io\/kubernetes v(\S+)/m.exec(readFileSync(join(MODULE, 'go.mod'), 'utf8')) ?? [];
  if (version === undefined) throw new Error('tools/kube/go.mod requires no k8s.io/kubernetes');
  return version;
}

/**
 * @param {readonly (keyof typeof PROGRAMS)[]} names @param {string} version @param {string} folder
 * @returns {string | undefined} what went wrong
 */
function buildAll(names, version, folder) {
  let fresh = '';
  try {
    mkdirSync(folder, { recursive: true });
    fresh = mkdtempSync(join(folder, '.building-'));
    for (const name of names) {
      const problem = buildOne(name, version, join(fresh, name));
      if (problem !== undefined) return problem;
      renameSync(join(fresh, name), join(folder, name));
    }
    return undefined;
  } catch (error) {
    return /** @type {Error} */ (error).message;
  } finally {
    if (fresh !== '') rmSync(fresh, { recursive: true, force: true });
  }
}

/** @param {keyof typeof PROGRAMS} name @param {string} version @param {string} file */
function buildOne(name, version, file) {
  const [major = '', minor = ''] = version.split('.');
  // Without a version of its own an API server cannot tell which one it emulates, and ends.
  const stamps = Object.entries({ gitVersion: `v${version}`, gitMajor: major, gitMinor: minor });
  const ldflags = ['-s', '-w', ...stamps.map(([key, value]) => `-X k8s.io/component-base/version.${key}=${value}`)].join(' ');
  const { status, stderr, error } = spawnSync('go', ['build', '-trimpath', '-ldflags', ldflags, '-o', file, PROGRAMS[name]], {
    cwd: MODULE,
    env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' },
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (status === 0) return undefined;
  const why = (error?.message ?? stderr).trim().split('\n').at(-1);
  return `${name} did not build: ${why}`;
}

/** @param {string} why @returns {undefined} */
function without(why) {
  const consequence = process.env['CI'] === 'true' ? 'fail' : 'are skipped';
  say(`no Kubernetes API server, so the tests against one ${consequence}: ${why}; ${WAYS}`);
}

/** @param {string} line */
function say(line) {
  console.error(`setup: ${line}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = provideKube();
  if (folder === undefined) process.exitCode = 1;
  else console.log(folder);
}
