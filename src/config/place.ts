/**
 * Issues and the places they stand at.
 */
import type { Sourced } from '../api/object.js';
import type { Issue, Source } from '../issue/issue.js';

/** `pools.yaml:7:5`; undefined when the object was not read from a file. */
export const formatPlace = (source: Source | undefined): string | undefined =>
  source === undefined ? undefined : [source.file, source.line, source.column].filter((part) => part !== undefined).join(':');

/** The issue with the place its path has in `object`. */
export function placed(object: Sourced<unknown>, issue: Issue): Issue {
  const source = object.locate(issue.path);
  return source === undefined ? issue : { ...issue, source };
}
