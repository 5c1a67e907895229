import fc from 'fast-check';
import { expect, test } from 'vitest';
import { labelValue, objectName } from '../../src/api/fitting.js';

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const part = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,60}[a-z0-9])?$/);
const subdomain = fc.array(part, { minLength: 1, maxLength: 8 }).map((parts) => parts.join('.'));

test.each([
  ['l2-default.web.n1', 'l2-default.web.n1'],
  ['a'.repeat(253), 'a'.repeat(253)],
])('a name that fits is left alone', (text, expected) => {
  expect(objectName(text)).toBe(expected);
});

test('whatever its length, a name is one that Kubernetes takes, and another for another text', () => {
  fc.assert(
    fc.property(subdomain, subdomain, (one, other) => {
      for (const [make, longest, form] of [
        [objectName, 253, SUBDOMAIN],
        [labelValue, 63, LABEL],
      ] as const) {
        const [a, b] = [make(one), make(other)];
        expect(a.length).toBeLessThanOrEqual(longest);
        expect(a).toMatch(form);
        expect(a === b).toBe(one === other);
      }
    }),
  );
});
