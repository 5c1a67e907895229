/**
 * A speaker restarts while its link comes back: whoever answered meanwhile, in the end one node does. How soon is measured by the bench
 * failover.relink.
 */
import { afterEach, expect, test } from 'vitest';
import { type Failovers, failovers } from '../bench/support/failovers.js';
import { load } from '../bench/support/load.js';
import { relink } from '../bench/support/relink.js';
import { until } from '../support/until.js';

let cluster: Failovers;
afterEach(() => cluster[Symbol.asyncDispose]());

const WATCH_MS = 500;

test.each<[string, number, number]>([
  ['before it starts', 600, 300],
  ['while it starts', 400, 600],
  ['when it has long answered to nobody', 0, 3500],
])('one node answers after a restart whose link comes back %s', async (_, startMs, linkMs) => {
  cluster = await failovers({ nodes: 3 });
  const { node } = await cluster.owner();
  await relink(cluster, { startMs, linkMs }, WATCH_MS);
  expect((await cluster.owner()).node).toBe(node);
  const [targets = ''] = cluster.addresses;
  const owner = cluster.lab.network.host(node);
  const ask = () => load(cluster.lab.client, { targets, seconds: 1, inFlight: 2048, ratePerS: 500, node: owner });
  await until('it alone answers, and always', async () => {
    const result = await ask().catch(() => undefined);
    return result !== undefined && result.lost === 0 && result.extra === 0 && result.replies === result.sent;
  });
});
