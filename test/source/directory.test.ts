import { mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { type Directory, openDirectory } from '../../agents/source/directory.js';
import type { Snapshot } from '../../agents/source/source.js';
import { formatIssue } from '../../src/issue/issue.js';
import { fill, temporaryFolder, testSignal } from '../support/folder.js';
import { until } from '../support/until.js';

vi.setConfig({ testTimeout: 20_000 });

const service = (name: string): string => `apiVersion: v1
kind: Service
metadata:
  name: ${name}
spec:
  type: LoadBalancer
`;
const cutAt = (text: string): string => service('changed').slice(0, service('changed').indexOf(text));
const lockOf = (address: string): string => `apiVersion: arpeggio.dev/v1alpha1
kind: AddressLock
services:
  default/web:
    addresses: [${address}]
`;

const NAMESPACE = 'apiVersion: v1\nkind: Namespace\nmetadata: { name: other }\n';

const names = ({ objects }: Snapshot): string[] => objects.services.map(({ name }) => name);
const problems = ({ issues }: Snapshot): string[] => issues.map(formatIssue);

async function open(path: string): Promise<Directory> {
  // Only a watch can explain what these tests see: no rescan comes in time.
  const opened = await openDirectory({ path, debounceMs: 20, rescanMs: 600_000, rootCheckMs: 20 }, testSignal());
  if (!opened.ok) throw new Error(opened.issues.map(formatIssue).join());
  return opened.value;
}

const untilNames = (directory: Directory, expected: readonly string[]): Promise<Snapshot> =>
  until(`the Services are ${expected.join(' and ') || 'gone'}`, () => {
    const snapshot = directory.snapshot();
    return names(snapshot).join() === expected.join() && snapshot;
  });

const untilProblem = (directory: Directory, code: string): Promise<Snapshot> =>
  until(`${code} is reported`, () => {
    const snapshot = directory.snapshot();
    return snapshot.issues.some((one) => one.code === code) && snapshot;
  });

const untilNoProblem = (directory: Directory): Promise<Snapshot> =>
  until('nothing is reported', () => {
    const snapshot = directory.snapshot();
    return snapshot.issues.length === 0 && snapshot;
  });

describe('a folder at start', () => {
  test('is read to any depth, in the order of its paths, and dot files are passed over', async () => {
    const folder = temporaryFolder();
    fill(folder, {
      'b.yaml': service('b'),
      'a/deep/a.yml': service('a'),
      'c.json': JSON.stringify({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'c' } }),
      '.hidden.yaml': service('hidden'),
      '.git/x.yaml': service('git'),
      'd.yaml~': service('backup'),
      'notes.txt': 'kind: not yaml: at all',
    });
    const directory = await open(folder);
    expect(names(directory.snapshot())).toEqual(['a', 'b', 'c']);
    expect(directory.snapshot()).toMatchObject({ revision: 1, issues: [] });
  });

  test('that is missing is refused', async () => {
    const path = join(temporaryFolder(), 'nowhere');
    const opened = await openDirectory({ path }, testSignal());
    expect(!opened.ok && opened.issues.map(formatIssue)).toEqual([
      `STATE_DIR_UNUSABLE ${path} the state folder cannot be read: it does not exist`,
    ]);
  });

  test('that is a file is refused', async () => {
    const folder = temporaryFolder();
    fill(folder, { file: '' });
    const opened = await openDirectory({ path: join(folder, 'file') }, testSignal());
    expect(!opened.ok && opened.issues[0]?.message).toBe('the state folder cannot be read: it is not a folder');
  });

  test('may lead into itself', async () => {
    const folder = temporaryFolder();
    fill(folder, { 'sub/a.yaml': service('a') });
    symlinkSync('..', join(folder, 'sub', 'loop'));
    const directory = await open(folder);
    expect(names(directory.snapshot())).toEqual(['a']);
    fill(folder, { 'b.yaml': service('b') });
    await untilNames(directory, ['b', 'a']);
  });
});

