/**
 * Whether somebody else writes over a status whenever we write it: another load balancer, or what restores objects from elsewhere. Two that
 * both write at once what the other wrote over would never end, and neither would know. What happens a few times is mended at once; what
 * goes on is left to the other for longer each time.
 */
export interface Contest {
  /** How often in a row what we had written was written over. */
  readonly rounds: number;
  readonly lastAtMs: number;
}

/** People try things too. */
const AT_ONCE = 2;
const FIRST_REST_MS = 10_000;
const LONGEST_REST_MS = 300_000;
/** Longer than the longest rest: the other may answer at once to each of our writes. */
const OVER_MS = 2 * LONGEST_REST_MS;

/** What we had written was written over. */
export const writtenOver = (before: Contest | undefined, nowMs: number): Contest => ({
  rounds: before === undefined || isOver(before, nowMs) ? 1 : before.rounds + 1,
  lastAtMs: nowMs,
});

/** It goes on, and somebody has to be told. */
export const isContested = ({ rounds }: Contest): boolean => rounds > AT_ONCE;

/** It went well for so long that the next time is the first. */
export const isOver = ({ lastAtMs }: Contest, nowMs: number): boolean => nowMs - lastAtMs > OVER_MS;

/** When we may write again. */
export const mayWriteAtMs = (contest: Contest): number =>
  isContested(contest)
    ? contest.lastAtMs + Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** (contest.rounds - AT_ONCE - 1))
    : Number.NEGATIVE_INFINITY;
