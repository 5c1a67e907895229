/** What the kernel says that a process has used. */
import { readFileSync } from 'node:fs';

export const residentMb = (pid: number | undefined): number => statusMb(pid, 'VmRSS');

/** The most that was resident since its start. */
export const peakMb = (pid: number | undefined): number => statusMb(pid, 'VmHWM');

function statusMb(pid: number | undefined, field: string): number {
  const [, kb] = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kb) / 1024;
}

/** User and system time of all its threads; the kernel counts it in hundredths of a second. */
export function cpuSeconds(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Of one core, while `work` runs; with what `work` gave. */
export async function cpuShare<T>(pid: number | undefined, work: () => Promise<T>): Promise<readonly [number, T]> {
  const [cpuS, startMs] = [cpuSeconds(pid), performance.now()];
  const result = await work();
  return [((cpuSeconds(pid) - cpuS) * 1000) / (performance.now() - startMs), result];
}
