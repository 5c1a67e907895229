/**
 * Whether a change of membership is such that addresses may be without an owner until it is acted on. Anything else has time: that
 * a node came, or that one which was away is heard again.
 */
import { isOtherLife, type Member, type Membership } from './membership.js';

/** Whether some node, this one too, may own less than it could before. */
export function isLoss(before: Membership, now: Membership): boolean {
  if (before.ready && !now.ready) return true;
  const members = new Map(now.members.map((member) => [member.name, member]));
  return before.members.some((member) => {
    const after = members.get(member.name);
    return (
      mayOwn(member) && (after === undefined || !mayOwn(after) || isOtherLife(member, after) || isLessWilling(member, after))
    );
  });
}

const mayOwn = ({ state, ready }: Member): boolean => state === 'alive' && ready;

const isLessWilling = (before: Member, { returning, stale }: Member): boolean =>
  (returning && !before.returning) || (stale && !before.stale);
