/**
 * What is wrong with some input: a stable code, where it stands, and a sentence that says what is right.
 *
 * An issue is a value. It is what is logged, shown, counted and tested; nobody re-derives it. `throw` means a bug.
 */
import { CATALOGUE, type IssueCode } from './catalogue.js';

export type Severity = 'error' | 'warning';

/** Where a value was written. Lines and columns begin at 1. */
export interface Source {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/** An object, as people name it. */
export interface ObjectRef {
  readonly kind: string;
  /** Absent for a kind without namespaces. */
  readonly namespace?: string;
  readonly name: string;
}

export interface Issue {
  readonly code: IssueCode;
  readonly severity: Severity;
  /** Where inside the object: `spec.addresses[1]`; empty for the object as a whole. */
  readonly path: string;
  readonly message: string;
  readonly source?: Source;
  /** The object it is about, where whoever found it knows. */
  readonly object?: ObjectRef;
}

/** Something that was parsed, or everything that is wrong with it. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly issues: readonly Issue[] };

export const parsed = <T>(value: T): Parsed<T> => ({ ok: true, value });
export const malformed = (...issues: readonly Issue[]): Parsed<never> => ({ ok: false, issues });

/** An issue with the severity its code has in the catalogue. */
export function issue(code: IssueCode, path: string, message: string, source?: Source): Issue {
  const { severity } = CATALOGUE[code];
  return source === undefined ? { code, severity, path, message } : { code, severity, path, message, source };
}

/** As {@link formatIssue}, but a warning says that it is one. */
export function formatFinding(one: Issue): string {
  if (one.severity === 'error') return formatIssue(one);
  return formatIssue({ ...one, path: '', message: `warning: ${one.path === '' ? '' : `${one.path}: `}${one.message}` });
}

/** `CODE file:line:col path: message`, the one line that people and log searches see. */
export function formatIssue({ code, path, message, source }: Issue): string {
  const place =
    source === undefined ? '' : ` ${[source.file, source.line, source.column].filter((part) => part !== undefined).join(':')}`;
  return `${code}${place} ${path === '' ? '' : `${path}: `}${message}`;
}
