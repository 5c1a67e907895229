/**
 * A Kubernetes label selector, parsed: every requirement must hold. `{}` matches everything.
 */
export type Labels = Readonly<Record<string, string>>;

export type Requirement =
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
