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

/** What to say when somebody is spared: the same, whoever that is. */
export function poolsMissing(outcomes: ReadonlyMap<string, Outcome>): readonly Issue[] {
  const isSpared = (outcome: Outcome): boolean => 'ignored' in outcome && outcome.ignored === 'no-pool-yet';
  if (![...outcomes.values()].some(isSpared)) return [];
  return [
    issue(
      'POOLS_MISSING',
      '',
      'there is no IPAddressPool yet: Services keep the addresses that they have, and nobody is given one',
    ),
  ];
}
