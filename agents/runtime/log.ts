/**
 * The log: one JSON object a line on stdout, with MetalLB's level names and field names.
 *
 * A record is a plain value, so that another thread can post one and a test can read one. Only this file knows pino.
 */
import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';
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

/** A log that drops what is below `threshold`. Writes are synchronous, so that a process that ends leaves no line behind. */
export function createLog(threshold: LogThreshold, to: DestinationStream = pino.destination({ fd: 1, sync: true })): Log {
  // A full disk loses lines, not the agent.
  if ('on' in to && typeof to.on === 'function') to.on('error', () => undefined);
  const logger: PinoLogger = pino(
    {
      level: pinoLevel(threshold),
      base: null,
      timestamp: () => `,"ts":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      messageKey: 'msg',
    },
    to,
  );
  return ({ level, event, msg, fields }) => logger[level]({ ...fields, event }, msg);
}

/** The record of an issue: searchable by its code. */
export function issueRecord(found: Issue, fields: Readonly<Record<string, unknown>> = {}): LogRecord {
  const { file, line, column } = found.source ?? {};
  const place = file === undefined ? {} : { source: [file, line, column].filter((part) => part !== undefined).join(':') };
  const path = found.path === '' ? {} : { path: found.path };
  const level = found.severity === 'error' ? 'error' : 'warn';
  return { level, event: 'issue', msg: found.message, fields: { code: found.code, ...place, ...path, ...fields } };
}

function pinoLevel(threshold: LogThreshold): string {
  switch (threshold) {
    case 'all':
      return 'trace';
    case 'none':
      return 'silent';
    default:
      return threshold;
  }
}
