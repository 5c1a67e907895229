/**
 * The quick reader against the exact one, which stands for kubectl: whatever it gives is the same, at the same place.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { readExactly } from '../../agents/source/manifests.js';
import { readQuickly } from '../../agents/source/quickmanifests.js';

const ROOT = join(import.meta.dirname, '..', '..');

/** What both say of `text`; undefined where the quick one leaves it to the other. */
function compared(text: string): { readonly quick: unknown; readonly exact: unknown } | undefined {
  const quick = readQuickly(text);
  if (quick === undefined) return undefined;
  const { documents, issues } = readExactly(text, 'f');
  const places = quick.map(({ start }) => {
    const before = text.slice(0, start).split('\n');
    return { file: 'f', line: before.length, column: (before.at(-1) ?? '').length + 1 };
  });
  return {
    quick: { values: quick.map(({ value }) => value), places, issues: [] },
    exact: { values: documents.map(({ object }) => object), places: documents.map(({ locate }) => locate('')), issues },
  };
}

describe('the quick reader', () => {
  test.each([
    ['an address', 'a: 10.0.0.1'],
    ['a prefix', 'a: 192.168.1.0/24'],
    ['a range', '- 192.168.1.240-192.168.1.250'],
    ['an IPv6 address that looks like base 60', 'a: 1:2:3:4:5:6:7:8'],
    ['a date', 'a: 2024-01-01'],
    ['a uid that begins with digits', 'a: 12e4567-e89b'],
    ['integers, true, false and null', '- 0\n- 1\n- -1\n- true\n- false\n- null\n- ~\n- a:\n- {}\n- []'],
    ['text in blocks and quotes', 'a: |\n  one\n   # two\n\n  three\nb: "x: # y" # z\nc: \'d\'\ne: |-\n  f\n\n'],
    ['documents with and without anything in them', '--- \na: b\n---\n# only this\n---\nc: d\n---\n'],
    ['a comment before an indented document', '# c\n\n  a: b'],
    ['lists in lists of mappings, at the indentation of their key', 'a:\n- b: 1\n  c:\n  - d\n  - e: f\n    g: h\ni: j'],
    ['text as kubectl writes what was applied last', 'a: |\n  {"b":{"c":[1,2]}}\nd: e\n'],
    ['JSON', '{"a": [1, {"b": "c\\u00e9"}], "d": null}'],
  ])('reads %s as the exact one does', (_, text) => {
    const both = compared(text);
    expect(both).toBeDefined();
    expect(both?.quick).toEqual(both?.exact);
  });

  test.each([
    ['a decimal fraction', 'a: 1.5'],
    ['an exponent', 'a: 1e3'],
    ['an octal number', 'a: 0777'],
    ['a number that no double holds', 'a: 12345678901234567890'],
    ['words of YAML 1.1', 'a: yes\nb: Off\nc: TRUE'],
    ['an anchor and its alias', 'a: &x 1\nb: *x'],
    ['a tag', 'a: !!str 1'],
    ['a merge', '<<: {a: 1}'],
    ['a key that is null', 'null: x'],
    ['a key twice', 'a: 1\na: 2'],
    ['a list that is cut short', 'a: [1,2'],
    ['tabs', 'a:\n\t- b'],
    ['Windows line ends', 'a: b\r\n---\r\nc: d\r\n'],
    ['a key that would change the prototype', '__proto__: {x: 1}\na: 1'],
    ['numbers as keys', '1: a\n2: b'],
    ['text with escapes', 'a: "x\\u0041"'],
    ['a list on one line', 'a: [b, c]'],
    ['JSON with a key twice', '{"a": 1, "a": 2}'],
    ['JSON with a fraction', '{"a": 1.5}'],
    ['text that is folded', 'a: >\n  b\n'],
    ['text at the end of a file without a line end', 'a: |\n  b'],
    ['a scalar of several lines', 'a: b\n  c'],
    ['a document on the line of its mark', '--- x\n'],
    ['a directive', '%YAML 1.1\n---\na: b'],
    ['the end of a document', 'a: b\n...\n'],
    ['nesting without end', '['.repeat(100_000)],
    ['nesting without end in blocks', Array.from({ length: 1000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
    ['nesting without end in JSON', `${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}`],
  ])('leaves %s to the exact one', (_, text) => {
    expect(readQuickly(text)).toBeUndefined();
  });

  const files = ['dist', 'test/fixtures', 'test/lab', 'test/golden'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.ya?ml$/.test(name))
      .map((name) => join(folder, name)),
  );

  test('reads nearly every manifest of this repository, and as the exact one does', () => {
    const both = files.flatMap((file) => compared(readFileSync(join(ROOT, file), 'utf8')) ?? []);
    for (const { quick, exact } of both) expect(quick).toEqual(exact);
    expect(both.length).toBeGreaterThan(files.length * 0.9);
  });
});

describe('whatever is written', () => {
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom(
        '10.0.0.1',
        'yes',
        'null',
        '~',
        '',
        '0777',
        '1e3',
        '12:34:56',
        '=',
        '- a',
        '# b',
        'a: b',
        '*x',
        '!y',
        '1_000',
        '.5',
        'Infinity',
      ),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('a', 'null', 'true', '80', '__proto__')), tie('value'), { maxKeys: 4 }),
    ),
  })).value;

  test('by a program is read the same or left', () => {
    fc.assert(
      fc.property(
        value,
        fc.constantFrom('1.1' as const, '1.2' as const),
        fc.integer({ min: 2, max: 4 }),
        (one, version, indent) => {
          const both = compared(stringify(one, { version, indent }));
          if (both !== undefined) expect(both.quick).toEqual(both.exact);
        },
      ),
    );
  });

  const line = fc
    .tuple(
      fc.constantFrom('', '', '', '  ', '    ', '- ', '  - ', '-\n', '? ', ' '),
      fc.constantFrom('a: ', 'b: ', 'c:', '"d": ', 'null: ', ': ', '', '', '1: ', '80: ', '{', '[', '<<: ', '- '),
      fc.constantFrom(
        '1',
        '-1',
        '+1',
        '0',
        '-0',
        '00',
        '0x1',
        '0b1',
        '0o7',
        '1.',
        '.5',
        '1.5',
        '1e3',
        '.inf',
        '1_0',
        '12:30',
        '10.0.0.1',
        '::1',
        '2024-01-01',
        'yes',
        'No',
        'TRUE',
        'true',
        'null',
        '~',
        '',
        'x',
        'x y',
        'x: y',
        "'x'",
        '"x"',
        '"x',
        `it''s`,
        '|',
        '>-',
        '|2',
        '&k x',
        '*k',
        '!t x',
        '#c',
        ' # c',
        '}',
        ']',
        ', e: f}',
        ', 2]',
        '---',
        '...',
        '%d',
        '=',
        '<<',
        '\t',
        'é',
        '\u00A0',
        '\u2028',
        '\\',
        '@x',
        '`x',
        'a#b',
        'http://x:80/y',
      ),
    )
    .map((parts) => parts.join(''));
  const mark = fc.constantFrom('---', '--- ', '---  # c', '---\n---', '# comment', '');

  test('by chance is read the same or left', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 6, arbitrary: line }, { weight: 1, arbitrary: mark }), { maxLength: 6 }),
        fc.constantFrom('\n', '\r\n'),
        (lines, end) => {
          const both = compared(lines.join(end));
          if (both !== undefined) expect(both.quick).toEqual(both.exact);
        },
      ),
    );
  });

  const plainLine = fc
    .tuple(
      fc.constantFrom(0, 0, 0, 2, 2, 4, 4, 6, 1, 3),
      fc.constantFrom('', '', '', '- ', '-  '),
      fc.constantFrom('a:', 'b:', 'c:', 'd/e.f:', '"g h":', ''),
      fc.constantFrom('', '', ' x', ' 1', ' "q"', ' |', ' |-', ' # c', ' x # c', ' {}', ' []', ' - y', '  z  '),
    )
    .map(([indent, entry, key, value]) => `${' '.repeat(indent)}${entry}${key}${value}`);

  test('nearly as manifests are is read the same or left', () => {
    let read = 0;
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof({ weight: 8, arbitrary: plainLine }, { weight: 1, arbitrary: fc.constantFrom('', '   ', '# c', '---') }),
          {
            minLength: 1,
            maxLength: 7,
          },
        ),
        fc.constantFrom('', '\n', '\n\n', '\n  \n'),
        (lines, end) => {
          const both = compared(`${lines.join('\n')}${end}`);
          if (both === undefined) return;
          read++;
          expect(both.quick).toEqual(both.exact);
        },
      ),
      { numRuns: (fc.readConfigureGlobal()?.numRuns ?? 100) * 10 },
    );
    expect(read).toBeGreaterThan(20);
  });
});
