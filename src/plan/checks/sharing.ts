/**
 * Services that mean to share an address: those with one sharing key that got different addresses all the same, and why; and
 * those that would share where an advertisement selects Services, which MetalLB never announces (metallb-behaviour §4.2).
 *
 * One that asked for a certain address and cannot share it has none, and is told so when addresses are given.
 */
import { readAnnotation } from '../../allocator/annotation.js';
import { tenancyOf } from '../../allocator/tenancy.js';
import { compareAddresses, formatAddress } from '../../net/address.js';
import { type Finding, findingAboutService } from '../finding.js';
import { groupBy } from '../listed.js';
import type { Served, World } from '../situation.js';

export function checkSharing(world: World): Finding[] {
  const sharing = world.served.flatMap((served) => {
    const annotation = readAnnotation(served.service, 'allow-shared-ip');
    return annotation === undefined ? [] : [{ ...served, annotation }];
  });
  const withKey = sharing.filter(({ annotation }) => annotation.value !== '');
  const groups = [...groupBy(withKey, ({ annotation }) => annotation.value).values()];
  return [...groups.flatMap(splitFindings), ...sharing.flatMap((one) => unannounced(one, world))];
}

interface Sharer extends Served {
  readonly annotation: { readonly value: string; readonly path: string };
}

/** One for each set of addresses after the first, about the first Service that has it. */
function splitFindings(group: readonly Sharer[]): Finding[] {
  const [first, ...rest] = group;
  if (first === undefined) return [];
  const held = new Set(first.allocation.addresses.map(formatAddress));
  const onFirst = new Set(held);
  const sharers = group.filter(({ allocation }) => allocation.addresses.some((address) => onFirst.has(formatAddress(address))));
  const usedBy = new Map(sharers.flatMap((one) => tenancyOf(one.service).ports.map((port) => [port, one.key] as const)));
  const found: Finding[] = [];
  for (const one of rest) {
    const addresses = one.allocation.addresses.map(formatAddress);
    const isNew = !addresses.some((address) => held.has(address));
    for (const address of addresses) held.add(address);
    if (!isNew) continue;
    const who = `${one.key} has the sharing key "${one.annotation.value}" of ${first.key}, but not its address`;
    const message = `${who} (${addresses.join(' and ')}, not ${textOf(first)}): ${whyApart(one, first, usedBy)}`;
    found.push(findingAboutService(one.service, 'SHARED_KEY_APART', one.annotation.path, message));
  }
  return found;
}

/** In some family. */
const isBelow = (one: Served, other: Served): boolean =>
  one.allocation.addresses.some((address) =>
    other.allocation.addresses.some((theirs) => address.family === theirs.family && compareAddresses(address, theirs) < 0),
  );

const textOf = ({ allocation }: Served): string => allocation.addresses.map(formatAddress).join(' and ');

/** `usedBy` tells who uses a port on the addresses of `first`. */
function whyApart(one: Sharer, first: Sharer, usedBy: ReadonlyMap<string, string>): string {
  const { reason } = one.allocation;
  const mine = tenancyOf(one.service);
  if (mine.backendKey !== tenancyOf(first.service).backendKey) {
    return 'with externalTrafficPolicy Local only Services with the same selector and policy can share';
  }
  const port = mine.ports.find((one) => usedBy.has(one));
  if (port !== undefined) return `port ${port} is used by ${usedBy.get(port)}`;
  if (reason.code === 'LOCKED' || reason.code === 'REQUESTED_ADDRESS') return `it is ${reason.message}`;
  if (one.allocation.pool !== first.allocation.pool) {
    return `its pool is "${one.allocation.pool}", and that of ${first.key} is "${first.allocation.pool}"`;
  }
  // The lowest address that is free or shared is taken, and nothing else keeps Services of one key and one pool apart.
  return isBelow(one, first)
    ? 'a lower address was free, and the lowest is taken'
    : `the lock file keeps the address of ${first.key} for a Service that is not there`;
}

function unannounced({ key, service, annotation, allocation: { pool } }: Sharer, world: World): Finding[] {
  const ad = (world.advertisementsOf.get(pool) ?? []).find(({ serviceSelectors }) => serviceSelectors.length > 0);
  if (ad === undefined) return [];
  const message = `${key} may share its address, and L2Advertisement "${ad.name}" selects Services: such an address is announced by nobody; drop one of the two`;
  return [findingAboutService(service, 'SHARED_UNANNOUNCED', annotation.path, message)];
}
