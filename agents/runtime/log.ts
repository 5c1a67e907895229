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

/**
 * A full disk or a reader that is gone or stuck loses lines, not the agent: one that was waited for in vain is not waited for
 * again before it has read something. A line is written whole or not at all, whenever its rest may be written.
 */
export class PatientWriter implements LogDestination {
  readonly #write: (bytes: Uint8Array) => number;
  readonly #sleep: (ms: number) => void;
  /** Of a line that was begun. */
  #rest: Uint8Array = new Uint8Array();
  #isStuck = false;

  /** `write` gives how many bytes it took, and throws EAGAIN when there is no room. */
  constructor(write: (bytes: Uint8Array) => number, sleep: (ms: number) => void) {
    this.#write = write;
    this.#sleep = sleep;
  }

  write(line: string): void {
    this.#rest = this.#push(this.#rest);
    if (this.#rest.length > 0) return;
    const bytes = Buffer.from(line);
    const rest = this.#push(bytes);
    if (rest.length < bytes.length) this.#rest = rest;
  }

  /** What could not be written. */
  #push(bytes: Uint8Array): Uint8Array {
    let rest = bytes;
    for (let left = this.#isStuck ? 0 : LONGEST_WAIT_MS; rest.length > 0; ) {
      try {
        rest = rest.subarray(this.#write(rest));
        this.#isStuck = false;
      } catch (error) {
        if (!isFull(error)) return new Uint8Array();
        if (left <= 0) {
          this.#isStuck = true;
          return rest;
        }
        this.#sleep(WAIT_MS);
        left -= WAIT_MS;
      }
    }
    return rest;
  }
}

const CELL = new Int32Array(new SharedArrayBuffer(4));
const STDOUT: LogDestination = new PatientWriter(
  (bytes) => writeSync(1, bytes),
  (ms) => void Atomics.wait(CELL, 0, 0, ms),
);

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
