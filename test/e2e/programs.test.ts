import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../constructs/support.js';
import { fill, temporaryFolder } from '../support/folder.js';

/** Writes what it is asked to build (`go build -trimpath -o FILE -ldflags … PACKAGE`), and notes it. */
const GO = '[ "$1" = version ] || { echo "$6" >> "$NOTES"; echo made > "$4"; }';
const PROGRAMS = ['etcd', 'kube-apiserver', 'kubectl'];

interface World {
  /** What `go` does; absent: there is none. */
  readonly go?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs tools/kube.mjs in a home of its own, with no program on the PATH but this `go`. */
function provide(folder: string, { go, env = {} }: World): { code: number | null; stdout: string; stderr: string } {
  fill(folder, go === undefined ? { 'bin/none': '' } : { 'bin/go': `#!/bin/sh\n${go}\n` });
  if (go !== undefined) chmodSync(join(folder, 'bin/go'), 0o755);
  const home = { PATH: join(folder, 'bin'), XDG_CACHE_HOME: join(folder, 'cache'), NOTES: join(folder, 'notes') };
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'tools/kube.mjs')], {
    env: { ...home, ...env },
    encoding: 'utf8',
  });
  return { code: status, stdout, stderr };
}

/** The programs in the cache, and whatever else is there. */
function cached(folder: string): string[] {
  const cache = join(folder, 'cache/arpeggio');
  return existsSync(cache) ? readdirSync(cache).flatMap((version) => readdirSync(join(cache, version)).sort()) : [];
}

describe('the programs of Kubernetes', () => {
  test('are those of KUBEBUILDER_ASSETS, where it is set', () => {
    const folder = temporaryFolder();
    fill(folder, Object.fromEntries(PROGRAMS.map((name) => [`assets/${name}`, ''])));
    const assets = join(folder, 'assets');
    expect(provide(folder, { env: { KUBEBUILDER_ASSETS: assets } })).toEqual({ code: 0, stdout: `${assets}\n`, stderr: '' });
  });

  test('are built once where there is Go, which is said', () => {
    const folder = temporaryFolder();
    const first = provide(folder, { go: GO });
    expect([first.code, cached(folder)]).toEqual([0, PROGRAMS]);
    expect(first.stderr).toMatch(/^setup: building Kubernetes \S+ \(etcd, kube-apiserver, kubectl\) .* 5 minutes .*\n$/);
    expect(provide(folder, { go: 'exit 1' })).toEqual({ code: 0, stdout: first.stdout, stderr: '' });
  });

  test('are built again where a build broke off, but those that were whole', () => {
    const folder = temporaryFolder();
    const half = `case "$*" in *kubectl) echo half > "$4"; kill -9 $PPID;; *) ${GO};; esac`;
    expect(provide(folder, { go: half }).code).not.toBe(0);
    expect(cached(folder).filter((name) => !name.startsWith('.'))).toEqual(['etcd', 'kube-apiserver']);
    expect(provide(folder, { go: GO }).stderr).toMatch(/^setup: building Kubernetes \S+ \(kubectl\) /);
    expect(cached(folder).filter((name) => !name.startsWith('.'))).toEqual(PROGRAMS);
  });

  const WAYS = 'set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver, kubectl, or put Go 1.24 or newer on the PATH\n';
  const SKIPPED = 'setup: no Kubernetes API server, so the tests against one are skipped:';

  test.each<[string, World, string]>([
    ['there is no Go', {}, `${SKIPPED} there is no Go; ${WAYS}`],
    ['there is no Go, under CI', { env: { CI: 'true' } }, `${SKIPPED.replace('are skipped', 'fail')} there is no Go; ${WAYS}`],
    [
      'the folder that is named has none',
      { env: { KUBEBUILDER_ASSETS: '/nowhere' } },
      `${SKIPPED} KUBEBUILDER_ASSETS is /nowhere, which has no etcd, kube-apiserver, kubectl; ${WAYS}`,
    ],
  ])('are done without where %s, which is said', (_, world, expected) => {
    const folder = temporaryFolder();
    expect(provide(folder, world)).toEqual({ code: 1, stdout: '', stderr: expected });
  });

  test('are done without where a build fails, which is said with its last word', () => {
    const folder = temporaryFolder();
    const go = `[ "$1" = version ] || { echo downloading >&2; echo 'dial tcp: no route to host' >&2; exit 1; }`;
    const { code, stderr } = provide(folder, { go });
    expect([code, stderr.split('\n').at(1)]).toEqual([
      1,
      `${SKIPPED} etcd did not build: dial tcp: no route to host; ${WAYS.trim()}`,
    ]);
    expect(cached(folder)).toEqual([]);
  });
});