describe('a change', () => {
  test('of any file is seen: new, rewritten, replaced, deleted, in a new folder', async () => {
    const folder = temporaryFolder();
    fill(folder, { 'a.yaml': service('a'), 'other.yaml': NAMESPACE });
    const directory = await open(folder);
    fill(folder, { 'new/b.yaml': service('b') });
    await untilNames(directory, ['a', 'b']);
    fill(folder, { 'a.yaml': service('changed') });
    await untilNames(directory, ['changed', 'b']);
    fill(folder, { 'a.tmp': service('replaced') });
    renameSync(join(folder, 'a.tmp'), join(folder, 'a.yaml'));
    await untilNames(directory, ['replaced', 'b']);
    rmSync(join(folder, 'new'), { recursive: true });
    await untilNames(directory, ['replaced']);
    unlinkSync(join(folder, 'a.yaml'));
    await untilNames(directory, []);
  });

  test('that says the same makes no snapshot', async () => {
    const folder = temporaryFolder();
    fill(folder, { 'a.yaml': service('a') });
    const directory = await open(folder);
    const revisions: number[] = [];
    directory.subscribe(({ revision }) => revisions.push(revision));
    const readAtMs = directory.readAtMs;
    fill(folder, { 'a.yaml': service('a') });
    await until('the folder was read again', () => directory.readAtMs > readAtMs);
    fill(folder, { 'b.yaml': service('b') });
    await untilNames(directory, ['a', 'b']);
    expect(revisions).toEqual([2]);
  });

  test('of a mounted ConfigMap, which swaps the link ..data, is seen', async () => {
    const folder = temporaryFolder();
    fill(folder, { '..one/a.yaml': service('one'), '..two/a.yaml': service('two') });
    symlinkSync('..one', join(folder, '..data'));
    symlinkSync('..data/a.yaml', join(folder, 'a.yaml'));
    const directory = await open(folder);
    expect(names(directory.snapshot())).toEqual(['one']);
    symlinkSync('..two', join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    await untilNames(directory, ['two']);
  });

  test('of where the folder itself leads, as git-sync does it, is seen', async () => {
    const folder = temporaryFolder();
    fill(folder, { 'one/a.yaml': service('one'), 'two/a.yaml': service('two') });
    const link = join(folder, 'current');
    symlinkSync('one', link);
    const directory = await open(link);
    symlinkSync('two', join(folder, 'next'));
    renameSync(join(folder, 'next'), link);
    await untilNames(directory, ['two']);
    fill(folder, { 'two/a.yaml': service('three') });
    await untilNames(directory, ['three']);
  });
});

describe('the last good documents stay in force', () => {
  test.each([
    ['in a key', cutAt('pec:'), 'YAML_MALFORMED', '5:1'],
    ['so that it still is YAML', cutAt(': LoadBalancer'), 'FIELD_INVALID', '6:3'],
    ['before its name', cutAt('name: changed'), 'NOT_AN_OBJECT', '3:1'],
  ])('while a file is cut short %s, and the issue says where', async (_, text, code, place) => {
    const folder = temporaryFolder();
    fill(folder, { 'a.yaml': service('a'), 'b.yaml': service('b') });
    const directory = await open(folder);
    fill(folder, { 'a.yaml': text });
    const snapshot = await untilProblem(directory, code);
    expect(names(snapshot)).toEqual(['a', 'b']);
    expect(problems(snapshot)).toEqual([expect.stringContaining(`${code} ${join(folder, 'a.yaml')}:${place} `)]);
    fill(folder, { 'a.yaml': service('changed') });
    expect(problems(await untilNames(directory, ['changed', 'b']))).toEqual([]);
  });

  test('but at first sight of a file, its good objects are taken', async () => {
    const folder = temporaryFolder();
    fill(folder, { 'a.yaml': `${service('a')}---\nkind: Service\n---\n${service('b')}` });
    const directory = await open(folder);
    expect(names(directory.snapshot())).toEqual(['a', 'b']);
    expect(directory.snapshot().issues.map(({ code }) => code)).toEqual(['NOT_AN_OBJECT']);
  });

  test.each([
    ['is emptied', '', 'YAML_MALFORMED'],
    ['says nothing any more', '# a comment\n', 'YAML_MALFORMED'],
    ['is no text', Buffer.from([0xff, 0xfe, 0x00]), 'YAML_MALFORMED'],
    ['is far too big', Buffer.alloc(9 * 1024 * 1024, 0x23), 'FILE_UNREADABLE'],
  ])('while a file %s', async (_, text, code) => {
    const folder = temporaryFolder();
    fill(folder, { 'a.yaml': service('a'), 'other.yaml': NAMESPACE });
    const directory = await open(folder);
    writeFileSync(join(folder, 'a.yaml'), text);
    expect(names(await untilProblem(directory, code))).toEqual(['a']);
    unlinkSync(join(folder, 'a.yaml'));
    expect(problems(await untilNames(directory, []))).toEqual([]);
  });

  test('while every file is gone, as when a share is not mounted', async () => {
    const folder = temporaryFolder();
    fill(folder, { 'a.yaml': service('a') });
    const directory = await open(folder);
    unlinkSync(join(folder, 'a.yaml'));
    expect(names(await untilProblem(directory, 'FILE_UNREADABLE'))).toEqual(['a']);
    fill(folder, { 'b.yaml': service('b') });
    expect(problems(await untilNames(directory, ['b']))).toEqual([]);
  });

  test('while a file that was renamed is also broken', async () => {
    const folder = temporaryFolder();
    fill(folder, { 'a.yaml': service('a'), 'other.yaml': NAMESPACE });
    const directory = await open(folder);
    renameSync(join(folder, 'a.yaml'), join(folder, 'z.yaml'));
    writeFileSync(join(folder, 'z.yaml'), service('a').replace('metadata', 'metadata: x\nmetadata'));
    expect(names(await untilProblem(directory, 'YAML_MALFORMED'))).toEqual(['a']);
    fill(folder, { 'z.yaml': service('a') });
    expect(names(await untilNoProblem(directory))).toEqual(['a']);
  });

  test('while a request in a file cannot be read', async () => {
    const folder = temporaryFolder();
    fill(folder, { 'a.yaml': service('a') });
    const directory = await open(folder);
    const broken = JSON.stringify({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'b' },
      spec: { type: 'LoadBalancer', loadBalancerIP: 'x' },
    });
    fill(folder, { 'a.yaml': broken });
    expect(names(await untilProblem(directory, 'SERVICE_INVALID'))).toEqual(['a']);
  });

  test('while a file cannot be reached', async () => {
    const folder = temporaryFolder();
    fill(folder, { 'a.yaml': service('a') });
    const directory = await open(folder);
    unlinkSync(join(folder, 'a.yaml'));
    symlinkSync('nowhere.yaml', join(folder, 'a.yaml'));
    const snapshot = await untilProblem(directory, 'FILE_UNREADABLE');
    expect(names(snapshot)).toEqual(['a']);
    expect(problems(snapshot)).toEqual([`FILE_UNREADABLE ${join(folder, 'a.yaml')} cannot be read: it does not exist`]);
    fill(folder, { 'nowhere.yaml': service('a') });
    await until('both names are read', () => directory.snapshot().issues.some(({ code }) => code === 'DUPLICATE_OBJECT'));
  });

  test('while the folder is away', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'state');
    fill(folder, { 'state/a.yaml': service('a') });
    const directory = await open(path);
    renameSync(path, join(folder, 'elsewhere'));
    expect(names(await untilProblem(directory, 'STATE_DIR_UNUSABLE'))).toEqual(['a']);
    mkdirSync(path);
    fill(path, { 'b.yaml': service('b') });
    expect(problems(await untilNames(directory, ['b']))).toEqual([]);
    fill(path, { 'c.yaml': service('c') });
    await untilNames(directory, ['b', 'c']);
  });
});

