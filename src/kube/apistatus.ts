/**
 * Why an API server refused: meta/v1 Status, as it comes with an HTTP status or inside a watch.
 */
import { isRecord } from '../api/value.js';

export interface ApiStatus {
  /** As of HTTP. */
  readonly code: number;
  /** A word for programs: `Expired`, `Conflict`, `TooManyRequests`; empty when none was given. */
  readonly reason: string;
  readonly message: string;
  /** How long the server asks to be left alone. */
  readonly retryAfterMs?: number;
  /** What is asked for lies in the future: the server's store is older than what this client has seen. */
  readonly fromTheFuture?: true;
}

/** `body` is what was sent with the HTTP status `code`, or the object of a watch's ERROR event. */
export function readStatus(code: number, body: unknown, retryAfterMs?: number): ApiStatus {
  const { code: own, reason, message, details } = isRecord(body) ? body : {};
  const seconds = isRecord(details) ? details['retryAfterSeconds'] : undefined;
  const wait = retryAfterMs ?? (typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : undefined);
  return {
    code: typeof own === 'number' && own >= 400 ? own : code,
    reason: typeof reason === 'string' ? reason : '',
    message: typeof message === 'string' && message !== '' ? message : `HTTP status ${code}`,
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
    ...(isFromTheFuture(details) ? { fromTheFuture: true as const } : {}),
  };
}

/** The header `Retry-After` in seconds; a date there is passed over, as API servers send none. */
export function parseRetryAfter(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}

/** The version was collected, or the token of a list is too old: everything has to be listed again. */
export const isExpired = ({ code, reason }: ApiStatus): boolean => code === 410 || reason === 'Expired' || reason === 'Gone';

const isFromTheFuture = (details: unknown): boolean =>
  isRecord(details) &&
  Array.isArray(details['causes']) &&
  details['causes'].some((cause) => isRecord(cause) && cause['reason'] === 'ResourceVersionTooLarge');
