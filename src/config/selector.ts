/**
 * A Kubernetes label selector, parsed: every requirement must hold. `{}` matches everything.
 */

import type { LabelSelector } from '../api/labelselector.js';
import { compareText } from '../api/order.js';
import { formatPath } from '../api/path.js';
import { type Issue, issue, malformed, type Parsed, parsed } from '../issue/issue.js';
import { findDuplicates } from './duplicates.js';
import { labelKeyProblem, labelValueProblem } from './labels.js';

export type Labels = Readonly<Record<string, string>>;

type LabelSelectorRequirement = NonNullable<LabelSelector['matchExpressions']>[number];

type Requirement =
  | { readonly key: string; readonly operator: 'In' | 'NotIn'; readonly values: ReadonlySet<string> }
  | { readonly key: string; readonly operator: 'Exists' | 'DoesNotExist' };

export interface Selector {
  readonly requirements: readonly Requirement[];
}

export const matches = (selector: Selector, labels: Labels): boolean => selector.requirements.every((one) => holds(one, labels));

/** Whether any of `selectors` matches; true when there is none, because an absent list restricts nothing. */
export const matchesAny = (selectors: readonly Selector[], labels: Labels): boolean =>
  selectors.length === 0 || selectors.some((selector) => matches(selector, labels));

function holds(requirement: Requirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && requirement.values.has(value);
    case 'NotIn':
      return value === undefined || !requirement.values.has(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}

/**
 * Reads one label selector. SELECTOR_INVALID for what the API machinery refuses (an unknown operator, a malformed key or
 * value, values where there must be none); DUPLICATE_ENTRY for a value or an expression that stands twice, as MetalLB does.
 */
export function parseSelector(selector: LabelSelector, path: string): Parsed<Selector> {
  const requirements: Requirement[] = [];
  const issues: Issue[] = [];
  for (const [key, value] of Object.entries(selector.matchLabels ?? {}).sort(byKey)) {
    const problem = labelKeyProblem(key) ?? labelValueProblem(value);
    const at = `${path}.matchLabels${formatPath(['x', key]).slice(1)}`;
    if (problem !== undefined) issues.push(issue('SELECTOR_INVALID', at, `invalid label selector: ${problem}`));
    requirements.push({ key, operator: 'In', values: new Set([value]) });
  }
  const expressions = selector.matchExpressions ?? [];
  for (const [i, expression] of expressions.entries()) {
    const read = parseRequirement(expression, `${path}.matchExpressions[${i}]`);
    if (read.ok) requirements.push(read.value);
    else issues.push(...read.issues);
  }
  issues.push(...findDuplicates(expressions.map(canonicalRequirement), `${path}.matchExpressions`, 'match expression'));
  return issues.length === 0 ? parsed({ requirements }) : malformed(...issues);
}

/** Reads a list of selectors, which are ORed. The same selector twice is a DUPLICATE_ENTRY. */
export function parseSelectors(selectors: readonly LabelSelector[], path: string): Parsed<readonly Selector[]> {
  const values: Selector[] = [];
  const issues: Issue[] = [];
  for (const [i, selector] of selectors.entries()) {
    const read = parseSelector(selector, `${path}[${i}]`);
    if (read.ok) values.push(read.value);
    else issues.push(...read.issues);
  }
  issues.push(...findDuplicates(selectors.map(canonicalSelector), path, 'selector'));
  return issues.length === 0 ? parsed(values) : malformed(...issues);
}

/** One text for selectors that are written alike: labels and values are sorted, the order of expressions counts (§1.1). */
export function canonicalSelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  return JSON.stringify([Object.entries(matchLabels).sort(byKey), matchExpressions.map(canonicalRequirement)]);
}

const canonicalRequirement = ({ key, operator, values = [] }: LabelSelectorRequirement): string =>
  JSON.stringify([key, operator, [...values].sort()]);

function parseRequirement({ key, operator, values = [] }: LabelSelectorRequirement, path: string): Parsed<Requirement> {
  const wrong = (at: string, why: string): Issue => issue('SELECTOR_INVALID', `${path}.${at}`, `invalid label selector: ${why}`);
  const keyProblem = labelKeyProblem(key);
  const issues = keyProblem === undefined ? [] : [wrong('key', keyProblem)];
  switch (operator) {
    case 'In':
    case 'NotIn': {
      if (values.length === 0) issues.push(wrong('values', `${operator} needs at least one value`));
      const problems = values.map(labelValueProblem);
      for (const [i, problem] of problems.entries()) if (problem !== undefined) issues.push(wrong(`values[${i}]`, problem));
      issues.push(...findDuplicates(values, `${path}.values`, 'value'));
      return issues.length === 0 ? parsed({ key, operator, values: new Set(values) }) : malformed(...issues);
    }
    case 'Exists':
    case 'DoesNotExist': {
      const listed = values.map((value) => JSON.stringify(value)).join(', ');
      if (values.length > 0) issues.push(wrong('values', `${operator} takes no values, not ${listed}`));
      return issues.length === 0 ? parsed({ key, operator }) : malformed(...issues);
    }
    default:
      return malformed(...issues, wrong('operator', `"${operator}" is not one of In, NotIn, Exists and DoesNotExist`));
  }
}

const byKey = ([a]: readonly [string, string], [b]: readonly [string, string]): number => compareText(a, b);
