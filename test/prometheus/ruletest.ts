/**
 * The tests of `promtool test rules`: series as they were scraped, nearly as an alert wants them, as it wants them, and as they were. The
 * alert is to be silent but for the third part, there from when its `for` is over.
 */
import type { Alert } from '../../constructs/alerts.js';
import { type Labels, type Series, selector } from './series.js';

/** A series, and its value in an hour in which all is well; undefined: then there is none. */
export type Observed = Omit<Series, 'value'> & { readonly value: number | undefined };

export interface Fired {
  readonly labels: Labels;
  readonly annotations: Labels;
}

export interface Scenario {
  readonly alert: string;
  /** The most that is not enough. @default nothing changes */
  readonly nearly?: (series: Observed, all: readonly Observed[]) => number | undefined;
  /** What makes it fire. */
  readonly enough: (series: Observed, all: readonly Observed[]) => number | undefined;
  readonly fires: (all: readonly Observed[]) => readonly Fired[];
}

type Rule = Pick<Alert, 'alert' | 'for'>;

const STEP_MIN = 0.5;
/** Longer than every `for`. */
const PART_MIN = 20;
const STEPS = PART_MIN / STEP_MIN;

/** One test for each scenario, and one in which no alert of the rules may fire. */
export function ruleTests(
  file: string,
  rules: readonly Rule[],
  scenarios: readonly Scenario[],
  all: readonly Observed[],
): object {
  const quiet = rules.flatMap(({ alert }) => [0, PART_MIN].map((at) => silent(alert, at)));
  return {
    rule_files: [file],
    evaluation_interval: '30s',
    tests: [
      {
        name: 'as scraped',
        interval: '30s',
        input_series: all.flatMap((one) => input(one, [one.value])),
        alert_rule_test: quiet,
      },
      ...scenarios.map((scenario) => ruleTest(scenario, minutes(ruleOf(rules, scenario.alert)), all)),
    ],
  };
}

function ruleOf(rules: readonly Rule[], name: string): Rule {
  const rule = rules.find(({ alert }) => alert === name);
  if (rule === undefined) throw new Error(`there is no alert ${name}`);
  return rule;
}

function minutes({ alert, for: duration = '0m' }: Rule): number {
  const [, count] = /^(\d+)m$/.exec(duration) ?? [];
  if (count === undefined || Number(count) >= PART_MIN) throw new Error(`${alert} waits for ${duration}`);
  return Number(count);
}

function ruleTest({ alert, nearly, enough, fires }: Scenario, forMin: number, all: readonly Observed[]): object {
  const parts = (one: Observed): (number | undefined)[] => [
    one.value,
    nearly === undefined ? one.value : nearly(one, all),
    enough(one, all),
    one.value,
  ];
  const beginsMin = 2 * PART_MIN;
  const firing = fires(all).map(({ labels, annotations }) => ({ exp_labels: labels, exp_annotations: annotations }));
  if (firing.length === 0) throw new Error(`nothing of ${alert} is among the series`);
  return {
    name: alert,
    interval: '30s',
    input_series: all.flatMap((one) => input(one, parts(one))),
    alert_rule_test: [
      silent(alert, PART_MIN - STEP_MIN),
      silent(alert, beginsMin + forMin - STEP_MIN),
      { eval_time: seconds(beginsMin + forMin), alertname: alert, exp_alerts: firing },
      silent(alert, beginsMin + PART_MIN),
    ],
  };
}

const seconds = (min: number): string => `${min * 60}s`;
const silent = (alertname: string, atMin: number): object => ({ eval_time: seconds(atMin), alertname, exp_alerts: [] });

/** A series that is never there is none. */
function input(one: Observed, parts: readonly (number | undefined)[]): object[] {
  if (parts.every((value) => value === undefined)) return [];
  const values = parts.flatMap((value) => Array<string>(STEPS).fill(value === undefined ? 'stale' : String(value)));
  return [{ series: selector(one), values: [...values, values.at(-1)].join(' ') }];
}
