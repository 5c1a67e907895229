/**
 * One probe round: a ping, then pings by helpers and one over TCP, then a verdict. It ends early only if the target answers; a
 * refused connection proves nothing, for the process may be between two lives.
 */
import { failureCost, roundMs } from './awareness.js';
import type { PutOff } from './lateness.js';
import type { MemberRecord } from './record.js';
import type { Tuning } from './settings.js';

export interface Round {
  /** As it was when the round began: what is held against it is held against that incarnation. */
  readonly target: MemberRecord;
  /** Of the ping, and of all pings that helpers send for us. */
  readonly seqNo: number;
  /** When helpers are asked; undefined once they have been. */
  readonly askAt: number | undefined;
  readonly deadline: number;
  /** Helpers asked that would tell us if the target did not answer them either. */
  readonly asked: number;
  readonly nacks: number;
  readonly answeredOverTcp: boolean;
}

export function beginRound(target: MemberRecord, seqNo: number, score: number, tuning: Tuning, now: number): Round {
  const deadline = now + roundMs(tuning.probeIntervalMs, score);
  const askAt = Math.min(now + tuning.probeTimeoutMs, deadline);
  return { target, seqNo, askAt, deadline, asked: 0, nacks: 0, answeredOverTcp: false };
}

export type RoundStage = 'waiting' | 'ask-helpers' | 'answered-over-tcp' | 'failed';

export function stageOf({ askAt, deadline, answeredOverTcp }: Round, now: number): RoundStage {
  if (askAt !== undefined && now >= askAt) return 'ask-helpers';
  if (now < deadline) return 'waiting';
  return answeredOverTcp ? 'answered-over-tcp' : 'failed';
}

export const roundDueAt = ({ askAt, deadline }: Round): number => askAt ?? deadline;

export const withoutDirect = (round: Round, now: number): Round => (round.askAt === undefined ? round : { ...round, askAt: now });
export const withHelpers = (round: Round, asked: number): Round => ({ ...round, askAt: undefined, asked });
export const withNack = (round: Round): Round => ({ ...round, nacks: round.nacks + 1 });
export const withTcpAnswer = (round: Round): Round => ({ ...round, answeredOverTcp: true });

/** What a failed round says about our own health. */
export const costOf = ({ asked, nacks }: Round): number => failureCost(asked, nacks);

export function putOffRound(round: Round, putOff: PutOff): Round {
  const { askAt, deadline } = round;
  return {
    ...round,
    askAt: askAt === undefined ? undefined : putOff(askAt),
    deadline: putOff(deadline),
  };
}
