import { describe, expect, test } from 'vitest';
import { ALERTS } from '../../constructs/alerts.js';
import { type Observed, ruleTests } from './ruletest.js';
import { SCENARIOS } from './scenarios.js';

const rules = [{ alert: 'Bad', for: '1m' }];
const bad = {
  alert: 'Bad',
  enough: ({ name, value }: Observed) => (name === 'bad' ? 1 : value),
  fires: () => [{ labels: { severity: 'critical' }, annotations: { summary: 'x' } }],
};
const observed = (name: string, value: number | undefined): Observed => ({ name, labels: { a: 'b' }, value });

interface Written {
  readonly tests: readonly {
    readonly name: string;
    readonly input_series: readonly { readonly series: string; readonly values: string }[];
    readonly alert_rule_test: readonly { readonly eval_time: string; readonly exp_alerts: readonly object[] }[];
  }[];
}

describe('the tests of an alert', () => {
  const { tests } = ruleTests('rules', rules, [bad], [observed('bad', undefined), observed('good', 7)]) as Written;

  test('are silent, then it fires when it has waited, and is silent again', () => {
    expect(tests[1]?.alert_rule_test.map(({ eval_time, exp_alerts }) => [eval_time, exp_alerts.length])).toEqual([
      ['1170s', 0],
      ['2430s', 0],
      ['2460s', 1],
      ['3600s', 0],
    ]);
  });

  test('have a series only where there is one', () => {
    expect(tests.map(({ name, input_series }) => [name, input_series.map(({ series }) => series)])).toEqual([
      ['as scraped', ['good{a="b"}']],
      ['Bad', ['bad{a="b"}', 'good{a="b"}']],
    ]);
    const values = tests[1]?.input_series[0]?.values.split(' ') ?? [];
    expect([values[0], values[79], values[80], values[119], values[120]]).toEqual(['stale', 'stale', '1', '1', 'stale']);
  });
});

test('an alert that nothing could make fire is no test', () => {
  expect(() => ruleTests('rules', rules, [{ ...bad, fires: () => [] }], [])).toThrow('nothing of Bad is among the series');
});

test('every alert has a scenario', () => {
  expect(SCENARIOS.map(({ alert }) => alert)).toEqual(ALERTS.map(({ alert }) => alert));
});
