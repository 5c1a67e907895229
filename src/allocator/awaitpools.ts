/**
 * Until there was a pool, nothing is taken away: who begins where there is none may be early, or in the wrong namespace, beside somebody
 * whose addresses these are. MetalLB takes every address away then (quirk Q-12); so it is here too once there was a pool, and the last
 * one is deleted.
 */
import { type Issue, issue } from '../issue/issue.js';
import type { Outcome } from './allocation.js';

/** What is decided while there was no pool yet, in place of `outcome`. */
export const awaitingPools = (outcome: Outcome): Outcome =>
  'pending' in outcome && outcome.lost !== undefined ? { ignored: 'no-pool-yet' } : outcome;

/** What to say of those that are spared, if there are any. `outcomes` are by `namespace/name`, sorted. */
export function poolsMissing(outcomes: ReadonlyMap<string, Outcome>): readonly Issue[] {
  let [first, count] = ['', 0];
  for (const [key, outcome] of outcomes) {
    if (!('ignored' in outcome) || outcome.ignored !== 'no-pool-yet') continue;
    if (count++ === 0) first = key;
  }
  if (count === 0) return [];
  const who =
    count === 1 ? `${first} keeps the address that it has` : `${first} and ${count - 1} more keep the addresses they have`;
  return [issue('POOLS_MISSING', '', `there is no IPAddressPool yet: ${who}, and nobody is given one`)];
}
