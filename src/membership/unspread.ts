/**
 * Why addresses are not spread over the nodes, though this node or another was told to. All must name the same owner, so there is no
 * spreading beside a member that does not do it, as no stock speaker does. Nor beside one without a Node object: it is a candidate for
 * those only who have heard of it, and one candidate more or less moves addresses of others where they are spread.
 */
import type { Membership } from './membership.js';

export interface Unspread {
  /** `differs`: these live members were told otherwise than this node. `nodeless`: these, this node may be among them, have no Node. */
  readonly because: 'differs' | 'nodeless';
  /** At least one. */
  readonly members: readonly string[];
}

/** Undefined: what this node was told holds. `described` are the names of the Nodes. */
export function unspread(isAsked: boolean, { self, members }: Membership, described: ReadonlySet<string>): Unspread | undefined {
  const live = members.filter(({ state }) => state === 'alive');
  const differing = live.filter(({ spreads }) => spreads === !isAsked).map(({ name }) => name);
  if (differing.length > 0) return { because: 'differs', members: differing };
  const nodeless = [self, ...live.map(({ name }) => name)].filter((name) => !described.has(name));
  return isAsked && nodeless.length > 0 ? { because: 'nodeless', members: nodeless } : undefined;
}

/** `addresses are not spread over the nodes: n3 does not do so`. */
export function formatUnspread(isAsked: boolean, { because, members }: Unspread): string {
  const isNot = 'addresses are not spread over the nodes';
  const [names, isOne] = [members.join(', '), members.length === 1];
  if (because === 'nodeless') return `${isNot}: there is no Node for ${names}`;
  if (!isAsked) return `${isNot}, though ${names} would: this node was started without --spread`;
  return `${isNot}: ${names} ${isOne ? 'does' : 'do'} not do so`;
}
