/**
 * The condition `Ready` of a pool or an advertisement: whether it works as it is written.
 *
 * False when something is wrong that keeps it from working, and then `reason` is the code to look up. True with a message when
 * there are warnings: it works, and somebody should look.
 */
import { cut } from '../../src/api/conditions.js';
import type { IssueCode } from '../../src/issue/catalogue.js';
import type { Issue } from '../../src/issue/issue.js';

interface ReadyCondition {
  readonly type: 'Ready';
  readonly status: 'True' | 'False';
  readonly reason: IssueCode | 'Valid';
  readonly message: string;
}

/** Warnings that say it does not do what it is for. */
const IDLE: ReadonlySet<IssueCode> = new Set<IssueCode>([
  'POOL_UNADVERTISED',
  'POOL_ADMITS_NOBODY',
  'NO_POOL_MATCHED',
  'NO_NODE_MATCHED',
  'UNKNOWN_POOL',
]);

/** `issues` are those about the object. The first that keeps it from working gives the reason, else the first. */
export function readyCondition(issues: readonly Issue[] = []): ReadyCondition {
  const worst = issues.find(({ severity }) => severity === 'error') ?? issues.find(({ code }) => IDLE.has(code));
  const [first = undefined] = worst === undefined ? issues : [worst];
  const ordered = first === undefined ? [] : [first, ...issues.filter((one) => one !== first)];
  return {
    type: 'Ready',
    status: worst === undefined ? 'True' : 'False',
    reason: first?.code ?? 'Valid',
    message: cut(ordered.map(({ code, message }) => `${code}: ${message}`).join('\n')),
  };
}
