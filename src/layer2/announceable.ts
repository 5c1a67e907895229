/**
 * On which interfaces of this node an announced address is answered, or why on none.
 *
 * MetalLB asks only whether one of the named interfaces exists; here one must also be able to answer, since an address that is
 * said to be announced and is not costs somebody a night (metallb-behaviour, Q-22).
 */
import type { NetworkInterface } from './interface.js';
import type { Selection } from './selection.js';

export type Announceable =
  /** Names, in the order of the node's interfaces. Never empty. */
  | { readonly on: readonly string[] }
  /** `missing`: none of those named is on this node. `why` has a sentence for each. */
  | { readonly failed: 'missing' | 'unusable'; readonly why: string };

/** Reasons in one sentence, at most: a node may have hundreds of interfaces. */
const REASONS = 8;

/**
 * @param wanted what the advertisements say
 * @param unusable unusableFor for IPv4, unusableForNdp for IPv6
 */
export function announceable(
  wanted: 'all' | readonly string[],
  { interfaces, leftOut }: Selection,
  unusable: (one: NetworkInterface) => string | undefined,
): Announceable {
  const meant = wanted === 'all' ? interfaces : interfaces.filter(({ name }) => wanted.includes(name));
  const on = meant.filter((one) => unusable(one) === undefined).map(({ name }) => name);
  if (on.length > 0) return { on };
  const known = new Map(interfaces.map((one) => [one.name, unusable(one)]));
  const reasons = (wanted === 'all' ? [...known.keys()] : wanted).map(
    (name) => `${name}: ${known.get(name) ?? leftOut.get(name) ?? 'this node has no such interface'}`,
  );
  const failed = wanted !== 'all' && meant.length === 0 ? 'missing' : 'unusable';
  return { failed, why: sentence(reasons) };
}

/** What the event `announceFailed` says: in MetalLB's words where MetalLB says it. */
export function announceFailedMessage(ip: string, node: string, failed: 'missing' | 'unusable', why: string): string {
  const where = `node "${node}" with protocol "layer2"`;
  if (failed === 'missing') return `the interfaces specified by LB IP "${ip}" doesn't exist in assigned ${where}`;
  return `no interface that LB IP "${ip}" may be announced on can answer in assigned ${where} (${why})`;
}

function sentence(reasons: readonly string[]): string {
  if (reasons.length === 0) return 'this node has no interface to answer on';
  const more = reasons.length - REASONS;
  return [...reasons.slice(0, REASONS), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}
