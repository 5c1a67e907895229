/**
 * The root file system of the image: what Node, the packet library, `ip` and `wget` need of Debian 12, a shell, Node itself, and the
 * bundled agents. The Dockerfile makes the same with a container engine.
 */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fetchPackages, run, unpackPackages } from './debian.js';

/** Each package is here by name, so that none comes unseen: apt would bring Perl with `ip`, to ask questions at its installation. */
const PACKAGES: readonly string[] = [
  ...['base-files', 'dash', 'gcc-12-base', 'iproute2', 'libc6', 'libgcc-s1', 'libpcap0.8', 'libstdc++6', 'wget'],
  // Of iproute2.
  ...[
    'libbpf1',
    'libbsd0',
    'libcap2',
    'libdb5.3',
    'libelf1',
    'libmd0',
    'libmnl0',
    'libpcre2-8-0',
    'libselinux1',
    'libtirpc-common',
  ],
  ...['libtirpc3', 'libxtables12', 'zlib1g'],
  // Of libtirpc3.
  ...['libcom-err2', 'libgssapi-krb5-2', 'libk5crypto3', 'libkeyutils1', 'libkrb5-3', 'libkrb5support0'],
  // Of libpcap.
  ...['libdbus-1-3', 'libgcrypt20', 'libgpg-error0', 'liblz4-1', 'liblzma5', 'libsystemd0', 'libzstd1'],
  // Of wget.
  ...['libffi8', 'libgmp10', 'libgnutls30', 'libhogweed6', 'libidn2-0', 'libnettle8', 'libp11-kit0', 'libpsl5', 'libtasn1-6'],
  ...['libunistring2', 'libuuid1'],
];

/** Of `node-linux-*`, the npm packages that carry Node. */
const NODE_VERSION = '24.21.0';
const NODE_INTEGRITY: Readonly<Record<string, string>> = {
  x64: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  arm64: 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
};

/** What is for people to read on a whole system. The copyright files stay. */
const UNUSED = ['boot', 'usr/share/man', 'usr/share/info', 'usr/share/locale', 'usr/share/lintian', 'usr/share/bash-completion'];

export const ENTRYPOINT: readonly string[] = ['/usr/bin/node', '/usr/lib/arpeggio/build/arpeggio.js'];

export interface RootOptions {
  /** The checkout, with node_modules and with build/ as `npm run build` makes it. */
  readonly source: string;
  /** An empty folder. */
  readonly root: string;
  readonly scratch: string;
  readonly cache: string;
  /** Flags of the C++ compiler for the packet library. */
  readonly capFlags: string;
  readonly say: (line: string) => void;
}

export function makeRoot(options: RootOptions): void {
  const { root, cache, say } = options;
  const files = fetchPackages(PACKAGES, cache, say);
  unpackPackages(files, root);
  for (const path of UNUSED) rmSync(join(root, path), { recursive: true, force: true });
  keepCopyrights(join(root, 'usr/share/doc'));
  rmSync(join(root, 'var/run'), { recursive: true, force: true });
  symlinkSync('/run', join(root, 'var/run'));
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnogroup:x:65534:\n');
  const node = unpackNode(options);
  cpSync(join(node, 'bin/node'), join(root, 'usr/bin/node'));
  addAgents(
    options,
    node,
    files.map((file) => basename(file, '.deb')),
  );
}

function keepCopyrights(doc: string): void {
  for (const entry of readdirSync(doc, { withFileTypes: true, recursive: true })) {
    // Some packages link to another's folder.
    const isKept = entry.isDirectory() || entry.name === 'copyright' || entry.parentPath === doc;
    if (!isKept) rmSync(join(entry.parentPath, entry.name));
  }
}

/** The folder of Node with its program and its headers. */
function unpackNode({ scratch, cache, say }: RootOptions): string {
  const expected = NODE_INTEGRITY[process.arch];
  if (expected === undefined)
    throw new Error(`there is no image for ${process.arch}, only for ${Object.keys(NODE_INTEGRITY).join(', ')}`);
  const name = `node-linux-${process.arch}`;
  const archive = join(cache, `${name}-${NODE_VERSION}.tgz`);
  if (!isGood(archive, expected)) {
    say(`fetching Node ${NODE_VERSION} from npm, once, into ${cache}: some seconds`);
    run('npm', ['pack', '--silent', `${name}@${NODE_VERSION}`], cache);
    if (!isGood(archive, expected)) throw new Error(`${archive} is not what it must be`);
  }
  const folder = join(scratch, 'node');
  mkdirSync(folder);
  run('tar', ['-xzf', archive, '-C', folder, '--strip-components=1'], scratch);
  return folder;
}

function isGood(archive: string, integrity: string): boolean {
  try {
    return integrity === `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  } catch {
    return false;
  }
}

function addAgents(options: RootOptions, node: string, packages: readonly string[]): void {
  const { source, root } = options;
  const home = join(root, 'usr/lib/arpeggio');
  mkdirSync(join(home, 'build'), { recursive: true });
  for (const name of readdirSync(join(source, 'build'))) {
    if (name.endsWith('.js')) cpSync(join(source, 'build', name), join(home, 'build', name));
  }
  for (const name of ['package.json', 'LICENSE']) cpSync(join(source, name), join(home, name));
  writeFileSync(join(home, 'packages.txt'), `${[`node_${NODE_VERSION}_${process.arch}`, ...packages].join('\n')}\n`);
  const cap = buildCap(options, node);
  for (const path of ['package.json', 'LICENSE', 'lib', 'build/Release/cap.node']) {
    cpSync(join(cap, path), join(home, 'node_modules/cap', path), { recursive: true });
  }
  const command = join(root, 'usr/bin/arpeggio');
  writeFileSync(command, `#!/bin/sh\nexec ${ENTRYPOINT.join(' ')} "$@"\n`, { mode: 0o755 });
  // Whatever the checkout's umask was.
  run('chmod', ['-R', 'u=rwX,go=rX', home, command], root);
}

/** The packet library for the image's Node, which is not the one that runs here. */
function buildCap({ source, scratch, capFlags, say }: RootOptions, node: string): string {
  say('building the packet library for it: some seconds');
  const modules = join(scratch, 'cap/node_modules');
  for (const name of ['cap', 'nan']) {
    cpSync(join(source, 'node_modules', name), join(modules, name), {
      recursive: true,
      filter: (path) => path !== join(source, 'node_modules/cap/build'),
    });
  }
  writeFileSync(join(scratch, 'cap/package.json'), JSON.stringify({ private: true, allowScripts: { cap: true } }));
  run('npm', ['rebuild', 'cap', '--loglevel=error'], join(scratch, 'cap'), {
    ...process.env,
    PATH: `${join(node, 'bin')}:${process.env['PATH'] ?? ''}`,
    npm_config_nodedir: node,
    // Where it was built is no part of it.
    CXXFLAGS: `${capFlags} -ffile-prefix-map=${scratch}=. -ffile-prefix-map=${source}=.`,
  });
  const library = join(modules, 'cap/build/Release/cap.node');
  run('strip', ['--strip-unneeded', library], scratch);
  return join(modules, 'cap');
}
