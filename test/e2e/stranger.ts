/**
 * What somebody has who never saw this checkout: the package, an empty folder, and the page docs/constructs.md, whose commands begin.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../constructs/support.js';
import { pack } from '../package/packed.js';
import { NpmRegistry } from '../support/npmregistry.js';
import { output } from '../support/output.js';

const [, START = ''] = /^## Start\n(.*?)^## /ms.exec(readFileSync(join(ROOT, 'docs/constructs.md'), 'utf8')) ?? [];
const INSTALL = [...START.matchAll(/^ {4}(npm .*)$/gm)].map(([, command = '']) => command);
const [, SYNTH = ''] = /`(npx cdk8s synth [^`]*)`/.exec(START) ?? [];

export class Stranger {
  /** Not below /run, of which each host of a cluster has its own. */
  readonly #outer: string = mkdtempSync('/var/tmp/arpeggio-stranger-');
  readonly folder: string = join(this.#outer, 'network');

  /** The page's commands, until the package is installed. */
  async install(): Promise<void> {
    mkdirSync(this.folder);
    const tarball = join(this.#outer, pack(this.#outer).filename);
    const registry = new NpmRegistry();
    await registry.listen();
    try {
      const npm = { registry: registry.url, cache: join(this.#outer, 'cache') };
      const env = Object.fromEntries(Object.entries(npm).map(([name, value]) => [`npm_config_${name}`, value]));
      for (const command of INSTALL) await this.#run(command.replace('path/to/arpeggio-<version>.tgz', tarball), env);
    } finally {
      registry.close();
    }
  }

  /** Writes the manifests of this program; gives the folder that they are in. */
  async synth(program: string): Promise<string> {
    writeFileSync(join(this.folder, 'network.ts'), program);
    await this.#run(SYNTH);
    return join(this.folder, 'dist');
  }

  /** In a shell, with nothing of this checkout on the way. */
  async #run(command: string, more: NodeJS.ProcessEnv = {}): Promise<void> {
    const env = { PATH: process.env['PATH'], HOME: this.#outer, CDK8S_CHECK_UPGRADE: 'false', ...more };
    const child = spawn('sh', ['-c', command], { cwd: this.folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const { code, stdout, stderr } = await output(child);
    if (code !== 0) throw new Error(`${command}: ${stdout}${stderr}`);
  }

  remove(): void {
    rmSync(this.#outer, { recursive: true });
  }
}
