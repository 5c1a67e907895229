/**
 * When what was last warned about: so that a state of things that lasts is told now and then, not with every beat. Only
 * warnings younger than the pause between two are remembered.
 */
export type Warnings = ReadonlyMap<string, number>;

/** The warnings with one about `subject` given now; undefined if there was one less than `pauseMs` ago. */
export function warnAbout(warnings: Warnings, subject: string, pauseMs: number, now: number): Warnings | undefined {
  const recent = new Map([...warnings].filter(([, at]) => now - at < pauseMs));
  return recent.has(subject) ? undefined : recent.set(subject, now);
}
