/**
 * Running the app as its users do, with its output in a temporary folder.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT: string = fileURLToPath(new URL('../../', import.meta.url));

/** Gives `use` a folder that is gone afterwards. */
function inTemporaryFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'arpeggio-synth-'));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Every file below `folder` with its text, by path, sorted. */
export function treeOf(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path, 'utf8')]));
}

/** What `cdk8s synth` writes, and what it leaves beside that. */
export const synthByCli = (): Record<string, string> =>
  inTemporaryFolder((folder) => {
    const cli = join(ROOT, 'node_modules/cdk8s-cli/bin/cdk8s');
    execFileSync(process.execPath, [cli, 'synth', '--output', join(folder, 'dist')], {
      cwd: ROOT,
      env: { ...process.env, CDK8S_CHECK_UPGRADE: 'false' },
      stdio: 'pipe',
    });
    return treeOf(folder);
  });

/** The same, of the app that runs in another folder, with other environment variables. */
export const synthElsewhere = (env: Readonly<Record<string, string>>): Record<string, string> =>
  inTemporaryFolder((folder) => {
    execFileSync(process.execPath, ['--import', import.meta.resolve('tsx'), join(ROOT, 'constructs/main.ts')], {
      cwd: folder,
      env: { ...process.env, ...env, CDK8S_OUTDIR: join(folder, 'dist') },
      stdio: 'pipe',
    });
    return treeOf(folder);
  });
