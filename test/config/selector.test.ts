import { describe, expect, test } from 'vitest';
import type { LabelSelector } from '../../src/api/labelselector.js';
import {
  canonicalSelector,
  matches,
  matchesAny,
  parseSelector,
  parseSelectors,
  type Selector,
} from '../../src/config/selector.js';

function selector(written: LabelSelector): Selector {
  const read = parseSelector(written, 'spec.s');
  if (!read.ok) throw new Error(read.issues.map(({ message }) => message).join('; '));
  return read.value;
}

const expression = (key: string, operator: string, ...values: string[]): LabelSelector => ({
  matchExpressions: [values.length === 0 ? { key, operator } : { key, operator, values }],
});

describe('a selector', () => {
  test.each<[string, LabelSelector, Record<string, string>, boolean]>([
    ['that is empty matches everything', {}, {}, true],
    ['with a label matches that value', { matchLabels: { tier: 'web' } }, { tier: 'web', a: 'b' }, true],
    ['with a label matches no other value', { matchLabels: { tier: 'web' } }, { tier: 'db' }, false],
    ['needs every label', { matchLabels: { tier: 'web', a: 'b' } }, { tier: 'web' }, false],
    ['with In matches one of the values', expression('tier', 'In', 'web', 'db'), { tier: 'db' }, true],
    ['with In needs the label', expression('tier', 'In', 'web'), {}, false],
    ['with NotIn matches another value', expression('tier', 'NotIn', 'web'), { tier: 'db' }, true],
    ['with NotIn matches where the label is missing', expression('tier', 'NotIn', 'web'), {}, true],
    ['with NotIn excludes its values', expression('tier', 'NotIn', 'web'), { tier: 'web' }, false],
    ['with Exists takes any value', expression('tier', 'Exists'), { tier: '' }, true],
    ['with Exists needs the label', expression('tier', 'Exists'), {}, false],
    ['with Exists is not misled by what objects inherit', expression('constructor', 'Exists'), {}, false],
    ['with DoesNotExist needs it missing', expression('tier', 'DoesNotExist'), { tier: '' }, false],
    ['with DoesNotExist matches where it is missing', expression('tier', 'DoesNotExist'), { a: 'b' }, true],
    ['may have an empty value', { matchLabels: { tier: '' } }, { tier: '' }, true],
    ['may have a key with a prefix', { matchLabels: { 'app.kubernetes.io/name': 'x' } }, { 'app.kubernetes.io/name': 'x' }, true],
  ])('%s', (_, written, labels, expected) => {
    expect(matches(selector(written), labels)).toBe(expected);
  });

  test.each<[string, LabelSelector, string, string, string]>([
    [
      'has an unknown operator',
      expression('a', 'Gt', '1'),
      'SELECTOR_INVALID',
      '[0].operator',
      '"Gt" is not one of In, NotIn, Exists',
    ],
    ['has an empty operator', expression('a', ''), 'SELECTOR_INVALID', '[0].operator', '"" is not one of'],
    ['has an empty key', expression('', 'Exists'), 'SELECTOR_INVALID', '[0].key', 'the key is empty'],
    ['has In without values', expression('a', 'In'), 'SELECTOR_INVALID', '[0].values', 'In needs at least one value'],
    ['has NotIn without values', expression('a', 'NotIn'), 'SELECTOR_INVALID', '[0].values', 'NotIn needs at least one value'],
    ['has Exists with values', expression('a', 'Exists', 'x'), 'SELECTOR_INVALID', '[0].values', 'Exists takes no values'],
    ['has DoesNotExist with values', expression('a', 'DoesNotExist', 'x'), 'SELECTOR_INVALID', '[0].values', 'takes no values'],
    ['has a key with a space', expression('a b', 'Exists'), 'SELECTOR_INVALID', '[0].key', 'the key "a b"'],
    ['has a key that ends in a dash', expression('a-', 'Exists'), 'SELECTOR_INVALID', '[0].key', 'a sign at an end'],
    ['has a key with two slashes', expression('a/b/c', 'Exists'), 'SELECTOR_INVALID', '[0].key', 'more than one "/"'],
    ['has a prefix in capitals', expression('A.b/c', 'Exists'), 'SELECTOR_INVALID', '[0].key', 'not a DNS name'],
    ['has a long key', expression('a'.repeat(64), 'Exists'), 'SELECTOR_INVALID', '[0].key', 'more than 63'],
    ['has a long value', expression('a', 'In', 'b'.repeat(64)), 'SELECTOR_INVALID', '[0].values[0]', 'more than 63'],
    ['has a malformed value', expression('a', 'In', 'b c'), 'SELECTOR_INVALID', '[0].values[0]', 'the value "b c"'],
    [
      'has one value twice',
      expression('a', 'In', 'x', 'y', 'x'),
      'DUPLICATE_ENTRY',
      '[0].values[2]',
      'this value is the same as',
    ],
  ])('that %s is refused', (_, written, code, at, why) => {
    const read = parseSelector(written, 'spec.s');
    expect(read).toMatchObject({ ok: false, issues: [{ code, path: `spec.s.matchExpressions${at}` }] });
    expect(read.ok ? '' : read.issues[0]?.message).toContain(why);
  });

  test('that has a malformed label is refused', () => {
    const read = parseSelector({ matchLabels: { a: 'b c' } }, 'spec.s');
    expect(read).toMatchObject({ ok: false, issues: [{ code: 'SELECTOR_INVALID', path: 'spec.s.matchLabels.a' }] });
  });

  test('that has one expression twice, its values in another order, is refused', () => {
    const [a] = expression('a', 'In', 'x', 'y').matchExpressions ?? [];
    const [b] = expression('a', 'In', 'y', 'x').matchExpressions ?? [];
    if (a === undefined || b === undefined) throw new Error('no expression');
    const read = parseSelector({ matchExpressions: [a, b] }, 'spec.s');
    expect(read).toMatchObject({ ok: false, issues: [{ code: 'DUPLICATE_ENTRY', path: 'spec.s.matchExpressions[1]' }] });
  });
});

describe('a list of selectors', () => {
  test('restricts nothing when it is empty', () => {
    expect(matchesAny([], { a: 'b' })).toBe(true);
  });

  test('matches when any does', () => {
    const list = [selector({ matchLabels: { a: 'x' } }), selector({ matchLabels: { a: 'y' } })];
    expect([matchesAny(list, { a: 'y' }), matchesAny(list, { a: 'z' })]).toEqual([true, false]);
  });

  test('has no selector twice, in whatever order its labels are', () => {
    const read = parseSelectors([{ matchLabels: { a: 'x', b: 'y' } }, {}, { matchLabels: { b: 'y', a: 'x' } }], 'spec.s');
    expect(read).toMatchObject({ ok: false, issues: [{ code: 'DUPLICATE_ENTRY', path: 'spec.s[2]' }] });
  });

  test.each<[string, LabelSelector, LabelSelector, boolean]>([
    ['values in another order', expression('a', 'In', 'x', 'y'), expression('a', 'In', 'y', 'x'), true],
    ['an absent and an empty list', {}, { matchExpressions: [] }, true],
    ['a label and an expression that means the same', { matchLabels: { a: 'x' } }, expression('a', 'In', 'x'), false],
    ['another operator', expression('a', 'In', 'x'), expression('a', 'NotIn', 'x'), false],
  ])('%s: one text is %s', (_, a, b, same) => {
    expect(canonicalSelector(a) === canonicalSelector(b)).toBe(same);
  });
});
