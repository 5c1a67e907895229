// @ts-check
/**
 * The real etcd, kube-apiserver and kubectl for the tests against Kubernetes, and the other programs of a whole cluster: those of $KUBEBUILDER_ASSETS (envtest's convention),
 * or built once from their Go modules into a folder outside the checkout. `node tools/kube.mjs` prints the folder.
 *
 * `node tools/kube.mjs older` builds the API server of the oldest Kubernetes that is tried, 5 minutes more: where that was done, its tests run.
 *
 * Each program appears in that folder whole or not at all: it is built beside it and renamed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CACHE, goBuild } from './goprogram.mjs';

const MODULE = fileURLToPath(new URL('kube/', import.meta.url));
const OLDER_MODULE = fileURLToPath(new URL('kube-1.30/', import.meta.url));

/** The package of each program. */
const PROGRAMS = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
  kubelet: 'k8s.io/kubernetes/cmd/kubelet',
  'kube-proxy': 'k8s.io/kubernetes/cmd/kube-proxy',
};
/** @typedef {keyof typeof PROGRAMS} Program */

/** @type {readonly Program[]} */
const API_SERVER = ['etcd', 'kube-apiserver', 'kubectl'];
/** What a whole cluster is made of. */
export const CLUSTER = /** @type {readonly Program[]} */ (Object.keys(PROGRAMS));

/** @param {readonly Program[]} names */
const ways = (names) => `set KUBEBUILDER_ASSETS to a folder with ${names.join(', ')}, or put Go 1.24 or newer on the PATH`;

/**
 * The folder with these programs. Undefined where they cannot be had: then one line has said so.
 *
 * @param {readonly Program[]} names
 */
export function provideKube(names = API_SERVER) {
  const given = process.env['KUBEBUILDER_ASSETS'];
  if (given) return fromAssets(resolve(given), names);
  return built(MODULE, names);
}

/** The older API server, if somebody had it built: nobody has to wait for it. */
export function olderApiServer() {
  const file = join(cached(pinnedVersion(OLDER_MODULE)), 'kube-apiserver');
  return existsSync(file) ? file : undefined;
}

/** @param {string} version */
const cached = (version) => join(CACHE, `kube-${version}`);

/** @param {string} module @param {readonly Program[]} names */
function built(module, names) {
  const version = pinnedVersion(module);
  const folder = cached(version);
  const missing = names.filter((name) => !existsSync(join(folder, name)));
  if (missing.length === 0) return folder;
  if (spawnSync('go', ['version'], { stdio: 'ignore' }).status !== 0) return without('there is no Go', names);
  say(
    `building Kubernetes ${version} (${missing.join(', ')}) from its Go modules, once: ${missing.length > 4 ? 8 : 5} minutes on two cores, into ${folder}`,
  );
  const problem = buildAll(module, missing, version, folder);
  return problem === undefined ? folder : without(problem, names);
}

/** @param {string} folder @param {readonly Program[]} names */
function fromAssets(folder, names) {
  const missing = names.filter((name) => !existsSync(join(folder, name)));
  return missing.length === 0 ? folder : without(`KUBEBUILDER_ASSETS is ${folder}, which has no ${missing.join(', ')}`, names);
}

/** @param {string} module */
function pinnedVersion(module) {
  const file = join(module, 'go.mod');
  const [, version] = /^(?:require)?\s*k8s\.io\/kubernetes v(\S+)/m.exec(readFileSync(file, 'utf8')) ?? [];
  if (version === undefined) throw new Error(`${file} requires no k8s.io/kubernetes`);
  return version;
}

/**
 * @param {string} module @param {readonly Program[]} names @param {string} version @param {string} folder
 * @returns {string | undefined} what went wrong
 */
function buildAll(module, names, version, folder) {
  let fresh = '';
  try {
    mkdirSync(folder, { recursive: true });
    fresh = mkdtempSync(join(folder, '.building-'));
    for (const name of names) {
      const problem = buildOne(module, name, version, join(fresh, name));
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

/** @param {string} module @param {Program} name @param {string} version @param {string} file */
function buildOne(module, name, version, file) {
  const [major = '', minor = ''] = version.split('.');
  // Without a version of its own an API server cannot tell which one it emulates, and ends.
  const stamps = Object.entries({ gitVersion: `v${version}`, gitMajor: major, gitMinor: minor });
  const stamped = stamps.map(([key, value]) => `-X k8s.io/component-base/version.${key}=${value}`);
  const why = goBuild(module, PROGRAMS[name], file, stamped.join(' '));
  return why === undefined ? undefined : `${name} did not build: ${why}`;
}

/** @param {string} why @param {readonly Program[]} names @returns {undefined} */
function without(why, names) {
  const consequence = process.env['CI'] === 'true' ? 'fail' : 'are skipped';
  const what = names === API_SERVER ? 'API server, so the tests against one' : 'cluster, so the tests in one';
  say(`no Kubernetes ${what} ${consequence}: ${why}; ${ways(names)}`);
}

/** @param {string} line */
function say(line) {
  console.error(`setup: ${line}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2] === 'older' ? built(OLDER_MODULE, ['kube-apiserver']) : provideKube();
  if (folder === undefined) process.exitCode = 1;
  else console.log(folder);
}
