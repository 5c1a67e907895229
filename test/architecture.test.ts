/**
 * The house stays the house: who may import whom, one importer a package, no cycle. It reads the import lines of every
 * source file, and asserts how many files it saw so that it cannot go blind.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');

interface File {
  /** Relative to the root, with slashes. */
  readonly path: string;
  readonly imports: readonly Import[];
}
interface Import {
  readonly from: string;
  /** Erased at run time. */
  readonly typeOnly: boolean;
}

const files: readonly File[] = ['src', 'constructs', 'agents'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => readImports(`${folder}/${name}`)),
);

function readImports(path: string): File {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const imports: Import[] = [];
  for (const match of text.matchAll(/^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)';/gm)) {
    imports.push({ from: target(path, match[2] ?? ''), typeOnly: match[1] !== undefined });
  }
  for (const match of text.matchAll(/\bimport\('([^']+)'\)/g))
    imports.push({ from: target(path, match[1] ?? ''), typeOnly: false });
  return { path, imports };
}

/** A file of the house as its path, a package as its name. */
function target(importer: string, specifier: string): string {
  if (specifier.startsWith('.')) return relative(ROOT, resolve(ROOT, dirname(importer), specifier.replace(/\.js$/, '.ts')));
  if (specifier.startsWith('node:')) return specifier;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** The room of a file: `src/net`, `agents/speaker`, `constructs`. */
const room = (path: string): string => (path.startsWith('constructs/') ? 'constructs' : path.split('/').slice(0, 2).join('/'));

/** What each room of src/ may import, besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'src/issue': [],
  'src/net': ['src/issue'],
  'src/packet': ['src/issue', 'src/net'],
  'src/api': ['src/issue', 'src/net'],
  'src/config': ['src/issue', 'src/net', 'src/api'],
  'src/allocator': ['src/issue', 'src/net', 'src/api', 'src/config'],
  'src/layer2': ['src/issue', 'src/net', 'src/api', 'src/config', 'src/packet'],
  'src/membership': ['src/issue', 'src/net'],
  'src/ownership': ['src/issue', 'src/net', 'src/layer2', 'src/membership'],
  'src/kube': ['src/issue', 'src/net', 'src/api'],
  'src/plan': ['src/issue', 'src/net', 'src/api', 'src/config', 'src/allocator', 'src/layer2'],
};

/** Where each package may be imported: a file, or a folder ending in `/`. */
const IMPORTERS: Readonly<Record<string, readonly string[]>> = {
  '@kubernetes/client-node': ['agents/kube/kubeconfig.ts'],
  cap: ['agents/speaker/wire/link.ts'],
  chokidar: ['agents/source/directory.ts'],
  yaml: ['agents/cli/excludefile.ts', 'agents/source/manifests.ts', 'agents/source/yamlwriter.ts'],
  typebox: ['src/api/'],
  commander: ['agents/cli/'],
  cdk8s: ['constructs/'],
  constructs: ['constructs/'],
};

const houseImports = files.flatMap(({ path, imports }) =>
  imports.filter(({ from }) => /^(src|constructs|agents)\//.test(from)).map(({ from }) => ({ path, from })),
);
const packageImports = files.flatMap(({ path, imports }) =>
  imports.filter(({ from }) => !/^(src|constructs|agents)\//.test(from)).map(({ from }) => ({ path, from })),
);

describe('the house', () => {
  test('is seen whole', () => {
    const onDisk = ['src', 'constructs', 'agents'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).filter((name) => /(?<!\.d)\.ts$/.test(name)),
    );
    expect(files.length).toBe(onDisk.length);
    expect(files.length).toBeGreaterThan(50);
    expect(houseImports.length).toBeGreaterThan(files.length);
    for (const { from } of houseImports) expect(files.map(({ path }) => path)).toContain(from);
  });

  test('imports one way', () => {
    const wrong = houseImports.filter(({ path, from }) => {
      const [here, there] = [room(path), room(from)];
      if (here === there || (here.startsWith('agents/') && there.startsWith('agents/'))) return false;
      if (here.startsWith('src/')) return !(MAY_IMPORT[here] ?? []).includes(there);
      if (there.startsWith('src/')) return false;
      return !(here === 'agents/cli' && there === 'constructs');
    });
    expect(wrong).toEqual([]);
  });

  test('gives each package one importer', () => {
    const wrong = packageImports.filter(({ path, from }) => {
      if (from.startsWith('node:')) return path.startsWith('src/') && from !== 'node:crypto';
      const allowed = IMPORTERS[from] ?? [];
      return !allowed.some((place) => (place.endsWith('/') ? path.startsWith(place) : path === place));
    });
    expect(wrong).toEqual([]);
  });

  test('has no cycle', () => {
    const edges = new Map(
      files.map(({ path }) => [path, houseImports.filter((one) => one.path === path).map(({ from }) => from)]),
    );
    const done = new Set<string>();
    const walk = (path: string, trail: readonly string[]): readonly string[] | undefined => {
      if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
      if (done.has(path)) return undefined;
      for (const next of edges.get(path) ?? []) {
        const cycle = walk(next, [...trail, path]);
        if (cycle !== undefined) return cycle;
      }
      done.add(path);
      return undefined;
    };
    expect(files.map(({ path }) => walk(path, [])).find((cycle) => cycle !== undefined)).toBeUndefined();
  });

  test('has no file that only forwards but the package entry', () => {
    const forwards = files.filter(({ path }) => {
      const lines = readFileSync(join(ROOT, path), 'utf8')
        .replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
        .split('\n')
        .filter((line) => line.trim() !== '');
      return lines.every((line) => /^export .* from /.test(line));
    });
    expect(forwards.map(({ path }) => path)).toEqual(['constructs/index.ts']);
  });
});
