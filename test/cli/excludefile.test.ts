import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readExclusions } from '../../agents/cli/excludefile.js';
import { fill, temporaryFolder } from '../support/folder.js';

async function read(text: string): Promise<unknown> {
  const folder = temporaryFolder();
  fill(folder, { 'excludel2.yaml': text });
  const result = await readExclusions(join(folder, 'excludel2.yaml'));
  return result.ok
    ? result.value
    : result.issues.map(({ code, path, message }) => `${code} ${path} ${message.replace(folder, '')}`);
}

describe("MetalLB's list of interfaces to leave out", () => {
  test.each<[how: string, text: string, expected: readonly string[]]>([
    ['as its manifest has it', 'announcedInterfacesToExclude:\n- ^docker.*\n- ^lo$\n', ['^docker.*', '^lo$']],
    ['as its chart has it', 'announcedInterfacesToExclude: ["^docker.*", "^lo$"]\n', ['^docker.*', '^lo$']],
    ['by a key of other letters', 'AnnouncedInterfacesToExclude:\n- ^a\n', ['^a']],
    ['that is empty', 'announcedInterfacesToExclude: []\n', []],
    ['that is not there', '{}\n', []],
    ['in an empty file', '\n', []],
  ])('%s is read', async (_, text, expected) => {
    expect(await read(text)).toEqual(expected);
  });

  test.each<[what: string, text: string, expected: RegExp]>([
    ['a word', 'docker\n', /^INTERFACE_EXCLUDE_INVALID {2}\/excludel2\.yaml has no list announcedInterfacesToExclude$/],
    ['no list', 'announcedInterfacesToExclude: docker\n', /has no list announcedInterfacesToExclude$/],
    ['no YAML', 'announcedInterfacesToExclude: [\n', /^INTERFACE_EXCLUDE_INVALID {2}\/excludel2\.yaml is not YAML: /],
    [
      'no regular expression',
      'announcedInterfacesToExclude:\n- ^a\n- "^veth(.*"\n',
      /^INTERFACE_EXCLUDE_INVALID announcedInterfacesToExclude\[1\] "\^veth\(\.\*" is not a regular expression: Unterminated group$/,
    ],
    [
      'a number',
      'announcedInterfacesToExclude:\n- 5\n',
      /^INTERFACE_EXCLUDE_INVALID announcedInterfacesToExclude\[0\] 5 is no text$/,
    ],
  ])('%s is told', async (_, text, expected) => {
    expect(await read(text)).toEqual([expect.stringMatching(expected)]);
  });

  test('need not be there', async () => {
    expect(await readExclusions(join(temporaryFolder(), 'none'))).toEqual({ ok: true, value: undefined });
  });
});
