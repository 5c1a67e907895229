/**
 * What is known of a running cluster: the process that everything in it dies with, by its number and its time of start, so that a number
 * that the kernel gave away again is nobody's.
 */

export interface Holder {
  readonly pid: number;
  /** Field 22 of proc(5)'s stat. */
  readonly started: string;
}

export function parseHolder(text: string): Holder | undefined {
  const [, pid, started] = /^(\d+) (\d+)\n$/.exec(text) ?? [];
  return pid === undefined || started === undefined ? undefined : { pid: Number(pid), started };
}

/** From /proc/PID/stat; a program's name may have spaces and brackets. */
export const startOf = (stat: string): string | undefined => stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
