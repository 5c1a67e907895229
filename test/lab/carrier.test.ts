/**
 * A node whose data interface loses its carrier while its gossip goes on elsewhere: nobody's silence tells the others, its word does.
 */
import { afterEach, expect, test } from 'vitest';
import { until } from '../support/until.js';
import { ask } from './arping.js';
import { Cluster, type LogLine, leaderOf } from './cluster.js';
import { manifest, pool, service } from './manifests.js';

const WEB = '192.168.1.240';

let lab: Cluster;
afterEach(async () => {
  await lab.destroy();
});

test('an address leaves the node whose data interface has no carrier, by its decline, and comes back with the carrier', async () => {
  lab = await Cluster.create({ gossipApart: 'IPv4' });
  await lab.write('state.yaml', manifest([...pool('pool', [`${WEB}/32`]), service('web')]));
  const agents = new Map(lab.nodes.map((node) => [node, lab.start(node, ['--failback-delay', '0'])]));
  const { node: owner, ranking } = await leaderOf(agents, WEB);
  const [, next = '', last = ''] = ranking;
  const answers = (node: string): Promise<unknown> =>
    until(`${node} answers`, async () => (await ask(lab.client, WEB, { timeoutMs: 300 })) === lab.network.host(node).mac);
  const known = new Map([...agents].map(([node, { log }]) => [node, log.length]));

  await lab.network.host(owner).setCable('down');
  await answers(next);
  await lab.network.host(next).setCable('down');
  await answers(last);
  await lab.network.host(next).setCable('up');
  await answers(next);
  await lab.network.host(owner).setCable('up');
  await answers(owner);

  const isLoss = (line: LogLine): boolean => line.event === 'memberChanged' && line['state'] !== 'alive';
  for (const [node, { log }] of agents) expect(log.slice(known.get(node)).filter(isLoss)).toEqual([]);
});
