/**
 * How well we ourselves do (Lifeguard's local health multiplier): 0 is well. A node that hears too little stretches its own
 * probe rounds, so that it accuses others later: the fault may be its own.
 */

/** The score after `delta`, from 0 to one less than `multiplier`. */
export const adjustScore = (score: number, delta: number, multiplier: number): number =>
  Math.min(Math.max(score + delta, 0), Math.max(multiplier - 1, 0));

/** How long a probe round lasts. Only that is stretched: the timeout of a ping and the pace of rounds are not. */
export const roundMs = (probeIntervalMs: number, score: number): number => probeIntervalMs * (score + 1);

/**
 * What a failed round says about us. A helper that cannot reach the target says so in a nack: one that says nothing at all has
 * not heard us, or we not it. Where nobody could have sent a nack, half the blame is ours.
 */
export const failureCost = (asked: number, nacks: number): number => (asked === 0 ? 1 : Math.max(asked - nacks, 0));
