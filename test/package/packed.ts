/** The package as `npm pack` makes it of this checkout. */
import { spawnSync } from 'node:child_process';
import { cpSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../constructs/support.js';

/** A copy is packed: packing builds, and other tests run what is in build/. */
const PACKED_FROM = ['src', 'constructs', 'agents', 'tools', 'docs', 'README.md', 'LICENSE', 'CHANGELOG.md', 'package.json'];
const CONFIGURATION = ['tsconfig.json', 'tsconfig.build.json', '.npmrc'];

export interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/** Into `folder`, which also gets the copy. */
export function pack(folder: string): Packed {
  const checkout = join(folder, 'checkout');
  for (const name of [...PACKED_FROM, ...CONFIGURATION]) cpSync(join(ROOT, name), join(checkout, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(checkout, 'node_modules'));
  const { status, stdout, stderr } = spawnSync('npm', ['pack', '--json', '--silent', '--pack-destination', folder], {
    cwd: checkout,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`npm pack: ${stdout}${stderr}`);
  return JSON.parse(stdout.slice(stdout.indexOf('[')))[0] as Packed;
}
