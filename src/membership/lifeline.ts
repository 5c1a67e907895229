/**
 * What a TCP connection to a peer tells of its process. The kernel closes it the moment the process ends, however that ends, and
 * refuses another: long before beats are missed. Neither alone says much: a firewall may reset a connection, and a process that
 * starts again refuses none.
 *
 * A process that ends closes its connections before it closes its listener, so a connection that still succeeds just after one was
 * closed is tried again.
 */
import { bytesOf } from './memberlist/bytes.js';

/**
 * What a stream says that is a lifeline, in a user message of memberlist's, sealed where that is: `ARPL`, and a version behind which
 * more may follow one day. Nothing else is ever said on it.
 */
export const LIFELINE_HELLO: Uint8Array = Uint8Array.of(...bytesOf('ARPL'), 1);

export const isLifelineHello = (body: Uint8Array): boolean =>
  body.length >= LIFELINE_HELLO.length && LIFELINE_HELLO.every((byte, i) => i >= 4 || body[i] === byte);

const TRIES_AFTER_MS = [0, 2, 5, 10] as const;
/** Between two attempts while nothing is known. */
const LATER_MS = 1000;

/**
 * Ended means closed by the other side or by an error, after it was open; reset, that the other side took it and closed it before it
 * was: its listener closed at that moment.
 */
export type LifelineEvent = 'opened' | 'ended' | 'reset' | 'refused' | 'failed';

export interface Lifeline {
  /** `checking`: a connection that was open ended, and nothing since contradicts that the process did. */
  readonly phase: 'connecting' | 'open' | 'checking';
  /** Connections that ended one right after the other. */
  readonly ended: number;
  readonly openedAt: number;
}

export type LifelineAction =
  | { readonly kind: 'none' }
  | { readonly kind: 'connect'; readonly afterMs: number }
  /** The process has ended. To connect to its successor is tried all the same. */
  | { readonly kind: 'crashed'; readonly afterMs: number };

export const NEW_LIFELINE: Lifeline = { phase: 'connecting', ended: 0, openedAt: 0 };

/** A connection that lived so long did not end because the one before did. */
const STABLE_MS = 200;

export function stepLifeline(
  line: Lifeline,
  event: LifelineEvent,
  now: number,
): { readonly line: Lifeline; readonly action: LifelineAction } {
  switch (event) {
    case 'opened':
      return { line: { ...line, phase: 'open', openedAt: now }, action: { kind: 'none' } };
    case 'ended':
      return check({ ...line, ended: now - line.openedAt > STABLE_MS ? 0 : line.ended });
    case 'refused':
      return line.phase === 'checking' ? { line: NEW_LIFELINE, action: { kind: 'crashed', afterMs: LATER_MS } } : later();
    case 'reset':
      return line.phase === 'checking' ? check(line) : later();
    case 'failed':
      return later();
  }
}

function check(line: Lifeline): ReturnType<typeof stepLifeline> {
  const afterMs = TRIES_AFTER_MS[line.ended];
  if (afterMs === undefined) return later();
  return { line: { ...line, phase: 'checking', ended: line.ended + 1 }, action: { kind: 'connect', afterMs } };
}

const later = (): { readonly line: Lifeline; readonly action: LifelineAction } => ({
  line: NEW_LIFELINE,
  action: { kind: 'connect', afterMs: LATER_MS },
});
