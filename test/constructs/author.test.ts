import { runInThisContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { authorOf } from '../../constructs/author.js';

describe('the line of the author', () => {
  test.each<[string, string, string, string]>([
    ['of a module', 'file:///srv/app/network.ts', '(make) => make()', '/srv/app/network.ts'],
    ['in a folder with parentheses', '/srv/app (1)/network.ts', '(make) => make()', '/srv/app (1)/network.ts'],
    ['in a module there', 'file:///srv/app%20(1)/network.ts', '(make) => make()', '/srv/app (1)/network.ts'],
    ['at the top of a file there', '/srv/app (1)/network.ts', 'globalThis.makeForTest()', '/srv/app (1)/network.ts'],
    ['in a function with a name', '/srv/(a)/network.ts', '(function pools(make) { return make(); })', '/srv/(a)/network.ts'],
    ['in a method', '/srv/(a)/network.ts', '((make) => ({ make: () => make() }).make())', '/srv/(a)/network.ts'],
  ])('%s', (_, filename, code, file) => {
    const maker = (): unknown => authorOf(maker);
    Object.assign(globalThis, { makeForTest: maker });
    const made: unknown = runInThisContext(code, { filename });
    const author = (code.startsWith('(') ? (made as (make: () => unknown) => unknown)(maker) : made) as ReturnType<
      typeof authorOf
    >;
    expect(author()).toMatchObject({ file, line: 1 });
  });
});
