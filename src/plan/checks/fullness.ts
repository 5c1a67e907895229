/**
 * Whether the next Service that asks for nothing in particular will get an address: the general pools together have none
 * left, or nearly none. One of them that is full is no matter while another has room.
 *
 * Nearly: nine of ten are given, of at least ten. Pinned pools and those with autoAssign false are often meant to be full. The
 * sentences bear no numbers that change with every Service.
 */
import { type PoolUsage, poolUsage } from '../../allocator/usage.js';
import type { Family } from '../../net/address.js';
import { type Finding, findingAbout } from '../finding.js';
import { listed } from '../listed.js';
import type { World } from '../situation.js';

const SMALLEST_NEARLY_FULL = 10n;

/** About the last of the pools, by name: the one that was filled last. */
export function checkFullness({ config, outcomes, poolObjects }: World): Finding[] {
  const general = new Set(
    config.pools.filter(({ autoAssign, pinned }) => autoAssign && pinned === undefined).map(({ name }) => name),
  );
  const usage = poolUsage(config, outcomes).filter(({ pool }) => general.has(pool));
  return (['IPv4', 'IPv6'] as const).flatMap((family) => {
    const pools = usage.map((one) => roomOf(one, family)).filter(({ size }) => size > 0n);
    const last = poolObjects.get(pools.at(-1)?.pool ?? '');
    const told = describe(pools, family);
    return last === undefined || told === undefined ? [] : [findingAbout(last, told.code, 'spec.addresses', told.message)];
  });
}

interface Room {
  readonly pool: string;
  readonly size: bigint;
  readonly available: bigint;
}

function roomOf({ pool, assignedIPv4, assignedIPv6, availableIPv4, availableIPv6 }: PoolUsage, family: Family): Room {
  const [assigned, available] = family === 'IPv4' ? [assignedIPv4, availableIPv4] : [assignedIPv6, availableIPv6];
  return { pool, size: BigInt(assigned) + available, available };
}

interface Told {
  readonly code: 'POOL_FULL' | 'POOL_NEARLY_FULL';
  readonly message: string;
}

function describe(pools: readonly Room[], family: Family): Told | undefined {
  const size = pools.reduce((sum, one) => sum + one.size, 0n);
  const available = pools.reduce((sum, one) => sum + one.available, 0n);
  const [only] = pools;
  const of = pools.length === 1 ? `pool "${only?.pool}"` : `the pools ${listed(pools.map(({ pool }) => pool))}`;
  if (size > 1n && available <= 0n) {
    return { code: 'POOL_FULL', message: `all ${size} ${family} addresses of ${of} are given; the next Service gets none` };
  }
  if (size < SMALLEST_NEARLY_FULL || available * 10n > size) return undefined;
  return { code: 'POOL_NEARLY_FULL', message: `nine of ten of the ${size} ${family} addresses of ${of} are given` };
}
