/**
 * Pools that no advertisement covers: their addresses are given, and nobody answers for them.
 */
import { type Finding, findingAbout } from '../finding.js';
import type { World } from '../situation.js';

export function checkCoverage({ config, advertisementsOf, poolObjects }: World): Finding[] {
  return config.pools.flatMap(({ name }) => {
    const object = poolObjects.get(name);
    if (object === undefined || advertisementsOf.has(name)) return [];
    const message = `no L2Advertisement covers pool "${name}": its addresses are given to Services, and nobody answers for them`;
    return [findingAbout(object, 'POOL_UNADVERTISED', '', message)];
  });
}
