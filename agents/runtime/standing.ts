/**
 * How things stand, said once whenever something was said and then nothing for a while. `kubectl logs -l` shows the last ten lines of a Pod:
 * who searches them finds it there, whatever was said before it, and an idle agent says nothing.
 */
import type { Log, LogRecord } from './log.js';

const QUIET_MS = 5000;

/** The same log, which ends each burst with `standing()`, until `signal` aborts. What is only for debugging begins none. */
export function endingWith(standing: () => LogRecord | undefined, log: Log, signal: AbortSignal): Log {
  let timer: NodeJS.Timeout | undefined;
  const end = (): void => {
    timer = undefined;
    const record = standing();
    if (record !== undefined) log(record);
  };
  signal.addEventListener('abort', () => clearTimeout(timer));
  return (record) => {
    log(record);
    if (record.level === 'debug' || signal.aborted) return;
    if (timer === undefined) timer = setTimeout(end, QUIET_MS).unref();
    else timer.refresh();
  };
}
