import { expect, test } from 'vitest';
import { type Issue, issue } from '../../src/issue/issue.js';
import { Refusals, withRefusals } from '../../src/kube/refusals.js';

const forbidden = issue('KUBE_FORBIDDEN', '', 'may not patch services/status');
const missing = issue('KUBE_KIND_MISSING', '', 'no such kind');
const away = issue('KUBE_API_UNAVAILABLE', '', 'it is away');
const STATE = { apiVersion: 'metallb.io/v1beta1', kind: 'ConfigurationState', metadata: { name: 'controller' } };

test.each<[string, readonly (readonly [string, Issue | undefined])[], readonly boolean[], readonly string[]]>([
  ['a first one', [['a', forbidden]], [true], ['KUBE_FORBIDDEN']],
  [
    'the same again',
    [
      ['a', forbidden],
      ['a', forbidden],
    ],
    [true, false],
    ['KUBE_FORBIDDEN'],
  ],
  [
    'two of one reason, of which one is over',
    [
      ['a', forbidden],
      ['b', forbidden],
      ['a', undefined],
    ],
    [true, false, false],
    ['KUBE_FORBIDDEN'],
  ],
  [
    'two of one reason, both over',
    [
      ['a', forbidden],
      ['b', forbidden],
      ['a', undefined],
      ['b', undefined],
    ],
    [true, false, false, true],
    [],
  ],
  [
    'another reason than before',
    [
      ['a', missing],
      ['a', forbidden],
    ],
    [true, true],
    ['KUBE_FORBIDDEN'],
  ],
  [
    'a server that is away after it refused',
    [
      ['a', forbidden],
      ['a', away],
    ],
    [true, true],
    [],
  ],
  ['a server that is away', [['a', away]], [false], []],
  [
    'several, in the order of their texts',
    [
      ['a', missing],
      ['b', forbidden],
    ],
    [true, true],
    ['KUBE_FORBIDDEN', 'KUBE_KIND_MISSING'],
  ],
])('%s', (_, steps, changed, standing) => {
  const refusals = new Refusals();
  expect(steps.map(([what, why]) => refusals.set(what, why))).toEqual(changed);
  expect(refusals.standing.map(({ code }) => code)).toEqual(standing);
});

const valid = {
  result: 'Valid',
  conditions: [{ type: 'poolReconcilerValid', status: 'True', reason: 'Reconciled', message: '' }],
};
const invalid = { ...valid, result: 'Invalid', errorSummary: 'POOL_OVERLAP a' };

test('a state says that nothing is refused', () => {
  expect(withRefusals({ ...STATE, status: valid }, [])).toEqual({
    ...STATE,
    status: {
      ...valid,
      conditions: [...valid.conditions, { type: 'arpeggio/Refused', status: 'False', reason: 'None', message: '' }],
    },
  });
});

test('a state says what is refused, beside what is wrong with the configuration', () => {
  const text = 'KUBE_FORBIDDEN may not patch services/status\nKUBE_KIND_MISSING no such kind';
  expect(withRefusals({ ...STATE, status: invalid }, [forbidden, missing])['status']).toEqual({
    result: 'Invalid',
    errorSummary: `POOL_OVERLAP a\n${text}`,
    conditions: [...valid.conditions, { type: 'arpeggio/Refused', status: 'True', reason: 'KUBE_FORBIDDEN', message: text }],
  });
});

test('one who could not decide anything yet says that it is not known whether the configuration is valid', () => {
  expect(withRefusals(STATE, [missing])['status']).toMatchObject({
    result: 'Unknown',
    errorSummary: 'KUBE_KIND_MISSING no such kind',
  });
});
