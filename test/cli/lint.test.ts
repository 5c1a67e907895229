import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { runLint } from '../../agents/cli/lint.js';
import { yamlFiles } from '../api/manifests.js';
import { fill, temporaryFolder } from '../support/folder.js';

const POOL = `apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata:
  name: p
spec:
  addresses:
    - 192.0.2.10-192.0.2.30
`;
const ADVERTISEMENT = `apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata:
  name: all
`;
const SERVICE = `apiVersion: v1
kind: Service
metadata:
  name: web
  annotations:
    metallb.io/loadBalancerIPs: 192.0.2.99
spec:
  type: LoadBalancer
`;
const PLAIN = SERVICE.replace('192.0.2.99', '""');
const GOOD = { 'pool.yaml': POOL, 'ad.yaml': ADVERTISEMENT };

type Files = Readonly<Record<string, string>>;
type Flags = Parameters<typeof runLint>[1];

/** Lints a folder with these files; paths in the output are relative to it. */
async function linted(files: Files, flags: Partial<Flags> = {}, paths: readonly string[] = ['.']) {
  const folder = temporaryFolder();
  fill(folder, files);
  const { output, exitCode } = await runLint(
    paths.map((path) => (path === '-' ? path : join(folder, path))),
    { format: 'text', ...flags },
    standardInput(files['-']),
  );
  return { lines: output.replaceAll(`${folder}/`, '').trimEnd().split('\n'), output, exitCode };
}

async function* standardInput(text = ''): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

describe('text', () => {
  test.each<[sentence: string, files: Files, lines: readonly string[], exitCode: number]>([
    ['nothing wrong', GOOD, ['0 errors, 0 warnings in 2 objects'], 0],
    ['an empty folder', {}, ['0 errors, 0 warnings in 0 objects'], 0],
    [
      'a warning',
      { 'pool.yaml': POOL },
      [
        'POOL_UNADVERTISED pool.yaml:1:1 warning: no L2Advertisement covers pool "p": its addresses are given to Services, and nobody answers for them',
        '0 errors, 1 warning in 1 object',
      ],
      0,
    ],
    [
      'a request that cannot be met, at the annotation',
      { ...GOOD, 'web.yaml': SERVICE },
      [
        'ADDRESS_OUTSIDE_POOLS web.yaml:6:33 metadata.annotations["metallb.io/loadBalancerIPs"]: "192.0.2.99" is not allowed in config: it is in no pool',
        '1 error, 0 warnings in 3 objects',
      ],
      1,
    ],
    [
      'Services without any pool, which are held against nothing',
      { 'web.yaml': SERVICE },
      ['0 errors, 0 warnings in 1 object'],
      0,
    ],
    [
      'mistyped fields of a Service, where they stand',
      {
        ...GOOD,
        'web.yaml': `${PLAIN}  loadbalancerIP: 192.0.2.11\n  externaltrafficPolicy: Local\n  sessionAffinity: None\n  newField: 1\n`,
      },
      [
        'FIELD_MISTYPED web.yaml:9:19 warning: spec.loadbalancerIP: a Service has no field "loadbalancerIP" (did you mean "loadBalancerIP"?)',
        'FIELD_MISTYPED web.yaml:10:26 warning: spec.externaltrafficPolicy: a Service has no field "externaltrafficPolicy" (did you mean "externalTrafficPolicy"?)',
        '0 errors, 2 warnings in 3 objects',
      ],
      0,
    ],
    [
      'a request that contradicts itself, also without any pool',
      { 'web.yaml': SERVICE.concat('  ipFamilies: [IPv6]\n') },
      [expect.stringMatching(/^SERVICE_INVALID web\.yaml:7:1 spec\.ipFamilyPolicy: /), '1 error, 0 warnings in 1 object'],
      1,
    ],
    [
      'kinds that are not ours',
      { ...GOOD, 'deployment.yaml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {replicas: many}\n' },
      ['0 errors, 0 warnings in 2 objects'],
      0,
    ],
    [
      'broken YAML, which hides what other files miss',
      { 'pool.yaml': POOL, 'z.yaml': 'a: b: c\n' },
      [expect.stringMatching(/^YAML_MALFORMED z\.yaml:1:4 /), '1 error, 0 warnings in 1 object'],
      1,
    ],
  ])('%s', async (_, files, lines, exitCode) => {
    expect(await linted(files)).toMatchObject({ lines, exitCode });
  });

  test('several mistakes of several objects are told at once, in the order of the files', async () => {
    const bad = `apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata:
  name: bad
spec:
  autoAsign: true
  addresses:
    - 192.0.2.30-192.0.2.10
    - 5
  serviceAllocation:
    priority: -1
    namespaces: shop
`;
    const wrong = SERVICE.replace('192.0.2.99', 'here').concat('  ports: [{port: 99999}]\n');
    const { lines, exitCode } = await linted({ 'a.yaml': POOL, 'b.yaml': bad, 'c.yaml': wrong, 'd.yaml': ADVERTISEMENT });
    expect(lines).toEqual([
      'UNKNOWN_FIELD b.yaml:6:14 spec.autoAsign: "autoAsign" is not a field of spec (did you mean "autoAssign"?)',
      expect.stringMatching(/^RANGE_REVERSED b\.yaml:8:7 spec\.addresses\[0\]: /),
      'FIELD_INVALID b.yaml:9:7 spec.addresses[1]: must be text, not the number 5',
      expect.stringMatching(/^PRIORITY_NEGATIVE b\.yaml:11:15 /),
      'FIELD_INVALID b.yaml:12:17 spec.serviceAllocation.namespaces: must be a list, not the text "shop"',
      expect.stringMatching(/^SERVICE_INVALID c\.yaml:6:33 /),
      'FIELD_INVALID c.yaml:9:18 spec.ports[0].port: must be at most 65535, not 99999',
      '7 errors, 0 warnings in 4 objects',
    ]);
    expect(exitCode).toBe(1);
  });
});

