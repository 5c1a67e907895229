/**
 * Services that have an address and that nobody, or only one node, can answer for: because no advertisement selects them, or
 * because `externalTrafficPolicy: Local` lets only nodes with an endpoint answer.
 *
 * Endpoints are asked for only where EndpointSlices of the Service are known.
 */
import { type EndpointSliceView, serviceKey } from '../../api/views.js';
import { advertisementsFor } from '../../layer2/eligibility.js';
import { type Finding, findingAboutService } from '../finding.js';
import { groupBy, listed } from '../listed.js';
import type { Served, World } from '../situation.js';

const POLICY = 'spec.externalTrafficPolicy';

export function checkEndpoints(world: World): Finding[] {
  const slices = groupBy(world.objects.endpointSlices, ({ namespace, service }) => serviceKey({ namespace, name: service }));
  return world.served.flatMap((served) => {
    const all = world.advertisementsOf.get(served.allocation.pool) ?? [];
    // A pool that nothing covers is told once, for all its Services.
    if (all.length === 0) return [];
    const ads = advertisementsFor(all, served.service);
    if (ads.length === 0) return [unselected(served)];
    const known = slices.get(served.key);
    if (served.service.externalTrafficPolicy !== 'Local' || known === undefined) return [];
    const covered = new Set(ads.flatMap((ad) => (world.nodesOf.get(ad) ?? []).map(({ name }) => name)));
    return localFindings(served, known, world.objects.nodes.length === 0 ? 'unknown' : covered);
  });
}

function unselected({ key, service, allocation: { pool } }: Served): Finding {
  const message = `nobody answers for ${key}: every L2Advertisement of pool "${pool}" has serviceSelectors, and none matches its labels`;
  return findingAboutService(service, 'NOBODY_ANSWERS', 'metadata.labels', message);
}

function localFindings(
  { key, service }: Served,
  slices: readonly EndpointSliceView[],
  covered: 'unknown' | ReadonlySet<string>,
): Finding[] {
  const serving = slices.flatMap(({ endpoints }) => endpoints.filter(({ canServe }) => canServe));
  const nodes = [...new Set(serving.flatMap(({ nodeName }) => nodeName ?? []))].sort();
  const [only] = nodes;
  // Nothing runs at all: that passes, and is no matter of the configuration.
  if (only === undefined) return [];
  if (covered !== 'unknown' && !nodes.some((node) => covered.has(node))) {
    const message = `nobody answers for ${key}: with externalTrafficPolicy Local only nodes with an endpoint may (${listed(nodes)}), and no L2Advertisement covers them`;
    return [findingAboutService(service, 'NOBODY_ANSWERS', POLICY, message)];
  }
  if (nodes.length > 1) return [];
  const what = serving.length === 1 ? 'its only endpoint is' : `all its ${serving.length} endpoints are`;
  const message = `${key} has externalTrafficPolicy Local, and ${what} on node ${only}: when that is down, no other node may answer`;
  return [findingAboutService(service, 'LOCAL_ONE_NODE', POLICY, message)];
}
