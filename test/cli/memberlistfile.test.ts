import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readMemberlistFile } from '../../agents/cli/memberlistfile.js';
import { formatIssue } from '../../src/issue/issue.js';
import { fill, temporaryFolder } from '../support/folder.js';

test('a file that is not there says nothing, nor does one of a folder that is a file', () => {
  const folder = temporaryFolder();
  fill(folder, { file: '' });
  expect(readMemberlistFile(join(folder, 'config.json'))).toEqual({ ok: true, value: undefined });
  expect(readMemberlistFile(join(folder, 'file/config.json'))).toEqual({ ok: true, value: undefined });
});

test('one that cannot be read, or says nothing that is right, is named', () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'folder'));
  fill(folder, { 'config.json': '{}' });
  const said = ['folder', 'config.json'].map((name) => {
    const read = readMemberlistFile(join(folder, name));
    return read.ok ? 'right' : read.issues.map(formatIssue).join().replaceAll(folder, '');
  });
  expect(said).toEqual([
    expect.stringMatching(/^MEMBERLIST_CONFIG_INVALID \/folder it cannot be read: /),
    expect.stringMatching(/^MEMBERLIST_CONFIG_INVALID \/config\.json:1:1 it has no TCPTimeout, /),
  ]);
});
