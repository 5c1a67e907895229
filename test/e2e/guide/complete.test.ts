/** The fixtures hold every manifest and command of the guide, which itself is not part of the repository. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { BLOCKS } from './fixtures.js';

const GUIDE = new URL('../../../../shared/spec/guide-layer2-mode.md', import.meta.url);

const withoutProse = (text: string): readonly string[] => text.split('\n').filter((line) => !/^\s*(#|$)/.test(line));

test.runIf(existsSync(GUIDE))('the fixtures are every manifest and command of the guide, in its order', () => {
  const blocks = [...readFileSync(GUIDE, 'utf8').matchAll(/^```(bash|yaml)\n(.*?)^```/gms)];
  const ending = { bash: 'sh', yaml: 'yaml' } as const;
  const printed = blocks.map(([, language = '', body = '']) => [ending[language as 'bash' | 'yaml'], withoutProse(body)]);
  expect(BLOCKS.map(({ file, text }) => [file.split('.').at(-1), withoutProse(text)])).toEqual(printed);
  expect(BLOCKS).toHaveLength(26);
});
