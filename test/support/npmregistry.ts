/**
 * An npm registry on loopback with the packages that this checkout has installed, so that `npm install` resolves, fetches and unpacks as it
 * does anywhere, and nobody else is asked.
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ROOT } from '../constructs/support.js';

interface Manifest {
  readonly version: string;
  readonly bundleDependencies?: readonly string[];
  readonly bundledDependencies?: readonly string[];
}

export class NpmRegistry {
  /** By name and version, the folder below this checkout. */
  readonly #packages = installed();
  readonly #server: Server = createServer((request, response) => {
    const [name = '', version] = decodeURIComponent(request.url ?? '')
      .slice(1)
      .split('/-/');
    const versions = this.#packages.get(name);
    const folder = version === undefined ? undefined : versions?.get(version);
    if (folder !== undefined) tar(folder).pipe(response);
    else if (versions !== undefined && version === undefined) response.end(JSON.stringify(this.#document(name, versions)));
    else response.writeHead(404).end('{}');
  });

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** What npm calls a packument. */
  #document(name: string, folders: ReadonlyMap<string, string>): object {
    const versions = [...folders].map(([version, folder]) => {
      return [version, { ...manifestIn(folder), dist: { tarball: `${this.url}${encodeURIComponent(name)}/-/${version}` } }];
    });
    const [latest] = folders.keys();
    return { name, 'dist-tags': { latest }, versions: Object.fromEntries(versions) };
  }
}

/** Of several versions the one that everybody sees comes first. */
function installed(): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const lock = readFileSync(join(ROOT, 'node_modules/.package-lock.json'), 'utf8');
  const { packages } = JSON.parse(lock) as { packages: Record<string, { version: string; inBundle?: true }> };
  const found = new Map<string, Map<string, string>>();
  const inner = (path: string): number => path.split('node_modules/').length;
  for (const path of Object.keys(packages).sort((a, b) => inner(a) - inner(b))) {
    const { version, inBundle } = packages[path] ?? {};
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    if (version === undefined || inBundle === true) continue;
    const versions = found.get(name) ?? new Map<string, string>();
    found.set(name, versions.set(version, path));
  }
  return found;
}

const manifestIn = (folder: string): Manifest => JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as Manifest;

/** Everything but what others put into the folder. */
function tar(folder: string): NodeJS.ReadableStream {
  const { bundleDependencies = [], bundledDependencies = bundleDependencies } = manifestIn(folder);
  const own = readdirSync(join(ROOT, folder)).filter((name) => name !== 'node_modules');
  const bundle = bundledDependencies.map((name) => `node_modules/${name}`);
  const args = ['--create', '--gzip', '--transform', 's,^,package/,', '-C', join(ROOT, folder), '--', ...own, ...bundle];
  return spawn('tar', args, { stdio: ['ignore', 'pipe', 'inherit'] }).stdout;
}
