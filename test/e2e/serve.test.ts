import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { ROOT } from '../constructs/support.js';
import { until } from '../support/until.js';
import { describeWithApiServer } from '../support/withapiserver.js';

const run = promisify(execFile);

/** Of all processes; one that ends meanwhile has none. */
const commandLines = (): string[] =>
  readdirSync('/proc').flatMap((pid) => {
    try {
      return /^\d+$/.test(pid) ? [readFileSync(`/proc/${pid}/cmdline`, 'utf8')] : [];
    } catch {
      return [];
    }
  });

describeWithApiServer('npm run apiserver', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'serves whoever follows what it prints, until %s, and leaves nothing',
    { timeout: 60_000 },
    async (signal) => {
      const child = spawn(process.execPath, ['tools/apiserver.mjs'], { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
      const exit = once(child, 'exit');
      let printed = '';
      child.stdout.on('data', (chunk: Buffer) => {
        printed += chunk.toString();
      });
      await until('it has said everything', () => printed.includes('Ctrl-C'), 50_000);
      const [administrator = '', controller = '', speaker = ''] = [...printed.matchAll(/KUBECONFIG=(\S+)/g)].map(
        ([, file]) => file,
      );
      const [, kubectl = ''] = /alias kubectl=(\S+)/.exec(printed) ?? [];
      const answers = await Promise.all(
        [administrator, controller, speaker].map(async (kubeconfig) => {
          const may = ['auth', 'can-i', 'patch', 'services', '--subresource=status', '--kubeconfig', kubeconfig];
          return (await run(kubectl, may).catch(({ stdout }: { stdout: string }) => ({ stdout }))).stdout.trim();
        }),
      );
      expect(answers).toEqual(['yes', 'yes', 'no']);
      const { stdout } = await run(kubectl, ['get', 'crd', '--output=name', '--kubeconfig', administrator]);
      expect(stdout).toContain('ipaddresspools.metallb.io');
      child.kill(signal);
      expect(await exit).toEqual([0, null]);
      expect(existsSync(dirname(administrator))).toBe(false);
      expect(commandLines().filter((one) => one.includes(dirname(administrator)))).toEqual([]);
    },
  );
});