describe('the lock file', () => {
  const locked = ({ lock }: Snapshot): number | undefined => lock?.services.size;

  test('is read at any depth, is no manifest, and its last good version stays in force', async () => {
    const folder = temporaryFolder();
    fill(folder, { 'deep/addresses.lock.yaml': lockOf('192.0.2.1'), 'a.yaml': service('web') });
    const directory = await open(folder);
    expect(locked(directory.snapshot())).toBe(1);
    truncateSync(join(folder, 'deep/addresses.lock.yaml'), 70);
    expect(locked(await untilProblem(directory, 'LOCK_MALFORMED'))).toBe(1);
    unlinkSync(join(folder, 'deep/addresses.lock.yaml'));
    expect(locked(await untilNoProblem(directory))).toBe(0);
  });

  test('that never could be read is not taken for an empty one', async () => {
    const folder = temporaryFolder();
    fill(folder, { 'addresses.lock.yaml': 'services: 7\n' });
    const directory = await open(folder);
    expect(directory.snapshot().lock).toBeUndefined();
    expect(directory.snapshot().issues[0]?.code).toBe('LOCK_MALFORMED');
  });

  test('may be in several parts, of which the first binds', async () => {
    const folder = temporaryFolder();
    fill(folder, { 'a/addresses.lock.yaml': lockOf('192.0.2.1'), 'b/addresses.lock.yaml': lockOf('192.0.2.2') });
    const directory = await open(folder);
    expect(locked(directory.snapshot())).toBe(1);
    expect(problems(directory.snapshot())).toEqual([expect.stringContaining('LOCK_CONFLICT')]);
  });
});
