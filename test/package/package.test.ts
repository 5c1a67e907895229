/**
 * The package as its users get it: packed, unpacked into a project that has nothing but what the package says it needs,
 * compiled against, run. No registry is asked; what it needs is linked from this checkout.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT, treeOf } from '../constructs/support.js';
import { type Packed, pack } from './packed.js';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'arpeggio-package-')));
const project = join(folder, 'project');
const MODULES = join(ROOT, 'node_modules');

let packed: Packed;

beforeAll(() => {
  packed = pack(folder);
  const home = join(project, 'node_modules', 'arpeggio');
  mkdirSync(home, { recursive: true });
  execFileSync('tar', ['-xzf', join(folder, packed.filename), '--strip-components=1', '-C', home]);
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as Record<
    string,
    object
  >;
  for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
    symlinkSync(join(MODULES, name), join(project, 'node_modules', name));
  }
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', private: true, type: 'module' }));
  cpSync(join(ROOT, 'test/fixtures/package/app.mts'), join(project, 'app.mts'));
});

afterAll(() => rmSync(folder, { recursive: true }));

const STRICT = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--skipLibCheck', 'false'];
const LOOSE = ['--strict', '--skipLibCheck', 'false'];
const TARGET = ['--module', 'nodenext', '--target', 'es2022', '--types', ''];

const run = (script: string, args: readonly string[]): { readonly code: number | null; readonly out: string } => {
  const env = { ...process.env, CDK8S_OUTDIR: join(project, 'dist') };
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { cwd: project, encoding: 'utf8', env });
  return { code: status, out: `${stdout}${stderr}` };
};

const compile = (flags: readonly string[]): ReturnType<typeof run> =>
  run(join(MODULES, 'typescript/bin/tsc'), [...flags, ...TARGET, 'app.mts']);

describe('the package', () => {
  test('has the command, the library with its types, and the documentation', () => {
    const paths = packed.files.map(({ path }) => path);
    for (const path of [
      'build/arpeggio.js',
      'build/view.js',
      'build/lib/index.js',
      'build/lib/constructs/index.d.ts',
      'docs/errors.md',
    ]) {
      expect(paths).toContain(path);
    }
  });

  test('has no source, test or tool, not even inside a source map', () => {
    const foreign = packed.files
      .map(({ path }) => path)
      .filter((path) => !/^build\/.*\.(js|d\.ts)$|^build\/(cap|pages)\.h$|^docs\/|^[A-Za-z]+\.(md|json)$|^LICENSE$/.test(path));
    expect(foreign).toEqual([]);
    expect(packed.files.filter(({ path }) => /^build\/lib\/(agents|test)\//.test(path))).toEqual([]);
  });
});

describe('an app in a project of its own', () => {
  test('uses everything that the package exports', () => {
    const types = readFileSync(join(project, 'node_modules/arpeggio/build/lib/constructs/index.d.ts'), 'utf8');
    const names = [...types.matchAll(/\{([^}]*)\}/g)].flatMap(([, list = '']) =>
      list.split(',').map((name) => name.replace(/^\s*type\s|\s/g, '')),
    );
    const app = readFileSync(join(project, 'app.mts'), 'utf8');
    expect(names.length).toBeGreaterThan(15);
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b(?!,)`).test(app))).toEqual([]);
  });

  test.each([
    ['the usual strict options', LOOSE],
    ['the strictest ones', STRICT],
  ])('compiles with %s, and every wrong prop is an error', (_, flags) => {
    expect(compile(flags)).toEqual({ code: 0, out: '' });
  });

  test('runs, and writes what it always wrote, without a warning', async () => {
    expect(compile(LOOSE).code).toBe(0);
    expect(run(join(project, 'app.mjs'), [])).toEqual({ code: 0, out: '' });
    const written = treeOf(join(project, 'dist'));
    const layers = ['00-crds', '05-namespace', '10-rbac', '12-admission', '15-agents', '17-monitoring', '20-config'];
    expect(Object.keys(written)).toEqual(layers.map((one) => `${one}.k8s.yaml`));
    await expect(written['20-config.k8s.yaml']).toMatchFileSnapshot('../golden/package/20-config.k8s.yaml');
    expect(written['00-crds.k8s.yaml']?.match(/^kind: CustomResourceDefinition$/gm)).toHaveLength(4);
  });

  test('that makes a mistake is told its own line', () => {
    const source = [
      "import { App, Chart } from 'cdk8s';",
      "import { IPAddressPool } from 'arpeggio';",
      'const app = new App();',
      "new IPAddressPool(new Chart(app, 'net'), 'a', { addresses: ['10.0.0.9-10.0.0.1'] });",
      'app.synth();',
    ];
    writeFileSync(join(project, 'mistake.mjs'), source.join('\n'));
    const { code, out } = run(join(project, 'mistake.mjs'), []);
    expect(code).toBe(1);
    expect(out).toContain('[net/a] RANGE_REVERSED mistake.mjs:4:1 spec.addresses[0]:');
  });
});
