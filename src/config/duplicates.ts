/**
 * Entries that stand more than once in one list: a DUPLICATE_ENTRY for each repetition, which names the first.
 */
import { type Issue, issue } from '../issue/issue.js';

/** `texts` are the entries in a form that is equal for equal entries; `noun` says what they are. */
export function findDuplicates(texts: readonly string[], path: string, noun: string): Issue[] {
  const firstAt = new Map<string, number>();
  const issues: Issue[] = [];
  for (const [i, text] of texts.entries()) {
    const first = firstAt.get(text);
    if (first === undefined) firstAt.set(text, i);
    else
      issues.push(
        issue('DUPLICATE_ENTRY', `${path}[${i}]`, `duplicate definition: this ${noun} is the same as ${path}[${first}]`),
      );
  }
  return issues;
}
