/**
 * Whether a change takes anything away that works: an address that moves or is lost, or one that nobody would answer for.
 */
import { formatAddress } from '../net/address.js';
import type { Plan } from './plan.js';

/** What an author may say is meant. */
export const ALLOWANCES = ['renumber', 'loss'] as const;
export type Allowance = (typeof ALLOWANCES)[number];

/** The sentences that tell what is taken away and not allowed; empty: nothing is. */
export function takenAway({ summary, services, announcements }: Plan, allowed: ReadonlySet<Allowance>): readonly string[] {
  const moved = new Set(
    services.filter(({ change }) => change === 'moved').flatMap(({ after }) => after?.addresses.map(formatAddress)),
  );
  const unserved = announcements.filter(
    (one) => one.change === 'unserved' && (one.before.length > 0 || moved.has(one.address)),
  ).length;
  const losses: readonly (readonly [Allowance, number, string, string])[] = [
    ['renumber', summary.moved, 'Service gets another address', 'Services get other addresses'],
    ['loss', summary.lost, 'Service loses an address', 'Services lose addresses'],
    ['loss', unserved, 'address is answered by nobody any more', 'addresses are answered by nobody any more'],
  ];
  return losses.flatMap(([allowance, count, one, many]) => {
    if (count === 0 || allowed.has(allowance)) return [];
    return [`${count} ${count === 1 ? one : many} (--allow ${allowance} if that is meant)`];
  });
}
