/**
 * Who has which addresses by what a controller wrote into status: what a speaker goes by, whoever that controller is
 * (metallb-behaviour §4.1). All addresses of a Service must be readable and lie in one pool; whether the pool would give them today does
 * not matter.
 */
import type { ServiceView } from '../api/views.js';
import type { Config } from '../config/config.js';
import { findRange, indexRanges } from '../config/rangeindex.js';
import { type Address, parseAddress } from '../net/address.js';
import type { Outcome } from './allocation.js';
import { isOurs } from './settle.js';

type Shown = Extract<Outcome, { readonly allocated: unknown }>;

/** By `namespace/name`; Services without such addresses are left out. */
export function shownByStatus(
  { pools }: Config,
  services: readonly ServiceView[],
  loadBalancerClass: string | undefined,
): ReadonlyMap<string, Shown> {
  const ranges = indexRanges(pools);
  const shown = new Map<string, Shown>();
  for (const service of services) {
    const addresses = isOurs(service, loadBalancerClass) ? readAll(service.ingress) : [];
    const found = new Set(addresses.map((address) => findRange(ranges, address)?.pool));
    const [pool] = found;
    if (pool === undefined || found.size > 1) continue;
    const reason = { code: 'KEPT', message: 'its status says so' } as const;
    shown.set(service.key, { allocated: { addresses, pool: pool.name, reason }, warnings: [] });
  }
  return shown;
}

/** None, if one of them cannot be read. */
function readAll(texts: readonly string[]): readonly Address[] {
  const addresses = texts.flatMap((text) => {
    const read = parseAddress(text);
    return read.ok ? [read.value] : [];
  });
  return addresses.length === texts.length ? addresses : [];
}
