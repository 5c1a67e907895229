/**
 * Pools that are pinned to namespaces which don't exist. Looked at only when Namespaces were written down.
 */
import type { IPAddressPool } from '../../api/ipaddresspool.js';
import { didYouMean } from '../../api/nearest.js';
import type { Sourced } from '../../api/object.js';
import { type Finding, findingAbout } from '../finding.js';
import type { World } from '../situation.js';

const ALLOCATION = 'spec.serviceAllocation';

export function checkNamespaces({ objects: { namespaces }, config, poolObjects }: World): Finding[] {
  if (namespaces.every(({ implied }) => implied === true)) return [];
  const known = new Set(namespaces.map(({ name }) => name).sort());
  return config.pools.flatMap(({ name, pinned }) => {
    const object = poolObjects.get(name);
    if (object === undefined || pinned === undefined) return [];
    return [...unknown(object, known), ...(pinned.namespaces !== 'any' && pinned.namespaces.size === 0 ? [nobody(object)] : [])];
  });
}

function unknown(object: Sourced<IPAddressPool>, known: ReadonlySet<string>): Finding[] {
  return (object.object.spec.serviceAllocation?.namespaces ?? []).flatMap((name, i) => {
    if (known.has(name)) return [];
    const message = `there is no namespace "${name}"${didYouMean(name, known)}; no Service of it takes an address`;
    return [findingAbout(object, 'UNKNOWN_NAMESPACE', `${ALLOCATION}.namespaces[${i}]`, message)];
  });
}

/** Quirk Q-04: to MetalLB no restriction is left then, and everybody who asks by name is served. Here nobody is. */
function nobody(object: Sourced<IPAddressPool>): Finding {
  const { name } = object.object.metadata;
  const message = `no namespace matches, so no Service gets an address of pool "${name}" (MetalLB gives it to whoever asks for it by name)`;
  return findingAbout(object, 'POOL_ADMITS_NOBODY', `${ALLOCATION}.namespaceSelectors`, message);
}
