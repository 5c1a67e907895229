/**
 * The line of the author's TypeScript that made a construct, so that an error at synth names it.
 */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Issue, Source } from '../src/issue/issue.js';

/**
 * The line that called `maker`: a constructor (`new.target`) or a method. Reading the stack is put off to the first call: only
 * errors need it. Undefined where the stack says nothing.
 */
export function authorOf(maker: unknown): () => Source | undefined {
  const here: { stack?: string } = {};
  if (typeof maker === 'function') Error.captureStackTrace(here, maker as (...args: never) => unknown);
  return () => firstFrame(here.stack ?? '');
}

/** The issue, at the author's line unless it stands somewhere already. */
export const placedBy =
  (author: () => Source | undefined) =>
  (one: Issue): Issue => {
    const source = one.source ?? author();
    return source === undefined ? one : { ...one, source };
  };

/** `at maker (place:1:2)` or `at place:1:2`. A place begins with a slash, a scheme or a drive, and may have parentheses in it. */
const FRAME = /^\s+at (?:async )?(?:(?!\/|[A-Za-z]+:)[^(]*? \()?(.+?):(\d+):(\d+)\)?$/m;

function firstFrame(stack: string): Source | undefined {
  const [, at = '', line, column] = FRAME.exec(stack) ?? [];
  if (at === '') return undefined;
  const path = at.startsWith('file:') ? fileURLToPath(at) : at;
  const shorter = relative(process.cwd(), path);
  return { file: shorter.startsWith('..') ? path : shorter, line: Number(line), column: Number(column) };
}