const list = `{"apiVersion": "v1", "kind": "List", "items": [${JSON.stringify({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec: { type: 'Loadbalancer' },
})}]}`;

describe('paths', () => {
  const two = ['0 errors, 0 warnings in 2 objects'];
  test.each<[sentence: string, files: Files, paths: readonly string[], lines: readonly unknown[], exitCode: number]>([
    ['a file, whatever its name', { 'pools.txt': `${POOL}---\n${ADVERTISEMENT}` }, ['pools.txt'], two, 0],
    [
      'folders in folders',
      {
        'a/b/pool.yml': POOL,
        'a/ad.json': JSON.stringify({ apiVersion: 'metallb.io/v1beta1', kind: 'L2Advertisement', metadata: { name: 'x' } }),
      },
      ['a'],
      two,
      0,
    ],
    ['several', { 'a/pool.yaml': POOL, 'b/ad.yaml': ADVERTISEMENT }, ['b', 'a/pool.yaml'], two, 0],
    ['one file on two ways is read once', GOOD, ['.', 'pool.yaml'], two, 0],
    ['standard input', { 'pool.yaml': POOL, '-': ADVERTISEMENT }, ['pool.yaml', '-'], two, 0],
    [
      'a list on standard input',
      { '-': list },
      ['-'],
      [
        expect.stringMatching(/^FIELD_INVALID <stdin>:1:\d+ spec\.type: must be one of .*did you mean "LoadBalancer"/),
        '1 error, 0 warnings in 1 object',
      ],
      1,
    ],
    [
      'one that does not exist',
      GOOD,
      ['.', 'nope.yaml'],
      ['FILE_UNREADABLE nope.yaml cannot be read: it does not exist', '1 error, 0 warnings in 2 objects'],
      2,
    ],
  ])('%s', async (_, files, paths, lines, exitCode) => {
    expect(await linted(files, {}, paths)).toMatchObject({ lines, exitCode });
  });
});

const LOCK = (entries: string): string => `apiVersion: arpeggio.dev/v1alpha1\nkind: AddressLock\nservices:${entries}`;

describe('the samples of MetalLB', () => {
  const copies = yamlFiles(new URL('../fixtures/samples/', import.meta.url));
  const originals = yamlFiles(new URL('../../../shared/spec/samples/', import.meta.url));

  test.each([...copies, ...originals].map(({ file, text }) => [file, text]))('%s has no error', async (file, text) => {
    const { lines, exitCode } = await linted({ [file]: text });
    expect(lines.at(-1)).toMatch(/^0 errors, /);
    expect(exitCode).toBe(0);
  });
});

describe('the lock file', () => {
  test.each<[sentence: string, lock: string | undefined, codes: readonly string[]]>([
    ['nobody is asked to have one', undefined, []],
    ['where there is one, a Service that is not in it is told', LOCK(' {}\n'), ['NOT_LOCKED']],
    ['a Service that is in it is right', LOCK('\n  default/web: {addresses: [192.0.2.11]}\n'), []],
    ['a promise that cannot be kept is told', LOCK('\n  default/web: {addresses: [198.51.100.1]}\n'), ['LOCK_CONFLICT']],
    ['one that cannot be read is told', LOCK('\n  web: {addresses: [198.51.100.1]}\n'), ['LOCK_MALFORMED']],
  ])('%s', async (_, lock, codes) => {
    const files = { ...GOOD, 'web.yaml': PLAIN, ...(lock === undefined ? {} : { 'addresses.lock.yaml': lock }) };
    const { lines } = await linted(files);
    expect(lines.slice(0, -1).map((line) => line.split(' ')[0])).toEqual(codes);
  });
});

