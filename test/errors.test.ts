import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CATALOGUE } from '../src/issue/catalogue.js';

const ROOT = resolve(import.meta.dirname, '..');
const CODES = Object.keys(CATALOGUE);

const sections = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8')
  .split(/^## /m)
  .slice(1)
  .map((section) => ({ code: section.slice(0, section.indexOf('\n')), text: section }));

const sources = ['src', 'agents', 'constructs']
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && name !== 'issue/catalogue.ts')
      .map((name) => readFileSync(join(ROOT, folder, name), 'utf8')),
  )
  .join('\n');

test('docs/errors.md explains exactly the codes of the catalogue', () => {
  expect(sections.map(({ code }) => code).sort()).toEqual([...CODES].sort());
});

describe.each(CODES)('%s', (code) => {
  test('is used', () => {
    expect(sources.includes(`'${code}'`)).toBe(true);
  });

  test('has an example in its section', () => {
    const section = sections.find((one) => one.code === code);
    expect(section?.text ?? 'no section').toMatch(new RegExp(`^    ${code} \\S`, 'm'));
  });
});
