/** docs/constructs.md is a page to work from: every example in it, and in the README, compiles and is synthesised without a warning. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT, treeOf } from './support.js';

const folder = mkdtempSync(join(tmpdir(), 'arpeggio-docs-'));
const page = readFileSync(join(ROOT, 'docs/constructs.md'), 'utf8');
const examples = [page, readFileSync(join(ROOT, 'README.md'), 'utf8')].flatMap((text) =>
  text.split(/^## /m).flatMap((section) =>
    [...section.matchAll(/^```ts\n(.*?)^```/gms)].map(([, source = ''], i) => ({
      title: `${section.split('\n')[0]} (${i + 1})`,
      source,
    })),
  ),
);

/** The library as it is written, in place of the package. */
const LIBRARY = {
  'package.json': '{ "type": "module", "exports": "./index.ts" }',
  'index.ts': `export * from '${join(ROOT, 'constructs/index.ts')}';`,
};

beforeAll(() => {
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, 'arpeggio'), { recursive: true });
  for (const name of ['cdk8s', 'constructs']) symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  for (const [name, text] of Object.entries(LIBRARY)) writeFileSync(join(modules, 'arpeggio', name), text);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const [i, { source }] of examples.entries()) writeFileSync(join(folder, `${i}.ts`), source);
  writeFileSync(join(folder, 'all.ts'), ALL);
});

/** One process for all: starting one takes longer than the example. */
const ALL = `for (let i = 0; i < ${examples.length}; i++) {
  process.env.CDK8S_OUTDIR = 'out-' + i;
  await import('./' + i + '.ts');
}`;

const run = (file: string): SpawnSyncReturns<string> =>
  spawnSync(process.execPath, ['--import', import.meta.resolve('tsx'), file], { cwd: folder, encoding: 'utf8' });

afterAll(() => rmSync(folder, { recursive: true }));

describe('an example', () => {
  test('is there for everything that the page explains', () => {
    expect(examples).toHaveLength(7);
  });

  test('compiles', () => {
    const files = examples.map((_, i) => `${i}.ts`);
    const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', 'node', '--typeRoots'];
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
    const { stdout } = spawnSync(process.execPath, [compiler, ...flags, join(ROOT, 'node_modules/@types'), ...files], {
      cwd: folder,
      encoding: 'utf8',
    });
    // The library is checked by itself, with options of its own.
    expect(stdout.split('\n').filter((line) => /^\d/.test(line))).toEqual([]);
  });

  test('is synthesised, without a warning', () => {
    const { status, stderr } = run('all.ts');
    expect([status, stderr]).toEqual([0, '']);
    expect(examples.map((_, i) => Object.keys(treeOf(join(folder, `out-${i}`))).length > 0)).toEqual(examples.map(() => true));
  });

  test('takes the addresses that the page says', () => {
    expect(Object.values(treeOf(join(folder, 'out-1'))).join()).toContain('- 192.168.1.242-192.168.1.249');
  });
});

test('the error that the page begins with is what synth says', () => {
  const source = examples[1]?.source.replace('192.168.1.200-192.168.1.219', '192.168.1.190-192.168.1.210') ?? '';
  writeFileSync(join(folder, 'network.ts'), source);
  const { stderr } = run('network.ts');
  const [shown = ''] = /^ {6}\[20-config\/web\](?:.|\n)*?\n\n/m.exec(page) ?? [];
  const flat = (text: string): string => text.replace(/\s+/g, ' ').trim();
  expect(flat(stderr)).toContain(flat(shown));
});
