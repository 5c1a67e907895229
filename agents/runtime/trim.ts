/**
 * Gives memory back to the system when a thread has finished a piece of work. V8 by itself waits for the next one: a heap that
 * grew while a folder was read stays as it is for as long as nothing happens.
 *
 * A collection stops the thread for 10 ms to 100 ms, so this is for threads that nobody waits for.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const LOOK_MS = 3000;
/** How much a heap may grow before it is worth a collection. */
const WORTHWHILE_BYTES = 2 << 20;

/** Threads that start after this call can be trimmed, and this one. */
export const allowTrimming = (): void => setFlagsFromString('--expose-gc');

/** Trims this thread now and then, and tells each time, until `signal` aborts. Does nothing where {@link allowTrimming} was not called in time. */
export function keepTrimmed(onTrimmed: () => void, signal: AbortSignal): void {
  const gc = globalThis.gc ?? collectorOfThisThread();
  if (gc === undefined) return;
  let left = 0;
  const timer = setInterval(() => {
    if (getHeapStatistics().total_physical_size < left + WORTHWHILE_BYTES) return;
    trim(gc);
    left = getHeapStatistics().total_physical_size;
    onTrimmed();
  }, LOOK_MS).unref();
  signal.addEventListener('abort', () => clearInterval(timer));
}

/** A thread that began before {@link allowTrimming} finds the collector only in contexts that are made afterwards. */
const collectorOfThisThread = (): typeof globalThis.gc => runInNewContext("typeof gc === 'function' ? gc : undefined");

/** What makes a collection thorough. These are the process's, so they hold no longer than it takes. */
const THOROUGH = ['compact-on-every-full-gc', 'stress-flush-code'];

function trim(collect: NonNullable<typeof globalThis.gc>): void {
  for (const flag of THOROUGH) setFlagsFromString(`--${flag}`);
  collect();
  for (const flag of THOROUGH) setFlagsFromString(`--no-${flag}`);
}
