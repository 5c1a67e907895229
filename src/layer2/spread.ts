/**
 * Which node comes first for each address where addresses are spread over the nodes: none is first for many more than its even share,
 * which by the hash alone it can be by chance (docs/adr/0019).
 *
 * All addresses ask the nodes of their rankings, all their first one, then those that found no room their second, and so on; a node that
 * more ask than it has room for takes those that may go to the fewest others, and of these those with the lowest digests. So the answer
 * depends on no order of addresses or nodes, and what comes or goes moves only those it pushes out or makes room for. Like a ranking it
 * knows nothing of who is live.
 */
import { compareText } from '../api/order.js';
import { electionDigest } from './ranking.js';

/** An address as it competes with others for nodes. */
export interface Contender {
  /** RFC 5952 text. */
  readonly address: string;
  /** Its nodes, best first. */
  readonly ranking: readonly string[];
  /**
   * Those that only the hash puts into an order, in any order: they are the first of the ranking. Addresses with the same ones may share a
   * list, and are counted together then.
   */
  readonly equals: readonly string[];
}

/** The node that is first, by address; an address without nodes has none. No address goes to a node that is worse for it than another by cordon or preference. */
export function spread(contenders: readonly Contender[]): ReadonlyMap<string, string> {
  const rooms = roomsOf(contenders);
  const firsts = new Map<string, string>();
  let waiting: readonly Contender[] = contenders.filter(({ equals }) => equals.length > 0);
  for (let round = 0; waiting.length > 0; round++) {
    for (let choice = 0; waiting.some(({ equals }) => choice < equals.length); choice++) {
      waiting = askFor(choice, waiting, { rooms, round, firsts });
    }
  }
  return firsts;
}

/** What one node may be first for, and how many it is so far. */
interface Room {
  readonly usual: number;
  readonly most: number;
  taken: number;
}

/** More than `most` only where every node that an address may go to has as many: `Local` endpoints can make that so. */
const freeIn = ({ usual, most, taken }: Room, round: number): number => (round === 0 ? usual : most + round - 1) - taken;

interface Asking {
  readonly rooms: ReadonlyMap<string, Room>;
  readonly round: number;
  readonly firsts: Map<string, string>;
}

/** Those that wait ask their node number `choice`; gives those that go on waiting. */
function askFor(choice: number, waiting: readonly Contender[], { rooms, round, firsts }: Asking): readonly Contender[] {
  const [asking, rest] = [new Map<string, Contender[]>(), [] as Contender[]];
  for (const contender of waiting) {
    const node = choice < contender.equals.length ? contender.ranking[choice] : undefined;
    if (node === undefined) rest.push(contender);
    else listIn(asking, node).push(contender);
  }
  for (const [node, contenders] of asking) {
    const room = rooms.get(node);
    if (room === undefined) continue;
    const free = Math.max(0, freeIn(room, round));
    const sorted = contenders.length > free ? inTurn(contenders, node) : contenders;
    for (const { address } of sorted.slice(0, free)) firsts.set(address, node);
    rest.push(...sorted.slice(free));
    room.taken += Math.min(free, contenders.length);
  }
  return rest;
}

function inTurn(contenders: readonly Contender[], node: string): readonly Contender[] {
  const digested = contenders.map((contender) => ({ contender, digest: electionDigest(node, contender.address) }));
  return digested
    .sort((a, b) => a.contender.equals.length - b.contender.equals.length || compareText(a.digest, b.digest))
    .map(({ contender }) => contender);
}

/** Each address counts as a part for each of its equal nodes. That much for everybody is possible, whoever may go where. */
function roomsOf(contenders: readonly Contender[]): Map<string, Room> {
  const groups = new Map<readonly string[], number>();
  for (const { equals } of contenders) groups.set(equals, (groups.get(equals) ?? 0) + 1);
  // Fractions of one size are counted before they are added up, so that the sum does not depend on an order.
  const parts = new Map<string, Map<number, number>>();
  for (const [equals, count] of groups) {
    for (const node of equals) {
      const sizes = parts.get(node) ?? new Map<number, number>();
      parts.set(node, sizes.set(equals.length, (sizes.get(equals.length) ?? 0) + count));
    }
  }
  return new Map([...parts].map(([node, sizes]) => [node, { ...roomFor(node, shareOf(sizes)), taken: 0 }]));
}

const shareOf = (sizes: ReadonlyMap<number, number>): number =>
  [...sizes].sort(([a], [b]) => a - b).reduce((sum, [size, count]) => sum + count / size, 0);

/** Up to eight are given out evenly. Of what goes beyond, an eighth more makes room enough that little moves. */
const EVEN_TO = 8;
const SLACK = 1 / 8;

/**
 * Never more than the share, rounded up, and the slack. As the share grows by one, the nodes get the next place one after the other, each at a
 * point that its name decides: if all got it at once, an address more would move a third of all. They have got it when the share has
 * grown by half, so that places are scarce only around whole shares.
 */
export function roomFor(node: string, share: number): Pick<Room, 'usual' | 'most'> {
  const whole = Math.floor(share);
  const room = Math.max(1, whole + Math.min(1, 2 * (share - whole)) + Math.max(0, share - EVEN_TO) * SLACK);
  return { usual: Math.floor(room + pointOf(node)), most: Math.ceil(room) };
}

/** From 0 to below 1. */
const pointOf = (node: string): number => Number.parseInt(electionDigest(node, '').slice(0, 13), 16) / 2 ** 52;

function listIn<K, T>(lists: Map<K, T[]>, key: K): T[] {
  const known = lists.get(key) ?? [];
  lists.set(key, known);
  return known;
}
