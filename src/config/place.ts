/**
 * Issues and the places they stand at.
 */
import { type KubeObject, refOf, type Sourced } from '../api/object.js';
import type { Issue, Source } from '../issue/issue.js';

/** `pools.yaml:7:5`; undefined when the object was not read from a file. */
export const formatPlace = (source: Source | undefined): string | undefined =>
  source === undefined ? undefined : [source.file, source.line, source.column].filter((part) => part !== undefined).join(':');

/** The issue, about `object` and with the place its path has there. */
export function placed(sourced: Sourced<KubeObject>, issue: Issue): Issue {
  const source = sourced.locate(issue.path);
  return { ...issue, ...(source === undefined ? {} : { source }), object: refOf(sourced.object) };
}
