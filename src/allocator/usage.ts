/**
 * How full each pool is, as pool status and metrics count it (metallb-behaviour §2.5). An address that several Services share
 * counts once; one that a lock file keeps for an absent Service counts as available, as nobody holds it.
 */
import { poolCapacity } from '../config/capacity.js';
import type { Config } from '../config/config.js';
import { type AddressKey, addressKey, type Family } from '../net/address.js';
import type { Outcome } from './allocation.js';

export interface PoolUsage {
  readonly pool: string;
  readonly assignedIPv4: number;
  readonly assignedIPv6: number;
  /** int64 in Kubernetes: a JSON number would round the largest. */
  readonly availableIPv4: bigint;
  readonly availableIPv6: bigint;
  /** Of both families, given or not. */
  readonly total: bigint;
  /** Whose addresses are of the pool. */
  readonly services: number;
}

/** Every pool of `config`, by name. */
export function poolUsage({ pools }: Config, outcomes: ReadonlyMap<string, Outcome>): readonly PoolUsage[] {
  const held = new Map<string, Record<Family, Set<AddressKey>>>(
    pools.map(({ name }) => [name, { IPv4: new Set(), IPv6: new Set() }]),
  );
  const holders = new Map<string, number>();
  for (const outcome of outcomes.values()) {
    if (!('allocated' in outcome)) continue;
    const { addresses, pool } = outcome.allocated;
    holders.set(pool, (holders.get(pool) ?? 0) + 1);
    for (const address of addresses) held.get(pool)?.[address.family].add(addressKey(address));
  }
  return pools.map((pool) => {
    const capacity = poolCapacity(pool);
    const assignedIPv4 = held.get(pool.name)?.IPv4.size ?? 0;
    const assignedIPv6 = held.get(pool.name)?.IPv6.size ?? 0;
    return {
      pool: pool.name,
      assignedIPv4,
      assignedIPv6,
      availableIPv4: capacity.IPv4 - BigInt(assignedIPv4),
      availableIPv6: capacity.IPv6 - BigInt(assignedIPv6),
      total: capacity.total,
      services: holders.get(pool.name) ?? 0,
    };
  });
}
