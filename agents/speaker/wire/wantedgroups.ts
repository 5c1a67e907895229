/**
 * Whose groups this node is in, and where: of the addresses that it answers for or may soon have to, on the interfaces on which it may be
 * asked for them.
 */
import { type Ballot, isEntryNear } from '../../../src/layer2/ballot.js';
import type { Claims } from '../../../src/layer2/claims.js';
import type { AddressKey } from '../../../src/net/address.js';
import type { SolicitedNodeGroups } from './groups.js';

export class WantedGroups {
  readonly #node: string;
  readonly #groups: Pick<SolicitedNodeGroups, 'join' | 'leave'>;
  /** By interface. */
  #joined: ReadonlyMap<string, ReadonlySet<AddressKey>> = new Map();

  constructor(node: string, groups: Pick<SolicitedNodeGroups, 'join' | 'leave'>) {
    this.#node = node;
    this.#groups = groups;
  }

  /** Joins what is wanted since, and leaves what is not any more. `interfaces` are those that have IPv6. */
  want(ballot: Ballot, claims: Claims, interfaces: readonly string[]): void {
    const before = this.#joined;
    const now = this.#wantedOn(interfaces, ballot, claims);
    this.#joined = now;
    for (const [name, keys] of now) for (const key of keys) if (before.get(name)?.has(key) !== true) this.#groups.join(name, key);
    for (const [name, keys] of before)
      for (const key of keys) if (now.get(name)?.has(key) !== true) this.#groups.leave(name, key);
  }

  /** Whether its group was not asked for on every interface; an address of IPv4 has none. */
  isMissing(key: AddressKey): boolean {
    return typeof key === 'string' && [...this.#joined.values()].some((here) => !here.has(key));
  }

  #wantedOn(interfaces: readonly string[], ballot: Ballot, claims: Claims): ReadonlyMap<string, ReadonlySet<AddressKey>> {
    const { keys, on, nodes } = ballot;
    const place = nodes.indexOf(this.#node);
    const isWanted = (key: AddressKey, i: number): boolean =>
      typeof key === 'string' && (isEntryNear(ballot, i, place) || claims.has(key));
    const wanted = keys.flatMap((key, i) => (isWanted(key, i) ? [{ key, on: on[i] ?? 'all' }] : []));
    const wantedOn = (name: string): ReadonlySet<AddressKey> =>
      new Set(wanted.filter((one) => one.on === 'all' || one.on.has(name)).map(({ key }) => key));
    return new Map(interfaces.map((name) => [name, wantedOn(name)]));
  }
}
