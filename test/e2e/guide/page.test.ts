import { expect, test } from 'vitest';
import { formatPage } from './page.js';

test('the page has the substitutions, and a heading where a chapter begins', () => {
  const page = formatPage(
    [
      { title: 'One', command: 'a', output: 'first\rsecond\n' },
      { title: 'One', command: 'b', output: '' },
    ],
    [{ text: 'x | y', by: 'z', why: 'it is so' }],
  );
  expect(page.slice(page.indexOf('| in'))).toBe(
    [
      '| in the guide | here | why      |',
      '| ------------ | ---- | -------- |',
      '| `x \\| y`     | `z`  | it is so |',
      '\n## One\n\n```console\n$ a\nfirst\nsecond\n```\n\n```console\n$ b\n\n```\n',
    ].join('\n'),
  );
});
