/**
 * Waits until something holds, looking again and again: a test says what it waits for, never how long that takes.
 */
import { setTimeout as sleep } from 'node:timers/promises';

const LONGEST_MS = 10_000;
const EVERY_MS = 5;

/** What is waited for, or false or undefined while it is not there. */
export type Probe<T> = () => T | false | undefined | Promise<T | false | undefined>;

/** Gives what `probe` returns as soon as that is neither false nor undefined; fails with `what` after a generous time. */
export async function until<T>(what: string, probe: Probe<T>, longestMs: number = LONGEST_MS): Promise<T> {
  for (const deadline = Date.now() + longestMs; ; ) {
    const value = await probe();
    if (value !== false && value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`waited ${longestMs / 1000} s in vain until ${what}`);
    await sleep(EVERY_MS);
  }
}