test('a lock for a Service that is not there may keep Services with one key apart, and that is said', async () => {
  const sharer = (name: string, port: number): string =>
    PLAIN.replace('name: web', `name: ${name}`)
      .replace('loadBalancerIPs: ""', 'allow-shared-ip: k')
      .concat(`  ports: [{port: ${port}}]\n`);
  const entry = (name: string, address: string): string => `\n  default/${name}: {addresses: [${address}]}`;
  const locks = entry('a', '192.0.2.10') + entry('b', '192.0.2.11') + entry('gone', '192.0.2.10');
  const told = async (lock: string) => {
    const files = { ...GOOD, 'a.yaml': sharer('a', 80), 'b.yaml': sharer('b', 443), 'addresses.lock.yaml': LOCK(`${lock}\n`) };
    return (await linted(files)).lines.filter((line) => line.startsWith('SHARED_KEY_APART'));
  };
  expect(await told(locks)).toEqual([expect.stringContaining('(192.0.2.11, not 192.0.2.10): it is ')]);
  expect(await told(entry('a', '192.0.2.10') + entry('gone', '192.0.2.10'))).toEqual([
    expect.stringMatching(
      /\(192\.0\.2\.11, not 192\.0\.2\.10\): the lock file keeps the address of default\/a for a Service that is not there$/,
    ),
  ]);
});

describe('flags', () => {
  test('--strict makes warnings count', async () => {
    expect((await linted({ 'pool.yaml': POOL }, { strict: true })).exitCode).toBe(1);
    expect((await linted(GOOD, { strict: true })).exitCode).toBe(0);
  });

  test('--lb-class says which Services are ours', async () => {
    const files = { ...GOOD, 'web.yaml': SERVICE.concat('  loadBalancerClass: x.io/y\n') };
    expect((await linted(files)).lines[0]).toMatch(/^CLASS_UNHANDLED web\.yaml:9:22 warning: /);
    expect((await linted(files, { lbClass: 'x.io/y' })).lines[0]).toMatch(/^ADDRESS_OUTSIDE_POOLS /);
  });

  test('--format json is a contract', async () => {
    const { output } = await linted({ 'pool.yaml': POOL, 'web.yaml': SERVICE }, { format: 'json' });
    expect(JSON.parse(output)).toEqual({
      version: 1,
      summary: { errors: 1, warnings: 1 },
      issues: [
        {
          code: 'POOL_UNADVERTISED',
          severity: 'warning',
          message: expect.any(String),
          path: '',
          object: { kind: 'IPAddressPool', namespace: 'metallb-system', name: 'p' },
          source: { file: expect.stringMatching(/pool\.yaml$/), line: 1, column: 1 },
        },
        {
          code: 'ADDRESS_OUTSIDE_POOLS',
          severity: 'error',
          message: expect.any(String),
          path: 'metadata.annotations["metallb.io/loadBalancerIPs"]',
          object: { kind: 'Service', namespace: 'default', name: 'web' },
          source: { file: expect.stringMatching(/web\.yaml$/), line: 6, column: 33 },
        },
      ],
    });
  });
});

describe('the command', () => {
  const run = promisify(execFile);
  const arpeggio = (...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
    run(process.execPath, ['--import', 'tsx', 'agents/cli/main.ts', 'lint', ...args]).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (failed: { code: number; stdout: string; stderr: string }) => failed,
    );

  test('reads what another command writes', async () => {
    const command = `${process.execPath} --import tsx agents/cli/main.ts lint <(cat test/lab/state/nodes.yaml)`;
    const { stdout } = await run('bash', ['-c', command]);
    expect(stdout).toBe('0 errors, 0 warnings in 3 objects\n');
  });

  test.each<[sentence: string, args: readonly string[], expected: object]>([
    ['explains itself', ['--help'], { code: 0, stdout: expect.stringContaining('Example:\n  arpeggio lint') }],
    [
      'needs a path',
      [],
      {
        code: 2,
        stdout: '',
        stderr: expect.stringMatching(/missing required argument 'paths'\nUsage: arpeggio lint <paths\.\.\.>/),
      },
    ],
    ['knows its flags', ['x', '--sort'], { code: 2, stdout: '', stderr: expect.stringContaining("unknown option '--sort'") }],
    [
      'has two formats',
      ['x', '--format', 'sarif'],
      { code: 2, stdout: '', stderr: expect.stringContaining('the formats are text and json') },
    ],
    [
      'keeps results on stdout',
      ['test/lab/state/nodes.yaml'],
      { code: 0, stdout: '0 errors, 0 warnings in 3 objects\n', stderr: '' },
    ],
  ])('%s', async (_, args, expected) => {
    expect(await arpeggio(...args)).toMatchObject(expected);
  });
});
