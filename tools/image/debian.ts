/**
 * Debian packages as files: fetched by apt-get, which checks them against the signed index, and unpacked without being installed. None of
 * their scripts runs.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface DebianFile {
  /** As apt-get names it: package, version, architecture. */
  readonly name: string;
  readonly uri: string;
}

/** What `apt-get download --print-uris` says: `'URI' FILE SIZE HASH` a line, and anything else. */
export function parseUris(text: string): readonly DebianFile[] {
  return text.split('\n').flatMap((line) => {
    const [, uri, name] = /^'([^']+)' (\S+\.deb) \d+ \S+$/.exec(line) ?? [];
    return uri === undefined || name === undefined ? [] : [{ uri, name }];
  });
}

/** Where what was fetched is kept, outside the checkout. */
export const downloads = (): string => join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'arpeggio', 'downloads');

/** The files of these packages, in the order of their names; those that `cache` lacks are fetched into it. */
export function fetchPackages(packages: readonly string[], cache: string, say: (line: string) => void): readonly string[] {
  mkdirSync(cache, { recursive: true });
  const files = [...(list(packages) ?? afterUpdate(packages, say))].sort((a, b) => (a.name < b.name ? -1 : 1));
  const missing = files.filter(({ name }) => !existsSync(join(cache, name)));
  if (missing.length > 0) {
    say(`fetching ${missing.length} Debian packages, once, into ${cache}: some seconds`);
    // By name: apt-get checks what it got, and writes a file whole or not at all.
    run('apt-get', ['download', '-qq', ...missing.map(({ name }) => name.split('_')[0] ?? name)], cache);
  }
  return files.map(({ name }) => join(cache, name));
}

/** Unpacks packages into an empty root whose /bin, /lib and /sbin are symbolic links, as Debian's are since 12. */
export function unpackPackages(files: readonly string[], root: string): void {
  for (const folder of ['bin', 'lib', 'lib64', 'sbin']) {
    mkdirSync(join(root, 'usr', folder), { recursive: true });
    symlinkSync(`usr/${folder}`, join(root, folder));
  }
  // `dpkg -x` would put folders in the place of the links.
  const script = 'for file in "$@"; do dpkg-deb --fsys-tarfile "$file" | tar -x -C "$0" --keep-directory-symlink; done';
  run('sh', ['-ec', script, root, ...files], root);
}

/** Undefined where apt-get does not know one of them, as on a machine that never asked. */
function list(packages: readonly string[]): readonly DebianFile[] | undefined {
  const { status, stdout } = spawnSync('apt-get', ['download', '--print-uris', ...packages], { encoding: 'utf8' });
  const files = status === 0 ? parseUris(stdout) : [];
  return files.length === packages.length ? files : undefined;
}

function afterUpdate(packages: readonly string[], say: (line: string) => void): readonly DebianFile[] {
  say('asking for the list of Debian packages: apt-get update');
  const { status, error } = spawnSync('apt-get', ['update', '-qq'], { stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error(`Debian's packages cannot be had here: ${error?.message ?? 'apt-get update failed'}`);
  const files = list(packages);
  if (files === undefined)
    throw new Error(`apt-get does not know all of ${packages.join(' ')}: this needs the packages of Debian 12`);
  return files;
}

/** Runs a program to its end, or throws what it said last. */
export function run(program: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = process.env): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, env, encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status !== 0) {
    const why = error?.message ?? `${stderr}`.trim().split('\n').slice(-3).join('\n');
    throw new Error(`${program} ${args.slice(0, 3).join(' ')} failed: ${why}`);
  }
  return stdout;
}
