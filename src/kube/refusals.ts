/**
 * What an API server refuses a component for want of a right, a kind or a namespace. That lasts until somebody applies what is missing: the
 * component's ConfigurationState shows it as long, as the condition `arpeggio/Refused`.
 */
import { cut } from '../api/conditions.js';
import type { KubeObject } from '../api/object.js';
import { isRecord } from '../api/value.js';
import type { IssueCode } from '../issue/catalogue.js';
import { formatIssue, type Issue } from '../issue/issue.js';

const REFUSALS: ReadonlySet<IssueCode> = new Set<IssueCode>(['KUBE_FORBIDDEN', 'KUBE_KIND_MISSING', 'KUBE_NAMESPACE_MISSING']);

/** Whether it is over only when somebody has applied something. */
export const isRefusal = ({ code }: Issue): boolean => REFUSALS.has(code);

/** What is refused now. Thousands of writes may be refused for one reason, which stands once. */
export class Refusals {
  readonly #byWhat = new Map<string, string>();
  /** By their text; with how many things are refused for each. */
  readonly #standing = new Map<string, { readonly issue: Issue; count: number }>();

  /** Why `what` does not work now; undefined, or an issue that is no refusal: it is not refused. Gives whether others stand than before. */
  set(what: string, why: Issue | undefined): boolean {
    const refusal = why !== undefined && isRefusal(why) ? why : undefined;
    const [before, text] = [this.#byWhat.get(what), refusal === undefined ? undefined : formatIssue(refusal)];
    if (text === before) return false;
    const isOver = before !== undefined && this.#drop(before);
    if (refusal === undefined || text === undefined) {
      this.#byWhat.delete(what);
      return isOver;
    }
    this.#byWhat.set(what, text);
    const known = this.#standing.get(text);
    if (known === undefined) this.#standing.set(text, { issue: refusal, count: 1 });
    else known.count++;
    return isOver || known === undefined;
  }

  /** In the order of their texts. */
  get standing(): readonly Issue[] {
    return [...this.#standing].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { issue }]) => issue);
  }

  /** Whether it was the last of these. */
  #drop(text: string): boolean {
    const known = this.#standing.get(text);
    if (known !== undefined && --known.count > 0) return false;
    return this.#standing.delete(text);
  }
}

/** A ConfigurationState that shows them. One without a status is of a component that has decided nothing yet. */
export function withRefusals(state: KubeObject, refusals: readonly Issue[]): KubeObject {
  const { result = 'Unknown', errorSummary, conditions = [] } = isRecord(state['status']) ? state['status'] : {};
  const [first] = refusals;
  const condition = {
    type: 'arpeggio/Refused',
    status: first === undefined ? 'False' : 'True',
    reason: first?.code ?? 'None',
    message: cut(refusals.map(formatIssue).join('\n')),
  };
  const errors = [...(typeof errorSummary === 'string' ? [errorSummary] : []), ...refusals.map(formatIssue)];
  return {
    ...state,
    status: {
      result,
      ...(errors.length > 0 ? { errorSummary: errors.join('\n') } : {}),
      conditions: [...(Array.isArray(conditions) ? conditions : []), condition],
    },
  };
}
