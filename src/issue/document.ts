/**
 * An issue as programs read it, in every document that commands write.
 */
import type { Issue } from './issue.js';

export const issueDocument = ({ code, severity, message, path, object, source }: Issue): Readonly<Record<string, unknown>> => ({
  code,
  severity,
  message,
  path,
  ...(object === undefined ? {} : { object }),
  ...(source === undefined ? {} : { source }),
});
