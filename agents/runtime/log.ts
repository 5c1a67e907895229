/**
 * The log: one JSON object a line on stdout, with MetalLB's level names and field names.
 *
 * A record is a plain value, so that another thread can post one and a test can read one.
 */
import { writeSync } from 'node:fs';
import type { Issue } from '../../src/issue/issue.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
/** `all` lets everything through and `none` nothing. */
export type LogThreshold = 'all' | LogLevel | 'none';
export const LOG_THRESHOLDS: readonly LogThreshold[] = ['all', 'debug', 'info', 'warn', 'error', 'none'];

export interface LogRecord {
  readonly level: LogLevel;
  /** What happened, as one word a search finds: `ipAllocated`, `serviceAnnounced`. */
  readonly event: string;
  readonly msg: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

export type Log = (record: LogRecord) => void;

/** Takes whole lines. */
export interface LogDestination {
  write(line: string): void;
}

/** A log that drops what is below `threshold`. Writes are synchronous, so that a process that ends leaves no line behind. */
export function createLog(threshold: LogThreshold, to: LogDestination = STDOUT): Log {
  const levels: readonly string[] = LOG_THRESHOLDS;
  return ({ level, event, msg, fields }) => {
    if (levels.indexOf(level) < levels.indexOf(threshold)) return;
    to.write(`${JSON.stringify({ level, ts: new Date().toISOString(), ...fields, event, msg })}\n`);
  };
}

/** How long a reader that falls behind is waited for. */
const LONGEST_WAIT_MS = 2000;
const WAIT_MS = 10;

/** A full disk or a reader that is gone or stuck loses lines, not the agent. */
const STDOUT: LogDestination = {
  write: (line) => {
    let rest = Buffer.from(line);
    for (let waitedMs = 0; rest.length > 0 && waitedMs < LONGEST_WAIT_MS; ) {
      try {
        rest = rest.subarray(writeSync(1, rest));
      } catch (error) {
        if (!isFull(error)) return;
        Atomics.wait(SLEEP, 0, 0, WAIT_MS);
        waitedMs += WAIT_MS;
      }
    }
  },
};

const SLEEP = new Int32Array(new SharedArrayBuffer(4));

/** A pipe that does not block and has no room. */
const isFull = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EAGAIN';

/** The record of an issue: searchable by its code. */
export function issueRecord(found: Issue, fields: Readonly<Record<string, unknown>> = {}): LogRecord {
  const { file, line, column } = found.source ?? {};
  const place = file === undefined ? {} : { source: [file, line, column].filter((part) => part !== undefined).join(':') };
  const path = found.path === '' ? {} : { path: found.path };
  const level = found.severity === 'error' ? 'error' : 'warn';
  return { level, event: 'issue', msg: found.message, fields: { code: found.code, ...place, ...path, ...fields } };
}
